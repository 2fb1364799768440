"""A boot's schedule as a picture and a trace: what is in them, how large, and nothing hostile."""

import json
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_karatos.cli.main import USAGE, call
from pytest_karatos.cli.shell import Shell
from pytest_karatos.console.timestamps import TimestampRecorder
from pytest_karatos.dialect import Event
from pytest_karatos.emulators.stamps import Stamp, note_stamps
from pytest_karatos.report import timeline, trace
from tests.unit.test_dialect import DIALECTS
from tests.unit.test_scheduler_vocabulary import HEALTHY, lines

SVG = "{http://www.w3.org/2000/svg}"


def boot(folder: Path, text: str) -> Path:
    log = folder / "console.log"
    log.write_text(text)
    return log


def healthy(folder: Path) -> tuple[Path, list[Event]]:
    log = boot(folder, lines(HEALTHY))
    return log, timeline.events_of(log, DIALECTS)


def busy(count: int, tasks: int) -> list[Event]:
    """Make events that never fall together: each task in turn, with messages across all lanes."""
    kinds = ("wake", "run", "send", "recv")
    return [
        Event(
            kind=kinds[at % 4],
            task=f"t{at * 7 % tasks}",
            rank=at * 7 % tasks,
            index=at,
            number=at + 1,
            fields={"seq": str(at - at % 4), "from": f"t{(at - 1) * 7 % tasks}"},
        )
        for at in range(count)
    ]


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own, and it must be well-formed


def paths(picture: str, style: str) -> list[str]:
    found = parsed(picture).iter(f"{SVG}path")
    return [one.attrib["d"] for one in found if one.attrib["class"] == style]


def test_lanes_by_priority_with_what_happened(tmp_path: Path) -> None:
    _, events = healthy(tmp_path)
    picture = timeline.drawn(events, [(9, "starved: low never ran")])
    texts = [one.text for one in parsed(picture).iter(f"{SVG}text")]
    assert texts[:4] == ["critical", "high", "normal", "low"]
    assert "✗ starved: low never ran" in texts
    assert {len(paths(picture, style)) for style in ("msg", "pre", "wrong")} == {1}
    assert paths(picture, "pre")[0].count("M") == 10
    assert paths(picture, "msg")[0].count("M") == 10
    assert "prefers-color-scheme:dark" in picture


@pytest.mark.parametrize(("count", "tasks"), [(20, 3), (20_000, 5), (20_000, 24), (20_000, 4000)])
def test_its_size_is_bounded(count: int, tasks: int) -> None:
    picture = timeline.drawn(busy(count, tasks))
    assert len(picture.encode()) < 300_000
    lanes = paths(picture, "lane")
    assert len(lanes) == min(tasks, timeline.LANES)
    assert paths(picture, "run")


def test_messages_are_thinned_all_over(tmp_path: Path) -> None:
    del tmp_path
    (drawn,) = paths(timeline.drawn(busy(20_000, 5)), "msg")
    starts = [int(one.split()[0]) for one in drawn.split("M")[1:]]
    assert timeline.MESSAGES // 2 < len(starts) <= timeline.MESSAGES
    assert min(starts) < 200
    assert max(starts) > 1100


def test_who_blocks_without_a_word_is_not_preempted(tmp_path: Path) -> None:
    told = "+ critical high normal low; go; R low; R critical; S critical 5; W low; R low; S low 9"
    events = timeline.events_of(boot(tmp_path, lines(told)), DIALECTS)
    assert paths(timeline.drawn(events), "pre") == []


def test_hostile_names_are_text(tmp_path: Path) -> None:
    name = '<script>alert(1)</script>&"\x1b[31m\u202e\x00'
    events = [Event(kind="run", task=name, index=at, number=at) for at in range(3)]
    picture = timeline.drawn(events, [(1, f"{name}\n{name}")])
    assert "<script" not in picture
    assert "\u202e" not in picture
    assert parsed(picture).find(f"{SVG}text") is not None
    json.loads(trace.trace(events, tmp_path / "none.log"))


@pytest.mark.parametrize("text", ["", "hello\n", "@1 run task=a n=1\n", "@1 pass\n"])
def test_what_has_no_schedule_has_no_picture(tmp_path: Path, text: str) -> None:
    assert timeline.write(boot(tmp_path, text), DIALECTS) == ""
    assert not (tmp_path / timeline.NAME).exists()
    assert timeline.write(tmp_path / "no" / "console.log", DIALECTS) == ""


def test_a_trace_has_a_thread_for_each_task_and_arrows(tmp_path: Path) -> None:
    log, events = healthy(tmp_path)
    told = json.loads(trace.trace(events, log))
    entries = told["traceEvents"]
    names = [one["args"]["name"] for one in entries if one["name"] == "thread_name"]
    assert names == ["critical", "high", "normal", "low", "p", "c", "(system)"]
    runs = [one for one in entries if one["ph"] == "X"]
    assert len(runs) == sum(event.kind == "run" for event in events)
    assert all(one["dur"] > 0 for one in runs)
    arrows = [{one["id"] for one in entries if one["ph"] == phase} for phase in "sf"]
    assert len(arrows[0]) == 10
    assert arrows[0] == arrows[1]
    assert told["otherData"]["clock"] == "ticks of the RTOS, each taken for a millisecond"
    times = [one["ts"] for one in entries if one["ph"] == "i"]
    assert times == sorted(times)


def test_a_trace_goes_by_the_best_clock_that_knows_all(tmp_path: Path) -> None:
    log = boot(tmp_path, "RUN\n")
    event = Event(kind="run", task="a", number=1, last=1)
    assert '"clock":"the order of events' in trace.trace([event], log)
    recorder = TimestampRecorder(tmp_path / "console.times")
    recorder.start(0.0)
    recorder.note(0, 2.5)
    recorder.close()
    assert '"clock":"the host\'s clock"' in trace.trace([event], log)
    note_stamps(tmp_path, {3: Stamp(instructions=9, seconds=0.25)})
    told = json.loads(trace.trace([event], log))
    assert told["otherData"]["clock"] == "the guest's clock"
    assert told["traceEvents"][-1]["ts"] == 250_000


def test_the_command_writes_both(tmp_path: Path) -> None:
    log, _ = healthy(tmp_path)
    out = StringIO()
    shell = Shell(folder=tmp_path, environ={}, out=out, err=StringIO())
    assert call(["timeline", "."], shell) == 0
    assert parsed((tmp_path / timeline.NAME).read_text())
    assert call(["timeline", str(log), "--trace=t.json", "--svg=p.svg"], shell) == 0
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    assert out.getvalue().count(" bytes") == 4
    boot(tmp_path, "hello\n")
    assert call(["timeline", "."], shell) == USAGE
    assert call(["timeline", "nowhere"], shell) == USAGE
