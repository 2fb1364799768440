"""Faults are found on every stream that a firmware can speak on, whichever is the console."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pytest_karatos.board import Board
from pytest_karatos.console import Console
from pytest_karatos.errors import Forbidden, Misbehaved, NotSeen, Stuck, UnknownName, WrongExit
from pytest_karatos.exit_check import judge
from pytest_karatos.watch_rules import FaultRule, WatchRules
from tests.emulated.booting import Start
from tests.emulated.semihosting import HOSTED, TO_APPEND, TO_WRITE, WRITE0, opens, writes
from tests.emulated.tiny_guest import ARM, Step

PANIC = b"thread 'main' panicked at src/main.rs:7\n"
RULE = FaultRule(system="Rust", means="a Rust panic", word="panicked at", pattern="panicked at")
WATCH = WatchRules(known_faults=(RULE,), faults=("Oops",))
both = pytest.mark.parametrize("board", HOSTED.values(), ids=HOSTED)
#: How a firmware says it, and where that comes out.
WAYS: dict[str, tuple[str, list[Step]]] = {
    "WRITE0": ("semihosting", [("call", WRITE0, PANIC)]),
    "stdout": ("semihosting", [opens(":tt", TO_WRITE), writes(PANIC)]),
    "stderr": ("semihosting|QEMU's stderr", [opens(":tt", TO_APPEND), writes(PANIC)]),
}


@both
@pytest.mark.parametrize("way", WAYS)
def test_a_panic_by_semihosting_is_red_after_all_was_seen(
    start: Start, board: Board, way: str
) -> None:
    stream, steps = WAYS[way]
    with start(board, *steps, ("say", b"pass\n"), ("spin",), rules=WATCH) as machine:
        machine.console.expect("pass\n")
        with pytest.raises(
            Forbidden, match=rf"^{stream} (printed|has) .*panicked at.*a Rust panic"
        ):
            judge(machine)


def test_a_panic_on_another_uart_is_red(start: Start) -> None:
    on = ("poke", 0x400F_E104, 0x3)  # the clock of both UARTs
    steps: list[Step] = [on, ("put", 0x4000_D000, PANIC), ("say", b"pass\n"), ("spin",)]
    with start(ARM, *steps, rules=WATCH) as machine:
        machine.console.expect("pass\n")
        with pytest.raises(Forbidden, match=r"^uart1 printed .*panicked at"):
            judge(machine)


def test_a_wait_that_ends_without_its_text_names_the_fault_elsewhere(start: Start) -> None:
    with (
        start(ARM, ("hosted", PANIC), ("idle",), rules=WATCH) as machine,
        pytest.raises(Forbidden, match=r"^semihosting printed .*panicked at") as caught,
    ):
        machine.console.expect("never")
    # The wait that was in vain is not shown above it: it would read as the cause.
    assert "Stuck" not in "".join(traceback.format_exception(caught.value))


def test_a_text_is_forbidden_and_allowed_on_every_stream(start: Start) -> None:
    steps: list[Step] = [("hosted", b"retry\n"), ("hosted", PANIC), ("say", b"pass\n"), ("idle",)]
    with start(ARM, *steps, rules=WATCH) as machine:
        machine.console.allow("panicked")
        machine.console.expect("pass\n")
        machine.console.check()
        machine.console.forbid("retry")
        with pytest.raises(Forbidden, match=r"^semihosting printed the forbidden text 'retry'"):
            machine.console.check()


def test_a_cut_off_sequence_hides_no_fault_elsewhere(start: Start) -> None:
    steps: list[Step] = [("hosted", b"\x1b[3 panicked at x\n"), ("say", b"pass\n"), ("idle",)]
    with start(ARM, *steps, rules=WATCH) as machine:
        machine.console.expect("pass\n")
        with pytest.raises(Misbehaved, match="panicked at"):
            judge(machine)


def test_what_the_emulator_says_itself_is_no_fault_of_the_firmware(start: Start) -> None:
    rules = replace(WATCH, faults=("active timers",))
    with start(ARM, ("say", b"pass\n"), ("idle",), rules=rules) as machine:
        machine.console.expect("pass\n")
        judge(machine)


def on_uart(number: int, text: bytes) -> list[Step]:
    """Speak on another UART of the ARM board; the clocks of all are switched on first."""
    return [("poke", 0x400F_E104, 0x7), ("put", 0x4000_C000 + 0x1000 * number, text)]


@pytest.mark.parametrize("number", [1, 2])
def test_another_uart_can_be_asked(start: Start, number: int) -> None:
    name = f"uart{number}"
    steps = [*on_uart(number, b"boot\nmodem: AT\n"), ("say", b"up\n"), ("idle",)]
    with start(ARM, *steps, rules=WATCH) as machine:
        other = machine.consoles[name]
        other.expect("modem: A.")
        assert (other.before, other.after) == ("boot\n", "modem: AT")
        machine.console.expect("up")
        judge(machine)
    assert other.transcript == machine.console.transcript.with_name(f"{name}.log")
    assert other.transcript.read_bytes() == b"boot\nmodem: AT\n"


def test_what_is_typed_on_another_uart_comes_there(start: Start) -> None:
    with start(replace(ARM, console="uart1"), ("say", b"$ "), ("echo",), rules=WATCH) as machine:
        shell = machine.consoles["uart0"]
        shell.expect_exact("$ ")
        shell.sendline("status")
        shell.expect("status\n")
        assert machine.console.text == ""


def test_the_streams_are_named_as_on_the_board(start: Start) -> None:
    with start(ARM, ("say", b"up\n"), ("idle",), rules=WATCH) as machine:
        assert list(machine.consoles) == ["uart0", "uart1", "uart2", "semihosting"]
        assert machine.consoles["uart0"] is machine.console
        assert "uart3" not in machine.consoles
        with pytest.raises(UnknownName, match=r"console 'uart7'\. Did you mean 'uart.'\? Known: u"):
            machine.consoles["uart7"]
    files = {path.name for path in machine.console.transcript.parent.iterdir()}
    assert not {"uart1.log", "uart1.times", "semihosting.log"} & files


@pytest.mark.parametrize("name", ["uart1", "semihosting"])
def test_a_wait_on_another_stream_ends_with_the_cause(start: Start, name: str) -> None:
    said: list[Step] = [("hosted", PANIC)] if name == "semihosting" else on_uart(1, PANIC)
    with start(ARM, *said, ("idle",), rules=WATCH) as machine:
        words = rf"^Waited for 'OK'; {name} printed .*panicked.*, which means a Rust panic, after"
        with pytest.raises(Forbidden, match=words) as caught:
            machine.consoles[name].expect("OK")
        assert f"last lines of {name}:\n| thread" in str(caught.value)
        machine.console.check()  # told once


def test_who_waits_for_the_text_of_a_fault_on_another_stream_has_seen_it(start: Start) -> None:
    with start(ARM, *on_uart(1, PANIC), ("say", b"up\n"), ("idle",), rules=WATCH) as machine:
        machine.console.expect("up")
        machine.consoles["uart1"].expect("panicked")
        judge(machine)


def test_a_wait_in_vain_on_another_stream_names_a_fault_on_the_console(start: Start) -> None:
    with (
        start(ARM, ("say", PANIC), ("idle",), rules=WATCH) as machine,
        pytest.raises(Forbidden, match=r"^The console printed .*panicked at.*a Rust panic"),
    ):
        machine.consoles["uart1"].expect("OK")


def test_what_one_stream_forbids_or_allows_is_its_own(start: Start) -> None:
    steps = [*on_uart(1, b"retry\n" + PANIC), ("say", b"retry\n"), ("idle",)]
    with start(ARM, *steps, rules=WATCH) as machine:
        machine.consoles["uart1"].allow("panicked")
        machine.console.expect("retry")
        judge(machine)
        machine.consoles["uart1"].forbid("retry")
        with pytest.raises(Forbidden, match=r"^uart1 printed the forbidden text 'retry'"):
            judge(machine)


def test_bytes_on_any_stream_are_life(start: Start) -> None:
    chatter: list[Step] = [*on_uart(1, b"tick\n"), ("delay", 2_000_000)] * 12
    rules = replace(WATCH, silence_seconds=0.5)
    with start(ARM, *chatter, ("say", b"done\n"), ("idle",), rules=rules) as machine:
        machine.console.expect("done")


def test_who_sees_too_little_is_told_what_came_on_other_streams(start: Start) -> None:
    steps = [("say", b"up\n"), *on_uart(2, b"here I am\n"), ("hosted", b"and here\n"), ("idle",)]
    with start(ARM, *steps, rules=WATCH) as machine:
        with pytest.raises(Stuck, match="idles for ever") as caught:
            machine.console.expect("here")
        for told in (
            "uart2 has 10 bytes, the last lines are: here I am",
            "semihosting has 9 bytes",
        ):
            assert told in str(caught.value)
        with pytest.raises(NotSeen, match=r"here I am"):
            machine.console.expect("here", timeout=0.2)
        with pytest.raises(WrongExit, match=r"here I am"):
            machine.wait(0.2)


def test_two_threads_wait_on_two_streams(start: Start) -> None:
    lines = b"".join(b"line %d\n" % number for number in range(400))
    steps = [*on_uart(1, lines), ("say", lines), ("again", 0)]
    with start(ARM, *steps, rules=WATCH) as machine, ThreadPoolExecutor() as pool:
        found = [pool.submit(_read_lines, one) for one in list(machine.consoles.values())[:2]]
        assert [one.result(60) for one in found] == [1200, 1200]


def _read_lines(console: Console) -> int:
    for number in range(1200):
        console.expect_exact(f"line {number % 400}\n", timeout=30)
        console.check()
    return 1200
