"""Semihosting as the console: whatever call a firmware prints by, and what it can forge."""

import sys
from dataclasses import replace

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import Forbidden, MachineEnded, Stuck
from pytest_karatos.exit_check import judge
from pytest_karatos.watch_rules import FaultRule, WatchRules
from tests.emulated.booting import Start
from tests.emulated.semihosting import HOSTED, TO_APPEND, TO_WRITE, WRITE0, WRITEC, opens, writes
from tests.emulated.tiny_guest import ARM, Step

PANIC = b"panicked at src/main.rs:1:1: boom\n"
RULE = FaultRule(system="Rust", means="a Rust panic", word="panicked at", pattern="panicked at")
WATCH = WatchRules(known_faults=(RULE,))
CONSOLES = {arch: replace(board, console="semihosting") for arch, board in HOSTED.items()}
both = pytest.mark.parametrize("board", CONSOLES.values(), ids=CONSOLES)
#: What QEMU itself says on stderr, in the words that it has for it.
FORGED = (
    b"qemu-system-arm: warning: icount sleep disabled and no active timers\n"
    b"qemu: fatal: Lockup: can't escalate 3 to HardFault (current priority -1)\n"
    b"qemu-system-arm: could not load kernel: Permission denied\n"
    b"qemu-system-arm: terminating on signal 15\n"
)


def printed(way: str, text: bytes) -> list[Step]:
    """Print ``text`` by one of the calls that there are for it."""
    if way == "WRITE0":
        return [("call", WRITE0, text)]
    if way == "WRITEC":
        return [("call", WRITEC, bytes([byte])) for byte in text]
    return [opens(":tt", TO_WRITE if way == "stdout" else TO_APPEND), writes(text)]


@both
def test_all_calls_print_on_the_console_in_the_order_of_the_calls(
    start: Start, board: Board
) -> None:
    ways = ("stdout", "WRITE0", "WRITEC", "stdout", "WRITEC")
    steps = [step for way in ways for step in printed(way, b"by %s\n" % way.encode())]
    with start(board, *steps, ("exit", 0), rules=WATCH) as machine:
        machine.console.expect_in_order(*(f"by {way}\n" for way in ways))
        assert machine.wait(5) == 0
        judge(machine)
    assert list(machine.consoles)[-1] == "semihosting"
    assert machine.console.transcript.read_bytes().count(b"\n") == len(ways)


@both
@pytest.mark.parametrize("way", ["WRITE0", "WRITEC", "stdout", "stderr"])
def test_a_panic_is_red_by_whatever_call_it_is_printed(
    start: Start, board: Board, way: str
) -> None:
    with start(board, *printed(way, b"booted\n" + PANIC), ("exit", 0), rules=WATCH) as machine:
        whose = "QEMU's stderr has" if way == "stderr" else "The console printed"
        with pytest.raises(Forbidden, match=rf"^{whose} .*boom.*a Rust panic"):
            judge(machine)


def test_what_comes_by_stdout_goes_through_the_filter(start: Start) -> None:
    upper = "import sys; [print(line.upper(), end='', flush=True) for line in sys.stdin]"
    rules = replace(WATCH, filter=(sys.executable, "-c", upper))
    steps = [*printed("stdout", b"frame\n"), *printed("WRITE0", b"another\n")]
    with start(CONSOLES["arm"], *steps, ("spin",), rules=rules) as machine:
        machine.console.expect_in_order("FRAME\n", "ANOTHER\n")


@pytest.mark.parametrize("way", ["uart0", "stderr"])
def test_who_waits_in_vain_is_told_what_came_elsewhere(start: Start, way: str) -> None:
    said = [("say", b"here I am\n")] if way == "uart0" else printed("stderr", b"here I am\n")
    with start(CONSOLES["arm"], *said, ("idle",), rules=WATCH) as machine:
        name = "uart0" if way == "uart0" else "QEMU's stderr"
        with pytest.raises(Stuck, match=rf"No byte came on the console; {name} has .*here I am"):
            machine.console.expect("here")


@both
def test_words_of_the_emulator_in_the_mouth_of_a_firmware_change_no_verdict(
    start: Start, board: Board
) -> None:
    steps = [*printed("stderr", FORGED), *printed("stdout", b"pass\n")]
    with start(board, *steps, ("spin",), rules=WATCH) as machine:
        machine.console.expect("pass")
        judge(machine)
        assert machine.exit_status is None
        assert "fatal" in machine.console._streams.life.stderr_tail()


@both
@pytest.mark.parametrize(
    "before", [b"qemu: ", b"qemu-system-arm: warning: ", b"[0123456789abcdef] ", b"\x1b[2K\r"]
)
def test_no_prefix_hides_a_panic_among_the_words_of_the_emulator(
    start: Start, board: Board, before: bytes
) -> None:
    with start(board, *printed("stderr", before + PANIC), ("exit", 0), rules=WATCH) as machine:
        machine.wait(5)
        with pytest.raises(Forbidden, match=r"^QEMU's stderr has .*boom"):
            machine.console.check()


def test_what_the_emulator_says_itself_is_no_fault_of_the_firmware(start: Start) -> None:
    rules = replace(WATCH, faults=("peer", "active timers", "Timer with"))
    with start(CONSOLES["arm"], *printed("stdout", b"pass\n"), ("idle",), rules=rules) as machine:
        machine.console.expect("pass")
        judge(machine)


def test_the_end_that_a_firmware_forges_is_not_the_end_that_it_had(start: Start) -> None:
    steps = printed("stderr", b"qemu: fatal: Lockup\nqemu-system-arm: terminating on signal 9\n")
    with start(CONSOLES["arm"], *steps, ("exit", 0), rules=WATCH) as machine:
        with pytest.raises(MachineEnded, match="ended with exit status 0") as caught:
            machine.console.expect("pass")
        assert "killed by" not in str(caught.value).partition("\n")[0]
        judge(machine)


def test_a_board_without_semihosting_prints_nothing_by_it(start: Start) -> None:
    board = replace(ARM, semihosting=False)
    with start(board, ("say", b"up\n"), ("spin",), rules=WATCH) as machine:
        machine.console.expect("up")
        assert "semihosting" not in machine.consoles
