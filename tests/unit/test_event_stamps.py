"""When events were printed is asked for in batches that grow: endless firmware costs no minutes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_karatos.dialect import Dialect, Event, Rule
from pytest_karatos.emulators.stamps import Stamp
from pytest_karatos.errors import NotPossible
from pytest_karatos.scheduler.clock import BootClock
from pytest_karatos.scheduler.parser import Parser

MINE = Dialect(name="mine", rules=(Rule(kind="run", pattern=r"^(?P<task>\w)$"),))
COUNT = 20_000


class Machine:
    """A machine whose every byte takes ten instructions, and that notes what it is asked."""

    def __init__(self, log: Path) -> None:
        self.console = SimpleNamespace(transcript=log)
        self.asked: list[list[int]] = []

    def stamps(self, offsets: Sequence[int], *, times: bool = False) -> Mapping[int, Stamp]:
        self.asked.append(list(offsets))
        return {
            one: Stamp(instructions=10 * one, seconds=one / 1e6 if times else None)
            for one in offsets
        }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "console.log").write_bytes(b"a\r\nb\n" * (COUNT // 2))
    return Machine(tmp_path / "console.log")


def events_of(machine: object) -> list[Event]:
    found: list[Event] = []
    parser = Parser(MINE, BootClock(machine, lambda: found))
    found += parser.feed("a\nb\n" * (COUNT // 2))
    return found


def test_the_first_of_many_is_told_by_a_short_boot(machine: Machine) -> None:
    events = events_of(machine)
    assert events[0].instructions == 20
    assert max(machine.asked[0]) < 200
    assert events[1].instructions == 40
    assert len(machine.asked) == 1


def test_all_of_many_are_told_by_a_few_boots(machine: Machine) -> None:
    counts = [one.instructions for one in events_of(machine)]
    assert counts == sorted(counts)
    assert len(machine.asked) < 12
    assert sum(len(offsets) for offsets in machine.asked) == COUNT


def test_a_late_one_takes_those_before_it_along(machine: Machine) -> None:
    events = events_of(machine)
    assert events[9_999].instructions == 10 * (5 * 5_000 - 1)
    assert [one.instructions for one in events[:10_000]]
    assert len(machine.asked) == 1


def test_times_cost_a_stop_each_so_few_are_asked_for(machine: Machine) -> None:
    events = events_of(machine)
    assert events[0].time == 2e-6
    assert len(machine.asked[0]) < 20
    assert [one.time for one in events[:400]]
    assert len(machine.asked) < 8


def test_where_it_lies_in_the_log(machine: Machine) -> None:
    raw = machine.console.transcript.read_bytes()
    events = events_of(machine)
    assert [events[at].offset for at in range(3)] == [0, 3, 5]
    assert all(raw[one.offset : one.offset + 1].decode() == one.task for one in events)
    assert machine.asked == []


def test_events_of_no_machine_lie_nowhere() -> None:
    late = events_of(None)[-1]
    with pytest.raises(NotPossible, match="lie in no log"):
        _ = late.offset
    with pytest.raises(NotPossible, match="no machine printed"):
        _ = Event(kind="run", line="x").offset
