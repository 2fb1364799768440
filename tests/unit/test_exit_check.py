"""The end of a boot: a machine that was seen too little of is not a pass."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.protocol import GuestRun, Machine
from pytest_karatos.errors import TooLittle, WrongExit
from pytest_karatos.exit_check import judge
from pytest_karatos.outstanding import Outstanding


@dataclass
class QuietConsole:
    transcript: Path = Path("console.log")
    outstanding: Outstanding = field(default_factory=Outstanding)

    def check(self, *, over: bool) -> None: ...

    def exit_reason(self, status: int | None) -> str:
        """Know nothing of any ``status``."""
        del status
        return ""


@dataclass
class SlowMachine:
    """A machine on a host that lets it come no further than ``run``."""

    run: GuestRun
    board: Board = field(default_factory=lambda: Board(name="b", arch="arm"))
    console: QuietConsole = field(default_factory=QuietConsole)
    judged: bool = False
    exit_status: int | None = None

    def settle(self, seconds: float) -> GuestRun:
        del seconds
        return self.run

    def faulted(self) -> None:
        """Have no fault."""


def judged(**run: Any) -> None:  # noqa: ANN401 - fields of GuestRun
    judge(cast("Machine", SlowMachine(GuestRun(seconds=0.03, **run))))


def test_too_little_of_the_guests_time_is_no_pass() -> None:
    with pytest.raises(TooLittle, match="came 30 ms of its own time further, not 100 ms"):
        judged()


def test_enough_of_it_is_and_so_is_a_guest_in_which_nothing_will_happen() -> None:
    judged(enough=True)
    judged(idle=True)


@pytest.mark.parametrize("status", [1, 3, 255])
def test_a_failure_that_nobody_expected_is_red(status: int) -> None:
    machine = SlowMachine(GuestRun(seconds=0.01, ended=True), exit_status=status)
    with pytest.raises(WrongExit, match=f"status {status}; the test did not expect a failure"):
        judge(cast("Machine", machine))
    machine.judged = True
    judge(cast("Machine", machine))


def test_what_the_test_judged_counts_more_than_what_the_board_expects() -> None:
    board = Board(name="b", arch="arm", expect_exit=0)
    machine = SlowMachine(GuestRun(seconds=0.01, ended=True), board=board, exit_status=3)
    with pytest.raises(WrongExit, match="status 3; the test expects 0"):
        judge(cast("Machine", machine))
    machine.judged = True
    judge(cast("Machine", machine))
