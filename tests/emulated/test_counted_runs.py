"""Real QEMU, a guest of a few lines: what a scheduler's assertion counts, and what it must not."""

import pytest

from pytest_karatos.board import Board
from pytest_karatos.dialect import Dialect, Rule
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import NotSeen, Stuck, TooLittle, WrongSchedule
from pytest_karatos.scheduler import Scheduler
from tests.emulated.booting import Start, both

MINE = Dialect(name="mine", rules=(Rule(kind="run", pattern=r"^(?P<task>\w+): "),))
BLINKY = (("say", b"boot\n"), ("say", b"tx: 1\nrx: 1\n"), ("delay", 5_000), ("again", 1))


def read(machine: Machine) -> Scheduler:
    return Scheduler(machine.console, MINE, timeout=20.0)


@both
def test_a_healthy_blinky_that_is_counted(start: Start, board: Board) -> None:
    with start(board, *BLINKY) as machine:
        read(machine).ran("tx", "rx", times=500)
        with pytest.raises(Stuck, match="repeated the same 2 lines"):
            read(machine).ran("led")


@both
def test_a_task_that_others_outrun_by_far(start: Start, board: Board) -> None:
    fast = b"fast: 1\n" * 40
    steps = (("say", b"boot\n"), ("say", fast * 2), ("say", b"slow: 1\n"), ("delay", 5_000))
    with start(board, *steps, ("again", 1)) as machine:
        read(machine).ran("slow", times=3)
        with pytest.raises(WrongSchedule, match="ran fast 31"):
            read(machine).ran("slow", within_rounds=30)


@both
def test_the_time_is_the_assertions_own(start: Start, board: Board) -> None:
    with start(board, *BLINKY) as machine, pytest.raises(NotSeen) as caught:
        read(machine).ran("led", timeout=0.7)
    assert "0.7" in caught.value.why


@both
def test_nothing_to_judge(start: Start, board: Board) -> None:
    with start(board, *BLINKY) as machine:
        with pytest.raises(TooLittle, match="no task is named"):
            read(machine).no_starvation()
        with pytest.raises(TooLittle, match="no task is named"):
            read(machine).ran()


@both
def test_runs_in_blocks_are_not_rounds(start: Start, board: Board) -> None:
    blocks = b"".join(name * 3 for name in (b"c: 1\n", b"h: 1\n", b"n: 1\n"))
    with start(board, ("say", blocks), ("spin",)) as machine:
        with pytest.raises(WrongSchedule, match="round 1 ran c twice") as caught:
            read(machine).runs_in_priority_order(rounds=3, tasks=("c", "h", "n"))
        assert "around line 2:\n| c: 1\n> c: 1\n| c: 1\n| h: 1" in str(caught.value)
