"""Points are chosen as meant, each failure is seen twice, and what was not tried is said."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_karatos.debug.symbols import Place
from pytest_karatos.emulators.covered import Covered, note_covered
from pytest_karatos.emulators.qemu.schedule import schedule_of
from pytest_karatos.emulators.qemu.vary import icount
from pytest_karatos.errors import (
    BadSetting,
    BreaksByTiming,
    Flaky,
    Misbehaved,
    NotPossible,
    TooLittle,
)
from pytest_karatos.explore import Exploration, Point
from pytest_karatos.explore.outcome import State
from pytest_karatos.report import shape
from pytest_karatos.report.explored import strips, summed
from pytest_karatos.settings import Explore
from pytest_karatos.settings.explore import explore_of
from tests.emulated.tiny_guest import ARM

Judge = Callable[[str, int], BaseException | None]
POINTS = [Point(address=at, function="take", offset=at) for at in range(0, 12, 2)]


class Told:
    """What a boot's machine is to an exploration: the place of its files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.console = self
        self.transcript = folder / "console.log"


@pytest.fixture
def explored(tmp_path: Path) -> Callable[..., Exploration]:
    def explore(judge: Judge, stall: int = 1, part: tuple[int, int] = (0, 1)) -> Exploration:
        found = Exploration(
            title="t.py::t[arm]",
            wanted=Explore(at=("all",), stall=stall),
            choose=lambda _: POINTS,
            part=part,
        )
        name: str | None = ""
        tried: dict[str, int] = {}
        while name is not None:
            one = found.begin(name)
            tried[name] = tried.get(name, 0) + 1
            folder = tmp_path / f"{name or 'as ever'} {tried[name]}"
            one.machine = Told(folder)  # type: ignore[assignment]
            note_covered(folder, Covered(elf_sha256=""))
            error = judge(name, tried[name])
            if error is not None:
                one.note(error)
            name = found.following()
        return found

    return explore


def red_at(*names: str) -> Judge:
    return lambda name, _: Misbehaved("Waited for 'pass'") if name in names else None


def test_what_fails_is_told_with_its_place_and_its_replay(
    explored: Callable[..., Exploration], tmp_path: Path
) -> None:
    found = explored(red_at("at=0x4", "at=0x6"))
    with pytest.raises(BreaksByTiming) as caught:
        found.judge()
    said = str(caught.value)
    assert said.startswith("2 of 6 timings fail: Waited for 'pass'")
    assert "take+0x4, before 0x4:" in said
    assert "so fail 2 points in a row, 0x4 to 0x6" in said
    assert "pytest 't.py::t[arm]' --karatos-vary=at=0x4" in said
    assert "6 of 6 points explored; one delay a boot" in said
    # What passed leaves no files; the first boot, and what failed, do.
    kept = {"as ever 1", "at=0x4 1", "at=0x6 1"}
    assert {one.name for one in tmp_path.iterdir()} == kept


def test_who_fails_once_is_not_called_a_bug(explored: Callable[..., Exploration]) -> None:
    hurried = explored(lambda name, time: Misbehaved("no") if name and time == 1 else None)
    assert hurried.of(State.RED) == []
    with pytest.raises(TooLittle, match="Not one timing could be tried: 0 of 0"):
        hurried.judge()


def test_who_fails_as_ever_is_not_the_timing(explored: Callable[..., Exploration]) -> None:
    with pytest.raises(Flaky, match="in a boot as the first, which passed: later"):
        explored(lambda name, time: Misbehaved("later") if not name and time > 1 else None)


def test_what_cannot_be_tried_is_open_and_said(explored: Callable[..., Exploration]) -> None:
    found = explored(
        lambda name, _: NotPossible("it ends before 0x2.") if name == "at=0x2" else None
    )
    found.judge()
    assert found.sentence.startswith(
        "0 of 5 timings fail; 5 of 6 points explored (1 not: it ends before it)"
    )


def test_a_stall_is_shrunk(explored: Callable[..., Exploration]) -> None:
    long = {f"at=0x4{more}" for more in (",stall=3", ",stall=4", ",stall=5")}
    found = explored(red_at(*long), stall=5)
    (red,) = found.of(State.RED)
    assert str(red.schedule) == "at=0x4,stall=3"


def test_a_first_boot_that_fails_is_the_tests_own_failure(
    explored: Callable[..., Exploration],
) -> None:
    found = explored(red_at(""))
    assert found.outcomes == {}
    with pytest.raises(Misbehaved, match="Waited for"):
        found.judge()


def test_parts_are_summed_up(explored: Callable[..., Exploration]) -> None:
    parts = [explored(red_at("at=0x4"), part=(number, 2)) for number in range(2)]
    assert [len(one.points) for one in parts] == [3, 3]
    records: Sequence[shape.TestRecord] = [
        {"test": "t.py::t", "target": "arm", **one.facts}  # type: ignore[typeddict-item]
        for one in parts
    ]
    (line,) = summed(records)
    assert line == ("t.py::t [arm]: 1 of 6 timings fail; 6 of 6 points explored, in 2 parts")
    (strip,) = strips(records)
    (row,) = strip["rows"]
    assert [(one["state"], one["count"]) for one in row["pieces"]] == [
        ("good", 2),
        ("bad", 1),
        ("good", 3),
    ]
    assert row["again"] == "at=0x4"


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        ("all", True),
        ("message::*", True),
        ("send", True),
        ("kernel::message::send", True),
        ("message.rs", True),
        ("src/*.rs", True),
        ("sen", False),
        ("other::*", False),
        ("essage.rs", False),
    ],
)
def test_points_are_named_by_function_or_file(pattern: str, *, is_meant: bool) -> None:
    place = Place(function="kernel::message::send", file="/w/src/message.rs", line=3)
    point = Point(address=2, function="kernel::message::send", places=(place,))
    assert point.is_meant(pattern) is is_meant


@pytest.mark.parametrize("text", ["stall=0,all", "stall=x,all", "limit=-1,all", "stall=2", "at="])
def test_what_makes_no_sense_to_explore(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the settings say what is wrong
        explore_of(text)


@pytest.mark.parametrize("name", ["at=6c", "at=0x6c,stall=0", "at=0x6c,", "at=0x", "at=0X6C"])
def test_what_is_not_a_schedule(name: str) -> None:
    assert schedule_of(name) is None
    with pytest.raises(BadSetting, match="there is no variation"):
        icount(ARM, name)
