"""The guest's own time: read, run on by, and what is judged by it, whatever the host's load."""

import os
import signal
import threading
from dataclasses import replace

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import Forbidden, NotSeen
from pytest_karatos.exit_check import judge
from tests.emulated.booting import RULES, Start, both, pid_of
from tests.emulated.tiny_guest import ARM

#: Loops of a ``delay`` step in a guest millisecond: an instruction takes 32 ns.
LOOPS_A_MILLISECOND = 10_000


@both
def test_the_time_of_a_paused_guest_stands_still(start: Start, board: Board) -> None:
    with start(board, ("say", b"hello\n"), ("spin",)) as machine:
        machine.console.expect("hello\n")
        machine.pause()
        first, count = machine.time, machine.instructions
        assert (machine.time, machine.instructions) == (first, count)
        assert count is not None
        # QEMU counts 32 ns for an instruction.
        assert first == pytest.approx(count * 32e-9, abs=2e-6)


@both
@pytest.mark.parametrize("seconds", [0.001, 0.1, 1.0])
def test_a_guest_runs_on_by_so_much(start: Start, board: Board, seconds: float) -> None:
    with start(board, ("spin",)) as machine:
        machine.pause()
        before = machine.time
        run = machine.run_for(seconds)
        assert run.enough
        assert run.seconds == pytest.approx(machine.time - before, abs=1e-6)
        assert seconds <= run.seconds
        assert machine.time == machine.time


@both
def test_a_guest_that_idles_for_ever_gets_no_further(start: Start, board: Board) -> None:
    with start(board, ("say", b"hello\n"), ("idle",)) as machine:
        machine.console.expect("hello\n")
        run = machine.run_for(10)
        assert (run.idle, run.enough, run.ended) == (True, False, False)


@both
def test_a_guest_that_ends_is_gone(start: Start, board: Board) -> None:
    with start(board, ("say", b"hello\n"), ("exit", 3)) as machine:
        assert machine.run_for(10).ended
        assert machine.exit_status == 3
        assert machine.console.text == "hello\n"


@both
@pytest.mark.parametrize("milliseconds", [1, 10, 50, 90])
def test_a_panic_soon_after_the_last_assertion_is_seen(
    start: Start, board: Board, milliseconds: int
) -> None:
    late = ("delay", milliseconds * LOOPS_A_MILLISECOND)
    with start(board, ("say", b"pass\n"), late, ("say", b"panicked at x\n"), ("spin",)) as machine:
        machine.console.expect("pass\n")
        with pytest.raises(Forbidden):
            judge(machine)


@both
def test_computing_in_silence_is_no_idling_and_no_silence(start: Start, board: Board) -> None:
    work = ("delay", 1500 * LOOPS_A_MILLISECOND)
    with start(board, ("say", b"work\n"), work, ("say", b"done\n"), ("spin",)) as machine:
        machine.console.expect("work\n")
        machine.console.expect("done\n")


@both
def test_a_wait_gives_the_guest_its_time_too(start: Start, board: Board) -> None:
    with (
        start(board, ("say", b"boot\n"), ("spin",)) as machine,
        pytest.raises(NotSeen, match=r"did not come within 0.3 s \(\d\.\d\d s of the guest's time"),
    ):
        machine.console.expect("never", timeout=0.3)


@both
def test_a_stopped_emulator_is_not_a_silent_firmware(start: Start, board: Board) -> None:
    work = ("delay", 600 * LOOPS_A_MILLISECOND)
    rules = replace(RULES, silence_seconds=1.0)
    with start(board, work, ("say", b"done\n"), ("spin",), rules=rules) as machine:
        os.kill(pid_of(machine), signal.SIGSTOP)
        awake = threading.Timer(2.0, os.kill, (pid_of(machine), signal.SIGCONT))
        awake.start()
        machine.console.expect("done\n")
        awake.join()


def test_a_guest_at_its_prompt_idles_until_somebody_types(start: Start) -> None:
    with start(ARM, ("say", b"> "), ("echo",)) as machine:
        machine.console.expect_exact("> ")
        machine.run_for(0.5)
        machine.console.sendline("ls")
        machine.console.expect("ls\n")


def test_a_guest_that_idled_until_somebody_typed_may_compute(start: Start) -> None:
    wakes = [("poke", 0x4000_C038, 0x10), ("poke", 0xE000_E100, 1 << 5)]  # what is typed wakes it
    work = ("delay", 1500 * LOOPS_A_MILLISECOND)
    steps = [*wakes, ("say", b"> "), ("doze",), ("say", b"working\n"), work, ("say", b"42\n")]
    with start(ARM, *steps, ("spin",)) as machine:
        machine.console.expect_exact("> ")
        assert machine.run_for(0.5).idle
        machine.console.send("x")
        machine.console.expect_in_order("working\n", "42\n")
        judge(machine)


@both
def test_settling_while_typed_bytes_still_arrive(start: Start, board: Board) -> None:
    # What stands for a moment, so that a byte arrives, was taken for a guest that is paused.
    with start(board, ("say", b"boot\n"), ("echo",)) as machine:
        machine.console.expect("boot")
        for _ in range(5):
            machine.console.send("first " + "x" * 30)
            machine.console.expect("first")
            assert machine.settle(0.05).enough
