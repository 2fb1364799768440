"""A small timeline of events in a failure's text: a lane for each task, a column for each event."""

from collections.abc import Sequence

from pytest_karatos.dialect import Event
from pytest_karatos.text import fitted

#: Columns before and behind the event that is wrong, and lanes that are shown.
BEFORE, BEHIND, LANES = 22, 4, 12
_NAME = 20
#: What each kind of event looks like.
MARKS = {
    "spawn": "+",
    "run": "R",
    "sleep": "s",
    "wake": "w",
    "send": ">",
    "recv": "<",
    "start": "|",
    "boot": "|",
    "timer": "t",
    "stats": "#",
    "pass": "P",
    "fail": "!",
    "exit": "E",
    "panic": "!",
    "fault": "!",
}
_WORDS = {"R": "run", "s": "sleep", "w": "wake", ">": "send", "<": "recv", "!": "crash"}
SYSTEM = "(system)"


def drawn(events: Sequence[Event], wrong: Sequence[Event]) -> str:
    """Draw the events around the last of those that are ``wrong``; empty where none is known.

    Tasks of higher priority are above others. Below, ``^`` points at those that are wrong.

    >>> events = [Event(kind=kind, task=task, index=at, number=at + 1)
    ...           for at, (kind, task) in enumerate([("run", "a"), ("sleep", "a"), ("run", "b")])]
    >>> print(drawn(events, events[2:]))
    the schedule around it, an event a column (R run, s sleep):
      a Rs.
      b ..R
          ^ line 3
    """
    numbers = {one.index for one in wrong}
    at = next((place for place, one in enumerate(events) if one is wrong[-1]), -1) if wrong else -1
    if at < 0:
        return ""
    shown = events[max(0, at - BEFORE) : at + BEHIND + 1]
    lanes = lanes_of(shown)[:LANES]
    width = max(len(fitted(name, _NAME)) for name in lanes)
    rows = [
        f"  {fitted(name, _NAME):<{width}} "
        + "".join(MARKS.get(one.kind, "*") if _lane(one) == name else "." for one in shown)
        for name in lanes
    ]
    points = "".join("^" if one.index in numbers else " " for one in shown).rstrip()
    used = {MARKS.get(one.kind, "*") for one in shown}
    legend = ", ".join(f"{mark} {word}" for mark, word in _WORDS.items() if mark in used)
    title = f"the schedule around it, an event a column ({legend}):"
    pointer = f"  {'':<{width}} {points} line {wrong[-1].number}"
    return "\n".join([title, *rows, pointer])


def lanes_of(events: Sequence[Event]) -> list[str]:
    """Name the lanes of events: tasks by priority, as they came where that is unknown."""
    ranks: dict[str, int | None] = {}
    for event in events:
        lane = _lane(event)
        ranks[lane] = event.rank if event.rank is not None else ranks.get(lane)
    known = sorted(
        (lane for lane, rank in ranks.items() if rank is not None),
        key=lambda lane: -(ranks[lane] or 0),
    )
    others = [lane for lane in ranks if ranks[lane] is None and lane != SYSTEM]
    return [*known, *others, *([SYSTEM] if SYSTEM in ranks else [])]


def _lane(event: Event) -> str:
    return event.task or SYSTEM
