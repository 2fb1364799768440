"""A boot's schedule as a picture: lanes by priority, runs, preemptions, messages, what went wrong.

Its size is bounded by its width, not by the number of events: what falls on the same pixel is drawn
once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from pytest_karatos.console.decode import TextDecoder
from pytest_karatos.dialect import Dialect, Event
from pytest_karatos.scheduler import Parser, detect
from pytest_karatos.scheduler.lanes import SYSTEM, lanes_of
from pytest_karatos.text import fitted, printable

NAME = "timeline.svg"
#: Of a log so much is read, and so many events are drawn.
LARGEST, MOST_EVENTS = 8 * 1024 * 1024, 20_000
#: Lanes that are drawn, and messages; of more messages some are, all over the picture.
LANES, MESSAGES = 24, 400
_DETECTED = 64 * 1024
_LEFT, _WIDTH, _LANE, _TOP, _BOTTOM = 150, 1040, 24, 30, 46
_LABELS = 8
_SHOWN = 120
#: A schedule has so many runs at least; fewer are a stray line that looks like one.
_FEWEST = 2
#: What only a task does whose run is not over.
_GOES_ON = ("sleep", "send", "recv")
_CRASHES = frozenset({"panic", "fault", "fail"})
#: Colours that keep three to one of contrast on paper, in light and in dark.
_STYLE = """
svg{--ink:#1f2328;--quiet:#59636e;--rule:#d1d9e0;--paper:#fff;--run:#0550ae;--msg:#8a5a00;
--bad:#c4162a;--pre:#8250df;--wake:#1a7f37;font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--quiet:#9aa4b0;--rule:#3d444d;--paper:#0d1117;
--run:#79b8ff;--msg:#e3b341;--bad:#ff8078;--pre:#d2a8ff;--wake:#56d364}}
.paper{fill:var(--paper)}text{fill:var(--ink)}.q{fill:var(--quiet);font-size:11px}
.bad{fill:var(--bad);font-weight:700}path{fill:none}.lane{stroke:var(--rule)}
.run{stroke:var(--run);stroke-width:10}.wake{stroke:var(--wake)}.msg{stroke:var(--msg);opacity:.8}
.pre{fill:var(--pre)}.crash,.wrong{stroke:var(--bad);stroke-width:1.5}.wrong{stroke-dasharray:4 3}
.boot{stroke:var(--quiet);stroke-dasharray:2 3}
"""


#: An assertion that was broken: at which console line, and its sentence.
Wrong = tuple[int, str]


@dataclass(kw_only=True, slots=True)
class _Drawing:
    """What is to be drawn, by lane: pixels of runs, of wakes, of preemptions."""

    lanes: Sequence[str]
    runs: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    wakes: dict[str, set[int]] = field(default_factory=dict)
    preempted: dict[str, set[int]] = field(default_factory=dict)
    #: Who was followed by a higher task: whether it was preempted, or blocked, is not known yet.
    cut: dict[str, int] = field(default_factory=dict)
    messages: set[tuple[int, int, int, int]] = field(default_factory=set)
    crashes: dict[int, str] = field(default_factory=dict)
    boots: set[int] = field(default_factory=set)


def events_of(log: Path, dialects: Sequence[Dialect]) -> list[Event]:
    """Read the first events of a console's log, in the dialect that knows it best; none without."""
    try:
        with log.open("rb") as file:
            text = TextDecoder().feed(file.read(LARGEST), last=True)
    except OSError:
        return []
    known = [one for one in dialects if not one.tells_of_cases]
    best = detect(text[:_DETECTED], known)
    if best is None:
        return []
    parser = Parser(best)
    found: list[Event] = []
    for start in range(0, len(text), _DETECTED):
        found += parser.feed(text[start : start + _DETECTED])
        if len(found) >= MOST_EVENTS:
            return found[:MOST_EVENTS]
    return [*found, *parser.finish()][:MOST_EVENTS]


def drawn(events: Sequence[Event], wrong: Iterable[Wrong] = ()) -> str:
    """Draw events as SVG; of 20,000 it has less than 300 KB. Empty where none is of a task.

    >>> "<svg" in drawn([Event(kind="run", task="a<b", index=0, number=1)])
    True
    """
    every = lanes_of(events)
    lanes = [lane for lane in every if lane != SYSTEM][:LANES]
    if not lanes:
        return ""
    drawing = _Drawing(lanes=lanes)
    _gather(drawing, events)
    height = _TOP + _LANE * len(lanes) + _BOTTOM
    svg = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_LEFT + _WIDTH + 10} {height}",
        width=str(_LEFT + _WIDTH + 10),
        height=str(height),
        role="img",
    )
    _add(svg, "title", f"schedule of {len(events)} events")
    _add(svg, "style", _STYLE)
    _add(svg, "rect", "", **{"class": "paper", "width": "100%", "height": "100%"})
    _draw_lanes(svg, drawing, events, len(every) - len(lanes) - (SYSTEM in every))
    _draw_marks(svg, drawing, height)
    _draw_wrong(svg, events, list(wrong), height)
    _draw_axis(svg, events, height)
    return ET.tostring(svg, encoding="unicode")


