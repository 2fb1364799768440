"""Budgets: hold figures against their limits, and say by how much one is over or what is left."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting, OverBudget
from pytest_karatos.firmware import Firmware
from pytest_karatos.measurement import METRICS, Budget, Measurement, Verdict, When, amount
from pytest_karatos.outstanding import Outstanding
from pytest_karatos.settings import unknown

_FIX = "make it smaller, or raise the limit and say why"
_ACCEPT = (
    "make it what it was, or accept it: pytest --karatos-update-baseline "
    "--karatos-baseline-reason='why it may be worse'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limit:
    """One limit on one figure; ``noun`` is ``budget``, ``limit`` or ``region 'ram'``."""

    measurement: Measurement
    limit: float
    noun: str
    origin: str = ""


class Memory(Protocol):
    """What knows the figures that were accepted before."""

    def wants(self, name: str) -> bool:
        """Tell whether a figure that needs a boot of its own has to be taken."""

    def judge(
        self, measured: Iterable[Measurement], firmware: Firmware, test: str = ""
    ) -> list[Verdict]:
        """Hold figures against what was accepted; one that is new has no verdict."""

    def explain(self, broken: Sequence[Verdict], firmware: Firmware) -> str:
        """Say why figures are worse than what was accepted."""


def _take_nothing(_firmware: Firmware, name: str) -> Measurement:
    raise BadSetting(
        f"'{name}' needs a boot of its own, and nobody here can boot.",
        fix="take the budgets of a bench: Bench.budgets",
    )


@dataclass(frozen=True, slots=True)
class Budgets:
    """The limits that were set; what nobody limited is still held to the board's memory.

    ``take`` measures what needs a boot of its own, when it is asked for; ``note`` gets each
    verdict, before one that is red is raised.
    """

    budgets: tuple[Budget, ...] = ()
    take: Callable[[Firmware, str], Measurement] = _take_nothing
    note: Callable[[Iterable[Verdict]], object] = tuple
    #: What was raised and nobody has heard of yet.
    outstanding: Outstanding = field(default_factory=Outstanding)
    #: What was accepted before; None where nobody keeps it.
    memory: Memory | None = None

    def check(self, firmware: Firmware, **limits: float | None) -> list[Verdict]:
        """Judge what was measured of ``firmware``; ``flash=1024`` is a further limit, in its unit.

        Of the budgets set for a metric the most specific one counts: a board's over its arch's,
        one for this profile over one for every profile. Exactly at a limit is within it. What
        needs a boot of its own (``boot_instructions``) is only taken where a limit names it.

        :raises OverBudget: with one sentence for each limit that is broken.
        :raises UnknownName: for a limit on what is not measured of a firmware.
        :raises BadSetting: when nothing limits this firmware: then there is nothing to judge.
        """
        asked = {name: limit for name, limit in limits.items() if limit is not None}
        known = [one.name for one in METRICS if one.when in {When.ELF, When.REPEAT}]
        for name in asked:
            if name not in known:
                raise unknown("measurement", name, known, origin="budget.check")
        wanted = [
            one.name
            for one in METRICS
            if one.when is When.REPEAT
            and (one.name in asked or self.of(firmware, one.name) or self._remembers(one.name))
        ]
        measured = (*firmware.measurements, *(self.take(firmware, name) for name in wanted))
        verdicts = self.judge(measured, firmware, asked)
        if not verdicts and self.memory is None:
            raise BadSetting(
                f"nothing limits '{firmware.board.id} {firmware.profile}': "
                "no budget was set, and the board has no memory regions.",
                fix=f"write [budget.{firmware.board.arch}] flash = ..., or give the board regions",
            )
        return verdicts

    def judge(
        self,
        measured: Sequence[Measurement],
        firmware: Firmware,
        asked: dict[str, float] | None = None,
        test: str = "",
    ) -> list[Verdict]:
        """Hold figures against all of their limits and what was accepted; none is needed.

        :raises OverBudget: with one sentence for each limit that is broken.
        """
        limits = (limit for one in measured for limit in self._limits(one, firmware, asked or {}))
        verdicts = [_judge(limit, firmware) for limit in limits]
        before = self.memory.judge(measured, firmware, test) if self.memory else []
        self.note([*verdicts, *before])
        if verdicts or before:
            self.outstanding.look()
        self._refuse(verdicts, before, firmware)
        return [*verdicts, *before]

    def _remembers(self, name: str) -> bool:
        return self.memory is not None and self.memory.wants(name)

    def _refuse(self, verdicts: list[Verdict], before: list[Verdict], firmware: Firmware) -> None:
        broken, worse = ([one for one in some if not one.ok] for some in (verdicts, before))
        if not (broken or worse):
            return
        why = self.memory.explain(worse, firmware) if self.memory and worse else ""
        fixes = [*([_FIX] if broken else []), *([_ACCEPT] if worse else [])]
        with self.outstanding:
            what = "\n".join(one.why for one in (*broken, *worse))
            raise OverBudget(what, why=why, fix="; ".join(fixes))

    def of(self, firmware: Firmware, metric: str) -> Budget | None:
        """Find the budget that counts for ``metric`` of ``firmware``, if one was set."""
        fitting = [
            one
            for one in self.budgets
            if one.metric == metric
            and one.arch in _names(firmware.board)
            and one.profile in {"", firmware.profile}
        ]
        board = firmware.board
        return max(
            fitting, key=lambda one: (one.arch != board.arch, bool(one.profile)), default=None
        )

    def _limits(
        self, one: Measurement, firmware: Firmware, asked: dict[str, float]
    ) -> Iterator[_Limit]:
        budget = self.of(firmware, one.name)
        if budget is not None:
            yield _Limit(measurement=one, limit=budget.limit, noun="budget", origin=budget.origin)
        if one.name in asked:
            yield _Limit(measurement=one, limit=asked[one.name], noun="budget", origin="the test")
        if one.limit is not None:
            yield _Limit(measurement=one, limit=one.limit, noun="limit")
        if one.room is not None:
            yield _Limit(measurement=one, limit=one.room, noun=one.room_name)


def _names(board: Board) -> set[str]:
    return {board.name, board.id, board.arch}


def _judge(limit: _Limit, firmware: Firmware) -> Verdict:
    one = limit.measurement
    ok = one.value <= limit.limit
    who = f"{one.name} {amount(one.value, one.unit)} of '{_whose(one, firmware)}'"
    gap = abs(limit.limit - one.value)
    share = f"{gap / limit.limit:.1%}".replace("%", " %") if limit.limit else "all of it"
    most, left = amount(limit.limit, one.unit), amount(gap, one.unit)
    why = (
        f"{who} fits its {most} {limit.noun}: {left} ({share}) left"
        if ok
        else f"{who} is over its {most} {limit.noun} by {left} ({share})"
    )
    if limit.origin:
        why += f"; budget set in {limit.origin}"
    return Verdict(measurement=one, limit=limit.limit, ok=ok, why=why, origin=limit.origin)


def _whose(one: Measurement, firmware: Firmware) -> str:
    own = one.board in {"", firmware.board.name}
    return f"{firmware.board.id if own else one.board} {one.profile or firmware.profile}"
