"""Hold a firmware's sizes against its budgets, and say by how much it is over or what is left."""

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_karatos.board import Board, Region
from pytest_karatos.errors import OverBudget
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.size import flash_regions, ram_regions
from pytest_karatos.measurement import Budget, Measurement, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limit:
    """One limit on one figure; ``noun`` is ``budget`` or ``region 'ram'``."""

    metric: str
    value: int
    limit: int
    noun: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The limits that were set; what nobody limited is still held to the board's memory."""

    budgets: tuple[Budget, ...] = ()

    def check(
        self, firmware: Firmware, *, flash: int | None = None, ram: int | None = None
    ) -> list[Verdict]:
        """Judge flash and RAM; ``flash`` and ``ram`` are further limits in bytes.

        Of the budgets set for a metric the most specific one counts: a board's over its arch's,
        one for this profile over one for every profile. Exactly at a limit is within it.

        :raises OverBudget: with one sentence for each limit that is broken.
        """
        limits = (
            *self._set(firmware),
            *_asked(firmware, {"flash": flash, "ram": ram}),
            *_memory(firmware),
        )
        verdicts = [_judge(firmware, limit) for limit in limits]
        broken = [verdict.why for verdict in verdicts if not verdict.ok]
        if broken:
            raise OverBudget(
                "\n".join(broken), cure="make it smaller, or raise the limit and say why"
            )
        return verdicts

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

    def _set(self, firmware: Firmware) -> Iterator[_Limit]:
        for metric, value in _figures(firmware).items():
            budget = self.of(firmware, metric)
            if budget is not None:
                yield _Limit(
                    metric=metric,
                    value=value,
                    limit=budget.limit_bytes,
                    noun="budget",
                    origin=budget.origin,
                )


def _names(board: Board) -> set[str]:
    return {board.name, board.id, board.arch}


def _figures(firmware: Firmware) -> dict[str, int]:
    return {"flash": firmware.sizes.flash_bytes, "ram": firmware.sizes.ram_bytes}


def _asked(firmware: Firmware, limits: dict[str, int | None]) -> Iterator[_Limit]:
    figures = _figures(firmware)
    for metric, limit in limits.items():
        if limit is not None:
            yield _Limit(
                metric=metric, value=figures[metric], limit=limit, noun="budget", origin="the test"
            )


def _memory(firmware: Firmware) -> Iterator[_Limit]:
    """Take the memory itself as a limit; statics, heap and stack share the RAM, so all count."""
    sizes = firmware.sizes
    held = sizes.ram_bytes + sizes.reserved_bytes
    named = "ram with heap and stack" if sizes.reserved_bytes else "ram"
    for metric, value, regions in (
        ("flash", sizes.flash_bytes, flash_regions(firmware.board)),
        (named, held, ram_regions(firmware.board)),
    ):
        if regions:
            total = sum(region.size_bytes for region in regions)
            yield _Limit(metric=metric, value=value, limit=total, noun=_called(regions))


def _called(regions: tuple[Region, ...]) -> str:
    names = " + ".join(f"'{region.name}'" for region in regions)
    return f"{'region' if len(regions) == 1 else 'regions'} {names}"


def _judge(firmware: Firmware, limit: _Limit) -> Verdict:
    measurement = Measurement(
        name=limit.metric,
        value=limit.value,
        unit="B",
        board=firmware.board.name,
        profile=firmware.profile,
    )
    ok = limit.value <= limit.limit
    who = f"{limit.metric} {limit.value:,} B of '{firmware.board.id} {firmware.profile}'"
    gap = abs(limit.limit - limit.value)
    share = f"{gap / limit.limit:.1%}".replace("%", " %") if limit.limit else "all of it"
    why = (
        f"{who} fits its {limit.limit:,} B {limit.noun}: {gap:,} B ({share}) left"
        if ok
        else f"{who} is over its {limit.limit:,} B {limit.noun} by {gap:,} B ({share})"
    )
    if limit.origin:
        why += f"; budget set in {limit.origin}"
    return Verdict(measurement=measurement, limit=limit.limit, ok=ok, why=why)