def write(log: Path, dialects: Sequence[Dialect], wrong: Iterable[Wrong] = ()) -> str:
    """Draw the schedule of a boot beside its ``log``; return the file's name, "" without one."""
    events = events_of(log, dialects)
    if sum(event.kind == "run" for event in events) < _FEWEST:
        return ""
    try:
        (log.parent / NAME).write_text(drawn(events, wrong), encoding="utf-8")
    except OSError:
        return ""
    return NAME


def _x(place: int, count: int) -> int:
    return _LEFT + place * _WIDTH // max(1, count)


def _gather(drawing: _Drawing, events: Sequence[Event]) -> None:
    """Find who runs from where to where, who is preempted, which messages go."""
    count = len(events)
    lanes = {lane: at for at, lane in enumerate(drawing.lanes)}
    sent: dict[tuple[str, str], tuple[int, int]] = {}
    running: Event | None = None
    began = 0
    for place, event in enumerate(events):
        at = _x(place, count)
        over = event.kind in ("sleep", "boot", "exit") and running is not None
        if event.kind == "run" or (over and event.task in ("", running and running.task)):
            _ran(drawing, running, (_x(began, count), at), event)
            running, began = (event if event.kind == "run" else None), place
        _mark(drawing, event, at, place)
        if event.kind in ("send", "recv"):
            _message(drawing, lanes, sent, (event, at))
    _ran(drawing, running, (_x(began, count), _x(count, count)), None)


def _ran(
    drawing: _Drawing, running: Event | None, span: tuple[int, int], then: Event | None
) -> None:
    """Note a run from pixel to pixel, and whether the next one preempts it."""
    if running is None or running.task not in drawing.lanes:
        return
    start, stop = span[0], max(span[0] + 1, span[1])
    spans = drawing.runs.setdefault(running.task, [])
    if spans and start <= spans[-1][1]:
        start, stop = spans[-1][0], max(stop, spans[-1][1])
        spans.pop()
    spans.append((start, stop))
    if then is not None and then.kind == "run" and _above(then.rank, running.rank):
        drawing.cut[running.task] = span[1]


def _mark(drawing: _Drawing, event: Event, at: int, place: int) -> None:
    cut = drawing.cut.get(event.task)
    if cut is not None and event.kind in ("run", "wake", *_GOES_ON):
        del drawing.cut[event.task]
        if event.kind in _GOES_ON:
            drawing.preempted.setdefault(event.task, set()).add(cut)
    if event.kind == "wake" and event.task in drawing.lanes:
        drawing.wakes.setdefault(event.task, set()).add(at)
    if event.kind in _CRASHES:
        drawing.crashes.setdefault(at, event.kind)
    if event.kind == "boot" and place:
        drawing.boots.add(at)


def _above(rank: int | None, other: int | None) -> bool:
    return rank is not None and other is not None and rank > other


def _message(
    drawing: _Drawing,
    lanes: Mapping[str, int],
    sent: dict[tuple[str, str], tuple[int, int]],
    seen: tuple[Event, int],
) -> None:
    event, at = seen
    if event.task not in lanes:
        return
    name = event.fields.get("seq", "")
    if event.kind == "send":
        if len(sent) < MOST_EVENTS:
            sent[event.task, name] = at, lanes[event.task]
        return
    start = sent.pop((event.fields.get("from", "").lower(), name), None)
    if start is not None:
        drawing.messages.add((*start, at, lanes[event.task]))


