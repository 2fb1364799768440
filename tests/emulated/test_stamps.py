"""When a line was printed, by the guest's own measures: exact, the same each time, and for free."""

from dataclasses import replace
from itertools import pairwise

import pytest

from pytest_karatos.board import Board
from pytest_karatos.dialect import Dialect, Event, Rule
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.stamps import noted_stamps
from pytest_karatos.errors import NotPossible
from pytest_karatos.scheduler import Scheduler
from tests.emulated.booting import Start, both
from tests.emulated.tiny_guest import ARM, RISCV, Step

MINE = Dialect(name="mine", rules=(Rule(kind="run", pattern=r"^run (?P<task>\w+)$"),))


def events_of(machine: Machine, times: int) -> list[Event]:
    scheduler = Scheduler(machine.console, MINE, machine=machine)
    scheduler.ran("b", times=times)
    return scheduler.events


def stamps_of(start: Start, board: Board, *steps: Step) -> list[tuple[int, float]]:
    with start(board, *steps, ("say", b"run b\n"), ("spin",)) as machine:
        return [(one.instructions, one.time) for one in events_of(machine, 1)]


@both
def test_one_instruction_more_is_one_more(start: Start, board: Board) -> None:
    def to_the_second(*between: Step) -> list[tuple[int, float]]:
        return stamps_of(start, board, ("say", b"run a\n"), *between)

    bare, one, two = to_the_second(), to_the_second(("nop",)), to_the_second(("nop",), ("nop",))
    assert bare[0] == one[0] == two[0]
    assert one[1][0] - bare[1][0] == two[1][0] - one[1][0] == 1


@both
def test_an_instruction_takes_32_ns_while_nothing_waits(start: Start, board: Board) -> None:
    for instructions, seconds in stamps_of(start, board, ("delay", 100_000)):
        assert instructions > 200_000
        assert seconds == instructions * 32 // 1000 / 1e6


@both
def test_events_are_in_order_and_the_guest_goes_on_as_before(start: Start, board: Board) -> None:
    work = (("say", b"run a\n"), ("delay", 500), ("say", b"run b\r\n"), ("delay", 100))
    # An endless guest would have printed as much as the host lets it by the time of the question.
    with start(board, *(25 * work), ("delay", 1_000_000), *(10 * work), ("spin",)) as machine:
        events = events_of(machine, 20)
        counts = [one.instructions for one in events]
        assert all(later > earlier for earlier, later in pairwise(counts))
        assert [one.time for one in events] == sorted(one.time for one in events)
        noted = noted_stamps(machine.console.transcript.parent).values()
        assert [one.instructions for one in noted] == counts
        events_of(machine, 30)


@both
def test_a_boot_that_prints_something_else_has_no_stamps(start: Start, board: Board) -> None:
    with start(board, ("say", b"run a\n"), ("say", b"run b\n"), ("spin",)) as machine:
        (event, _) = events_of(machine, 1)
        transcript = machine.console.transcript
        transcript.write_bytes(transcript.read_bytes().replace(b"run a", b"run z"))
        with pytest.raises(NotPossible, match="another one when it was repeated, from byte 4"):
            _ = event.instructions


def test_where_no_boot_is_like_another(start: Start) -> None:
    loose = replace(ARM, icount="off")
    with start(loose, ("say", b"run b\n"), ("spin",)) as machine:
        (event,) = events_of(machine, 1)
        with pytest.raises(NotPossible, match='has icount = "off"'):
            _ = event.instructions
    with start(RISCV, ("say", b"run b\n"), ("spin",)) as machine:
        (event,) = events_of(machine, 1)
        machine.reset()
        with pytest.raises(NotPossible, match="was reset"):
            _ = event.time


@both
def test_what_is_typed_arrives_at_the_same_moment_again(start: Start, board: Board) -> None:
    with start(board, ("say", b"run a\n"), ("echo",)) as machine:
        machine.console.expect("run a\n")
        machine.console.send("run b\nru")
        machine.console.expect("run b\nru")
        machine.console.send("n b\n")
        events = events_of(machine, 2)
        counts = [one.instructions for one in events]
        assert counts == sorted(counts)
        assert [one.time for one in events] == [one * 32 // 1000 / 1e6 for one in counts]


@both
def test_what_nobody_takes_is_not_lost(start: Start, board: Board) -> None:
    with start(board, ("say", b"up\n"), ("delay", 3_000_000), ("echo",)) as machine:
        machine.console.expect("up\n")
        machine.console.send("typed ahead\n")
        machine.console.expect("typed ahead\n")
