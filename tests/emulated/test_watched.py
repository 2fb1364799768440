"""Real QEMU, guests that misbehave: a wait ends with the cause, at once."""

import time
from dataclasses import replace

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import Flooded, Forbidden, MachineEnded, Stuck
from tests.emulated.booting import RULES, Start, both
from tests.emulated.tiny_guest import ARM


@both
def test_death_in_a_wait_is_told_at_once(start: Start, board: Board) -> None:
    with start(board, ("say", b"hello\n"), ("exit", 3)) as machine:
        began = time.monotonic()
        with pytest.raises(MachineEnded, match="ended with exit status 3"):
            machine.console.expect("Statistics", timeout=20)
        assert time.monotonic() - began < 5


def test_a_lockup_shows_what_qemu_said(start: Start) -> None:
    with (
        start(ARM, ("say", b"hello\n"), ("die",)) as machine,
        pytest.raises(MachineEnded, match=r"killed by signal 6(.|\n)*! .*Lockup"),
    ):
        machine.console.expect("more", timeout=20)


@both
def test_late_panic_is_found_by_check(start: Start, board: Board) -> None:
    with start(board, ("say", b"pass\nthread panicked\n"), ("exit", 0)) as machine:
        machine.console.expect("pass")
        assert machine.settle(5).ended
        assert machine.exit_status == 0
        with pytest.raises(Forbidden, match="panicked"):
            machine.console.check()


@both
def test_silence(start: Start, board: Board) -> None:
    rules = replace(RULES, silence_seconds=0.3)
    with (
        start(board, ("say", b"boot\n"), ("spin",), rules=rules) as machine,
        pytest.raises(Stuck, match=r"silent .*of the guest's time"),
    ):
        machine.console.expect("more")


def test_idle_for_ever_is_told_before_silence(start: Start) -> None:
    rules = replace(RULES, silence_seconds=15)
    with start(ARM, ("say", b"boot\n"), ("idle",), rules=rules) as machine:
        began = time.monotonic()
        with pytest.raises(Stuck, match="idles for ever"):
            machine.console.expect("more", timeout=20)
        assert time.monotonic() - began < 8


@both
def test_repetition(start: Start, board: Board) -> None:
    with (
        start(board, ("say", b"boot\n"), ("say", b"a\nb\n"), ("again", 1)) as machine,
        pytest.raises(Stuck, match="2 lines 200 times"),
    ):
        machine.console.expect("more", timeout=20)


@both
def test_boot_loop(start: Start, board: Board) -> None:
    steps = [("say", b"RTOS 1\ntasks up\nrun\n"), ("delay", 100_000), ("again", 0)]
    with (
        start(board, *steps) as machine,
        pytest.raises(Stuck, match="restarts in a loop: 'RTOS 1'"),
    ):
        machine.console.expect("Statistics", timeout=20)


@both
def test_flood_without_newline_and_a_quick_end(start: Start, board: Board) -> None:
    with start(board, ("say", b"abcdefgh" * 16), ("again", 0)) as machine:
        with pytest.raises(Flooded, match="a line of more than 65536 characters"):
            machine.console.expect("never", timeout=20)
        began = time.monotonic()
    assert time.monotonic() - began < 1


@both
def test_a_flood_nobody_listens_to_ends_quickly(start: Start, board: Board) -> None:
    rules = replace(RULES, total_bytes=10_000)
    with start(board, ("say", b"a\nbb\nccc\n" * 16), ("again", 0), rules=rules) as machine:
        assert not machine.console.wait_for_last_byte(0.5)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert machine.console.transcript.stat().st_size == 10_000


def test_output_on_the_wrong_uart_is_told(start: Start) -> None:
    rules = replace(RULES, silence_seconds=0.3)
    with (
        start(ARM, ("say1", b"here I am\n"), ("spin",), rules=rules) as machine,
        pytest.raises(Stuck, match="No byte came on the console; uart1 has 10 bytes"),
    ):
        machine.console.expect("here")
