"""Firmware that resets itself: told to, once and secretly, or for ever."""

import re
import time
from dataclasses import replace

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import MachineEnded, NotSeen, Stuck, UnexpectedReset
from pytest_karatos.exit_check import judge
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.booting import Start, both
from tests.emulated.tiny_guest import ARM, Step

RULES = WatchRules(silence_seconds=3.0)
SOON = ("delay", 2000)
#: A watchdog of the ARM board that is never fed: its clock, its load, and that it may reset.
WATCHDOG: list[Step] = [
    *(("poke", 0x400F_E100, 0x8), ("poke", 0x4000_0000, 20_000), ("poke", 0x4000_0008, 3)),
    ("spin",),
]


@both
def test_a_silent_reset_loop_is_called_one(start: Start, board: Board) -> None:
    began = time.monotonic()
    words = (
        r"^Waited for 'pass'; the firmware restarts in a loop: it reset itself \d{2,} times in "
        r"\d+\.\d\d s \([\d.,e-]+ s of the guest's time\), after \d"
    )
    with start(board, SOON, ("reset",), rules=RULES) as machine, pytest.raises(Stuck, match=words):
        machine.console.expect("pass", timeout=60)
    assert time.monotonic() - began < 20


@both
def test_a_reset_loop_with_a_banner_tells_both(start: Start, board: Board) -> None:
    steps = [("say", b"RTOS 1\ntasks up\n"), SOON, ("reset",)]
    words = r"; the firmware restarts in a loop: .*it reset itself \d+ times in \d.*\| RTOS 1"
    with start(board, *steps, rules=RULES) as machine, pytest.raises(Stuck) as caught:
        machine.console.expect("pass")
    assert re.search(words, str(caught.value), re.DOTALL)


def test_a_watchdog_that_nobody_feeds_is_named(start: Start) -> None:
    with (
        start(ARM, *WATCHDOG, rules=RULES) as machine,
        pytest.raises(Stuck, match=r"it reset itself \d+ times by a watchdog in \d"),
    ):
        machine.console.expect("pass")


@both
def test_a_reset_loop_that_nobody_waits_in_is_red_too(start: Start, board: Board) -> None:
    with start(board, SOON, ("reset",), rules=RULES) as machine:
        machine.settle(0.5)
        with pytest.raises(Stuck, match=r"^The firmware restarts in a loop: it reset itself"):
            judge(machine)


@both
def test_a_single_reset_is_told_where_it_may_be_the_cause(start: Start, board: Board) -> None:
    steps = [("say", b"up\n"), SOON, ("reset once",), ("say", b"again\n"), ("spin",)]
    words = r"did not come within 0\.5 s.*; the firmware reset itself once, \d\.\d\d s after it was"
    with start(board, *steps, rules=RULES) as machine, pytest.raises(NotSeen, match=words):
        machine.console.expect("pass", timeout=0.5)


@both
def test_a_crash_after_the_last_line_that_ends_in_a_reset_is_red(
    start: Start, board: Board
) -> None:
    with start(board, ("say", b"pass\n"), SOON, ("reset once",), ("spin",), rules=RULES) as machine:
        machine.console.expect("pass\n")
        with pytest.raises(UnexpectedReset, match=r"^The firmware reset itself once, .*not ask"):
            judge(machine)


@both
def test_what_only_the_second_boot_prints_is_no_pass(start: Start, board: Board) -> None:
    steps = [("say", b"up\n"), SOON, ("reset once",), ("say", b"pass\n"), ("spin",)]
    with start(board, *steps, rules=RULES) as machine:
        machine.console.expect("pass\n")
        with pytest.raises(UnexpectedReset, match=r"expect_resets=1"):
            judge(machine)


@both
def test_a_reset_before_the_end_is_seen_after_it(start: Start, board: Board) -> None:
    steps = [("say", b"up\n"), SOON, ("reset once",), ("exit", 0)]
    with start(board, *steps, rules=RULES) as machine:
        assert machine.wait(20) == 0
        with pytest.raises(UnexpectedReset):
            judge(machine)
    with (
        start(board, *steps, rules=RULES) as machine,
        pytest.raises(MachineEnded, match=r"exit status 0 without it, .*; the firmware reset its"),
    ):
        machine.console.expect("pass")


@both
def test_a_reset_that_is_expected_is_green(start: Start, board: Board) -> None:
    steps = [("say", b"up\n"), SOON, ("reset once",), ("say", b"pass\n"), ("spin",)]
    with start(board, *steps, rules=replace(RULES, expect_resets=1)) as machine:
        machine.console.expect("pass\n")
        judge(machine)


@both
def test_firmware_that_is_told_to_reboot_is_green(start: Start, board: Board) -> None:
    steps: list[Step] = [("say", b"shell\n> "), ("hear",), ("reset",)]
    with start(board, *steps, rules=RULES) as machine:
        for _ in range(8):
            machine.console.expect("> ")
            machine.console.send("r")
        machine.console.expect("shell\n> ")
        judge(machine)


@both
def test_a_crash_after_the_answer_to_what_was_typed_is_red(start: Start, board: Board) -> None:
    steps: list[Step] = [("say", b"> "), ("hear",), ("say", b"ok\n"), ("delay", 20_000_000)]
    board = replace(board, watch=replace(RULES, settle_seconds=4.0))
    with start(board, *steps, ("reset once",), ("spin",), rules=RULES) as machine:
        machine.console.expect("> ")
        machine.console.send("r")
        machine.console.expect("ok\n")
        with pytest.raises(UnexpectedReset):
            judge(machine)


@both
def test_the_reset_button_is_no_reset_by_itself(start: Start, board: Board) -> None:
    with start(board, ("say", b"up\n"), ("spin",), rules=RULES) as machine:
        for _ in range(6):
            machine.console.expect("up\n")
            machine.reset()
        machine.console.expect("up\n")
        judge(machine)


@both
def test_resets_that_are_expected_are_no_loop(start: Start, board: Board) -> None:
    steps = [("reset once",), ("delay", 20_000_000), ("say", b"pass\n")]
    rules = replace(RULES, restarts=0, expect_resets=1)
    with start(board, *steps, rules=rules) as machine:
        machine.console.expect("pass")
        judge(machine)
