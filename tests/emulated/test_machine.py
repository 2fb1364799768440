"""Real QEMU, guests of a few instructions: what a test can do with a machine."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot, Machine
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import MachineEnded, NotSeen, WrongExit
from tests.emulated.booting import Start, both
from tests.emulated.tiny_guest import ARM, RISCV, image


@both
def test_hello_and_exit_status(start: Start, board: Board) -> None:
    with start(board, ("say", b"hello\r\nbye\r\n"), ("exit", 7)) as machine:
        machine.console.expect_in_order("hello", "bye")
        assert machine.wait(5) == 7
        assert machine.exit_status == 7
    assert machine.console.transcript.read_bytes() == b"hello\r\nbye\r\n"
    assert "-serial stdio" in (machine.console.transcript.parent / "command.txt").read_text()


@both
def test_exit_zero_and_what_came_can_be_read_after_the_end(start: Start, board: Board) -> None:
    with start(board, ("say", b"all\nok\n"), ("exit", 0)) as machine:
        assert machine.wait() == 0
    assert machine.console.text == "all\nok\n"
    machine.console.expect("all")
    machine.console.check()


@both
def test_every_run_is_the_same(start: Start, board: Board) -> None:
    seen = []
    for _ in range(3):
        with start(board, ("say", b"a\n"), ("delay", 5000), ("say", b"b\n"), ("exit", 0)) as one:
            one.wait(5)
        seen.append(one.console.transcript.read_bytes())
    assert seen == [b"a\nb\n"] * 3


@both
def test_garbage(start: Start, board: Board) -> None:
    raw = bytes(range(256)) + b"\x1b[31m\xc3\x28\x00\rend\r"
    with start(board, ("say", raw), ("exit", 0)) as machine:
        machine.console.expect("end\n")
        machine.wait(5)
    assert machine.console.transcript.read_bytes() == raw


@both
def test_typing_is_echoed(start: Start, board: Board) -> None:
    with start(board, ("say", b"$ "), ("echo",)) as machine:
        machine.console.expect_exact("$ ")
        machine.console.sendline("status")
        machine.console.expect("status\n")


@both
def test_memory_pause_resume_reset(start: Start, board: Board) -> None:
    address = board.regions[0].start + 0x1000
    steps = [("poke", address, 0x1234_5678), ("say", b"up\n"), ("spin",)]
    with start(board, *steps) as machine:
        machine.console.expect("up")
        assert machine.read_memory(address, 4) == bytes.fromhex("78563412")
        machine.pause()
        machine.reset()
        with pytest.raises(NotSeen):
            machine.console.expect("up", timeout=0.2)
        machine.resume()
        machine.console.expect("up")


@both
def test_what_was_printed_before_a_reset_is_no_answer_to_it(start: Start, board: Board) -> None:
    with start(board, ("say", b"boot\n=> "), ("spin",)) as machine:
        machine.console.expect("boot")
        machine.settle(0.01)
        machine.pause()
        machine.reset()
        with pytest.raises(NotSeen):
            machine.console.expect("=> ", timeout=0.2)
        machine.resume()
        machine.console.expect_in_order("boot", "=> ")


@both
def test_wait_says_that_it_still_runs(start: Start, board: Board) -> None:
    with (
        start(board, ("say", b"up\n"), ("spin",)) as machine,
        pytest.raises(WrongExit, match=r"still runs after 0.2 s"),
    ):
        machine.wait(0.2)
    assert machine.exit_status is not None


def test_semihosting_console(start: Start) -> None:
    board = replace(ARM, console="semihosting")
    with start(board, ("hosted", b"from the host\n"), ("exit", 0)) as machine:
        machine.console.expect("from the host")
        assert machine.wait(5) == 0


def test_the_second_uart_is_the_console(start: Start) -> None:
    board = replace(ARM, console="uart1")
    with start(board, ("say", b"zero\n"), ("say1", b"one\n"), ("exit", 0)) as machine:
        machine.console.expect("one")
        machine.wait(5)
    assert machine.console.text == "one\n"
    assert (machine.console.transcript.parent / "uart0.log").read_bytes() == b"zero\n"


@pytest.mark.parametrize("loader", ["kernel", "device"])
def test_loaders_and_a_comma_in_the_path(tmp_path: Path, loader: str) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    elf = image(folder, "riscv", ("say", b"in\n"), ("exit", 0))
    board = replace(RISCV, loader=loader)
    boot = Boot(board=board, elf=elf, folder=folder / "boot")
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        machine.console.expect("in")


@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.time,
        lambda one: one.pause(),
        lambda one: one.resume(),
        lambda one: one.reset(),
        lambda one: one.read_memory(0, 4),
        lambda one: one.registers,
        lambda one: one.where(),
    ],
)
def test_who_asks_a_machine_that_is_over_is_told_so(
    start: Start, ask: Callable[[Machine], object]
) -> None:
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
    with pytest.raises(MachineEnded):
        ask(machine)
    assert machine.run_for(0.1).ended
    assert machine.instructions is not None
    assert machine.exit_status is not None