def _middle(lane: int) -> int:
    return _TOP + lane * _LANE + _LANE // 2


def _draw_lanes(svg: ET.Element, drawing: _Drawing, events: Sequence[Event], more: int) -> None:
    priorities = {event.task: event.priority for event in events if event.priority}
    for at, lane in enumerate(drawing.lanes):
        middle = _middle(at)
        name = fitted(lane, 18)
        label = _add(svg, "text", name, x="8", y=str(middle + 4))
        priority = priorities.get(lane, "")
        if priority and priority != lane:
            _add(label, "tspan", f"  {fitted(priority, 9)}", **{"class": "q"})
        _path(svg, "lane", f"M{_LEFT} {middle}h{_WIDTH}")
        runs = drawing.runs.get(lane, ())
        _path(svg, "run", "".join(f"M{start} {middle}h{stop - start}" for start, stop in runs))
        wakes = sorted(drawing.wakes.get(lane, ()))
        _path(svg, "wake", "".join(f"M{at_x} {middle - 10}v5" for at_x in wakes))
        cuts = sorted(drawing.preempted.get(lane, ()))
        _path(svg, "pre", "".join(f"M{at_x} {middle + 5}l-3 6h6z" for at_x in cuts))
    if more > 0:
        text = f"and {more} more tasks"
        _add(svg, "text", text, x="8", y=str(_middle(len(drawing.lanes)) - 6), **{"class": "q"})


def _draw_marks(svg: ET.Element, drawing: _Drawing, height: int) -> None:
    shown = sorted(drawing.messages)[:: 1 + len(drawing.messages) // MESSAGES]
    lines = "".join(
        f"M{start} {_middle(lane)}L{stop} {_middle(other)}" for start, lane, stop, other in shown
    )
    _path(svg, "msg", lines)
    bottom = height - _BOTTOM
    _path(svg, "boot", "".join(f"M{at} {_TOP}V{bottom}" for at in sorted(drawing.boots)))
    for at, kind in list(drawing.crashes.items())[:_LABELS]:
        _path(svg, "crash", f"M{at} {_TOP - 6}V{bottom}")
        _label(svg, at, kind, str(_TOP - 10))


def _draw_wrong(
    svg: ET.Element, events: Sequence[Event], wrong: Sequence[Wrong], height: int
) -> None:
    for number, (line, sentence) in enumerate(wrong[:_LABELS]):
        place = next((at for at, event in enumerate(events) if event.number >= line), None)
        if place is None:
            continue
        at = _x(place, len(events))
        _path(svg, "wrong", f"M{at} {_TOP - 6}V{height - _BOTTOM}", sentence)
        if not number:
            _label(svg, at, f"✗ {sentence.partition(chr(10))[0]}", str(_TOP - 10))


def _label(svg: ET.Element, at: int, text: str, y: str) -> None:
    side = "end" if at > _LEFT + _WIDTH // 2 else "start"
    style = {"class": "bad", "text-anchor": side}
    _add(svg, "text", fitted(text, _SHOWN), x=str(at), y=y, **style)


def _draw_axis(svg: ET.Element, events: Sequence[Event], height: int) -> None:
    y = str(height - 30)
    for number in range(min(_LABELS, len(events))):
        place = number * len(events) // min(_LABELS, len(events))
        event = events[place]
        said = f"line {event.number}" if event.tick is None else f"tick {event.tick}"
        _add(svg, "text", said, x=str(_x(place, len(events))), y=y, **{"class": "q"})
    legend = (
        "left to right: events in their order · bar: runs · stroke above: wakes · triangle: "
        "preempted · slanted: message · red: crash · red, dashed: a broken assertion"
    )
    _add(svg, "text", legend, x="8", y=str(height - 10), **{"class": "q"})


def _path(svg: ET.Element, style: str, d: str, title: str = "") -> None:
    if d:
        path = _add(svg, "path", "", d=d, **{"class": style})
        if title:
            _add(path, "title", title[:400])


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = printable(text) if tag != "style" else text
    return element
