"""Bounds that a test sets to what a scheduler does: ``"3 rounds"``, ``"2 ms"``, ``"4 ticks"``.

What is meant is always the guest's: its events, its rounds, its own tick, the instructions that it
executed, the time of its clock.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_karatos.dialect import Event
from pytest_karatos.errors import BadSetting, TooLittle
from pytest_karatos.settings.suggest import did_you_mean, short_repr

_BOUND = re.compile(r"\s*(\d[\d_]{0,15}(?:\.\d{1,9})?)\s*([A-Za-z]+)\s*")
#: By what is written: what is measured, and how many of its units that is.
_UNITS: Mapping[str, tuple[str, float]] = {
    "events": ("events", 1),
    "rounds": ("rounds", 1),
    "ticks": ("ticks", 1),
    "instructions": ("instructions", 1),
    "s": ("s", 1),
    "ms": ("s", 1e-3),
    "us": ("s", 1e-6),
    "ns": ("s", 1e-9),
}
_EXAMPLES = "'5 events', '3 rounds', '4 ticks', '2 ms' or '2000 instructions'"
#: A guest's time is told in whole microseconds, so it is held to one more.
_EXACT = {"s": 1e-6}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """So many of a ``unit``: ``events``, ``rounds``, ``ticks``, ``instructions`` or ``s``."""

    amount: float
    unit: str
    #: As the test says it.
    words: str

    @property
    def is_stamped(self) -> bool:
        """Whether telling it takes a second boot."""
        return self.unit in ("instructions", "s")

    def between(self, first: Event, second: Event) -> float:
        """Return how much of the unit lies between two events.

        :raises TooLittle: the RTOS's tick is meant, and one of the lines does not carry it.
        :raises NotPossible: it takes a second boot, and none is like the first.
        """
        return _MEASURES[self.unit](second) - _MEASURES[self.unit](first)

    def is_passed(self, distance: float) -> bool:
        """Tell whether ``distance`` is more than this."""
        return distance > self.amount + _EXACT.get(self.unit, 0.0)

    def is_reached(self, distance: float) -> bool:
        """Tell whether ``distance`` is this or more."""
        return distance >= self.amount - _EXACT.get(self.unit, 0.0)

    def said(self, distance: float) -> str:
        """Say a distance in this unit.

        >>> bound("10 ms").said(0.0125), bound("1 round").said(2.0)
        ('12.5 ms', '2 rounds')
        """
        if self.unit == "s":
            return f"{distance * 1e3:.6g} ms"
        count = f"{distance:,.0f}" if distance == int(distance) else f"{distance:,.3f}"
        return f"{count} {self.unit[:-1] if count == '1' else self.unit}"


def _tick(event: Event) -> float:
    if event.tick is None:
        raise TooLittle(
            f"the bound is in ticks, and this line carries none: {event.line[:200]}",
            fix="name the group 'tick' in the dialect's rule, or bound it in 'ms' or 'events'",
        )
    return float(event.tick)


_MEASURES: Mapping[str, Callable[[Event], float]] = {
    "events": lambda event: float(event.index),
    "rounds": lambda event: float(event.round),
    "ticks": _tick,
    "instructions": lambda event: float(event.instructions),
    "s": lambda event: event.time,
}


def bound(text: str, word: str = "within", *, may_be_zero: bool = False) -> Bound:
    """Read a bound as a test writes it; ``word`` is that of the argument.

    >>> bound("2 ms").amount, bound("1_000 instructions").unit, bound("1 tick").unit
    (0.002, 'instructions', 'ticks')

    :raises BadSetting: it is none. :raises TooLittle: it is nothing.
    """
    found = _BOUND.fullmatch(str(text))
    unit = _unit(found[2]) if found else ""
    if found is None or unit not in _UNITS:
        asked = did_you_mean(found[2], _UNITS) if found else ""
        raise BadSetting(
            f"{word}={short_repr(text)} is not a bound.{asked}", fix=f"write it as {_EXAMPLES}"
        )
    measure, scale = _UNITS[unit]
    amount = float(found[1].replace("_", "")) * scale
    if amount <= 0 and not may_be_zero:
        raise TooLittle(f"{word}={text!r} leaves nothing to judge.", fix="ask for more than 0")
    return Bound(amount=amount, unit=measure, words=f"{found[1]} {found[2]}")


def _unit(written: str) -> str:
    lower = written.lower()
    return (
        f"{lower}s" if f"{lower}s" in _UNITS and len(lower) > 1 and lower not in _UNITS else lower
    )
