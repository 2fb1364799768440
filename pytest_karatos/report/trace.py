"""A boot as a trace for Perfetto and Chrome: a thread for each task, arrows for messages.

The format is the "Trace Event Format" of the Chromium project: JSON that ui.perfetto.dev and
chrome://tracing open.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pytest_karatos.console.decode import line_ends
from pytest_karatos.console.timestamps import read as read_times
from pytest_karatos.dialect import Event
from pytest_karatos.emulators.stamps import noted_stamps
from pytest_karatos.report.timeline import LARGEST
from pytest_karatos.scheduler.lanes import SYSTEM, lanes_of

NAME = "timeline.trace.json"
#: Between two events of one moment, in microseconds: so they keep their order.
_STEP = 0.001
_SPAN, _MARK, _META, _START, _FINISH = "X", "i", "M", "s", "f"

Entry = dict[str, object]
Clock = Callable[[Event], float | None]


def trace(events: Sequence[Event], log: Path) -> str:
    """Return the trace of ``events`` of the console's ``log`` as JSON.

    When an event was is told by the best clock that knows all of them: the guest's, as far as its
    stamps were asked for; the RTOS's ticks, a tick a millisecond; the host's, by which they came;
    else their order, an event a microsecond. ``otherData`` says by which.
    """
    clock, times = _times(events, log)
    lanes = {lane: at for at, lane in enumerate(lanes_of(events), 1)}
    entries: list[Entry] = []
    for lane, at in lanes.items():
        entries.append(_entry("thread_name", _META, 0, at, args={"name": lane}))
        entries.append(_entry("thread_sort_index", _META, 0, at, args={"sort_index": at}))
    entries += _spans(events, times, lanes)
    entries += _marks(events, times, lanes)
    whole = {"traceEvents": entries, "displayTimeUnit": "ms", "otherData": {"clock": clock}}
    return json.dumps(whole, separators=(",", ":"))


def _times(events: Sequence[Event], log: Path) -> tuple[str, list[float]]:
    """Return by which clock, and the microseconds of each event, in order."""
    clocks: Mapping[str, Clock] = {
        "the guest's clock": _by_stamps(log),
        "ticks of the RTOS, each taken for a millisecond": lambda event: (
            None if event.tick is None else event.tick * 1e3
        ),
        "the host's clock": _by_host(log),
    }
    for name, clock in clocks.items():
        found = [clock(event) for event in events]
        told = [time for time in found if time is not None]
        if told and len(told) == len(found):
            return name, _in_order(told)
    return "the order of events, each taken for a microsecond", [
        float(at) for at in range(len(events))
    ]


def _in_order(times: Sequence[float]) -> list[float]:
    """Let no event be as late as the next one."""
    found: list[float] = []
    for time in times:
        found.append(round(max(time, found[-1] + _STEP) if found else time, 3))
    return found


def _by_stamps(log: Path) -> Clock:
    stamps, ends = noted_stamps(log.parent), _ends(log)

    def at(event: Event) -> float | None:
        stamp = stamps.get(ends[event.last - 1]) if 0 < event.last <= len(ends) else None
        return None if stamp is None or stamp.seconds is None else stamp.seconds * 1e6

    return at


def _by_host(log: Path) -> Clock:
    seconds_at, ends = read_times(log.parent).seconds_at, _ends(log)

    def at(event: Event) -> float | None:
        seconds = seconds_at(ends[event.last - 1]) if 0 < event.last <= len(ends) else None
        return None if seconds is None else seconds * 1e6

    return at


def _ends(log: Path) -> list[int]:
    try:
        with log.open("rb") as file:
            return line_ends(file.read(LARGEST))
    except OSError:
        return []


def _entry(name: str, phase: str, ts: float, lane: int, **more: object) -> Entry:
    return {"name": name, "ph": phase, "ts": ts, "pid": 1, "tid": lane, **more}


def _spans(
    events: Sequence[Event], times: Sequence[float], lanes: Mapping[str, int]
) -> list[Entry]:
    """Return the runs: from a run to the next of anybody, or to the task's own sleep."""
    found: list[Entry] = []
    running: tuple[Event, float] | None = None
    for event, time in zip(events, times, strict=True):
        over = event.kind in ("run", "boot", "exit") or (
            event.kind == "sleep" and running is not None and running[0].task == event.task
        )
        if over and running is not None:
            found.append(_run(*running, time, lanes))
            running = None
        if event.kind == "run":
            running = event, time
    if running is not None and times:
        found.append(_run(*running, times[-1], lanes))
    return found


def _run(event: Event, start: float, stop: float, lanes: Mapping[str, int]) -> Entry:
    args = {"line": event.number, "round": event.round, **event.fields}
    lasted = round(max(stop - start, _STEP), 3)
    return _entry(event.task, _SPAN, start, lanes[event.task or SYSTEM], dur=lasted, args=args)


def _marks(
    events: Sequence[Event], times: Sequence[float], lanes: Mapping[str, int]
) -> list[Entry]:
    """Return what has no length, and an arrow for each message that arrives."""
    found: list[Entry] = []
    sent: dict[tuple[str, str], int] = {}
    for number, (event, time) in enumerate(zip(events, times, strict=True)):
        lane, seq = lanes[event.task or SYSTEM], event.fields.get("seq", "")
        if event.kind != "run":
            args = {"line": event.number, "text": event.line[:400]}
            found.append(_entry(event.kind, _MARK, time, lane, s="t", args=args))
        if event.kind == "send":
            sent[event.task, seq] = number
            found.append(_entry("message", _START, time, lane, cat="message", id=number))
        sender = (event.fields.get("from", "").lower(), seq)
        if event.kind == "recv" and sender in sent:
            arrow = sent.pop(sender)
            found.append(_entry("message", _FINISH, time, lane, cat="message", id=arrow, bp="e"))
    return found
