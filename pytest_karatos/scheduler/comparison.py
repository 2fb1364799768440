"""Two boots' schedules held against each other: the same firmware on two boards does the same."""

from collections.abc import Sequence
from typing import Protocol

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle, WrongSchedule
from pytest_karatos.scheduler.assertions import counted_as, quoted
from pytest_karatos.scheduler.lanes import drawn

#: What a schedule is made of: not the boot's own words, nor figures of a machine.
LOGICAL = ("spawn", "start", "run", "sleep", "wake", "send", "recv", "timer", "pass", "fail")
#: Fields that say which run, which message, between whom: the same on each board.
_SAME = ("n", "seq", "to", "from")


class Schedule(Protocol):
    """Whoever has events, as a scheduler."""

    @property
    def events(self) -> list[Event]:
        """What has come so far."""


def compare(
    first: Schedule, second: Schedule, *, kinds: Sequence[str] = LOGICAL, least: int = 10
) -> int:
    """Assert that two boots had the same logical schedule; return how many events were the same.

    Events are the same by kind, task and what they say of which run or message it was; when they
    came, in ticks or instructions, is not compared. Of boots that have not ended the shorter one is
    compared as far as it goes. Wait first for what shall be in it: ``scheduler.wait_for("pass")``.

    :raises WrongSchedule: at the first event in which they differ.
    :raises TooLittle: there are fewer than ``least`` to compare, or they are of one boot.
    """
    if first is second:
        raise TooLittle("a schedule is compared with itself.", fix="boot the other board too")
    ours, theirs = first.events, second.events
    sides = [[one for one in events if one.kind in kinds] for events in (ours, theirs)]
    for number, (one, other) in enumerate(zip(*sides, strict=False), 1):
        if _key(one) != _key(other):
            raise WrongSchedule(
                f"the schedules differ at event {number}: {_said(one)} in the first, "
                f"{_said(other)} in the second.\n{drawn(ours, [one])}\n{drawn(theirs, [other])}",
                why=f"{quoted(one)}\n       {quoted(other)}",
            )
    shorter, longer = sorted(sides, key=len)
    whole = (ours if sides[0] is shorter else theirs)[-1:]
    if len(shorter) < len(longer) and whole and whole[0].kind == "exit":
        which = "first" if sides[0] is shorter else "second"
        raise WrongSchedule(
            f"the {which} boot ended after {counted_as(len(shorter), 'event')}, the other one goes "
            f"on with {_said(longer[len(shorter)])}.",
            why=quoted(whole[0]),
        )
    if len(shorter) < max(1, least):
        raise TooLittle(
            f"{counted_as(len(shorter), 'event')} to compare, {least} are the least.",
            fix="wait for more first, as scheduler.wait_for('pass')",
        )
    return len(shorter)


def _key(event: Event) -> tuple[str, ...]:
    return event.kind, event.task, *(event.fields.get(key, "") for key in _SAME)


def _said(event: Event) -> str:
    fields = [f"{key}={event.fields[key]}" for key in _SAME if key in event.fields]
    return f"'{' '.join([event.kind, *([event.task] if event.task else []), *fields])}'"
