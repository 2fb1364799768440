"""A QEMU that ends at once, says nothing or stands still: told as that, and not as the firmware."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.errors import BootFailed, NotSeen, Stuck, TooLittle
from pytest_karatos.exit_check import judge
from tests.emulated.booting import Start, both, gone, pid_of
from tests.emulated.semihosting import HOSTED
from tests.emulated.tiny_guest import ARM


def stub(folder: Path, script: str) -> Board:
    """Return a board whose QEMU is a shell script."""
    program = folder / "qemu-system-stub"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return replace(ARM, emulator=str(program), contained=False)


@pytest.mark.parametrize("status", [0, 3])
def test_one_that_ends_at_once(start: Start, tmp_path: Path, status: int) -> None:
    board = stub(tmp_path, f"echo no such thing >&2; exit {status}")
    with (
        pytest.raises(BootFailed, match=rf"did not start .* exit status {status}\n.*no such thing"),
        start(board, ("spin",)),
    ):
        pass


def test_one_that_says_nothing(start: Start, tmp_path: Path) -> None:
    board = stub(tmp_path, f"echo $$ > {tmp_path}/pid; trap '' TERM; while :; do sleep 1; done")
    with (
        pytest.raises(BootFailed, match="QEMU did not answer 'greet' within 1 s"),
        start(board, ("spin",), boot_timeout_seconds=1.0),
    ):
        pass
    assert gone(int((tmp_path / "pid").read_text()))


def test_one_that_is_stopped_for_good(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        pid = pid_of(machine)
        os.kill(pid, signal.SIGSTOP)
        # Each question waits for so many seconds.
        monkeypatch.setitem(Qmp.ask.__kwdefaults__ or {}, "timeout", 0.2)
        told = rf"QEMU is stopped \(kill -CONT {pid} lets it go on\), and its firmware with it"
        with pytest.raises(NotSeen, match=told):
            machine.console.expect("more", timeout=0.1)
        with pytest.raises(TooLittle, match=f"the test's last line {told}"):
            judge(machine)
    assert gone(pid)


@both
def test_the_thread_that_booted_it_ends(start: Start, board: Board) -> None:
    made: list[Machine] = []
    block = start(board, ("say", b"> "), ("echo",))
    thread = threading.Thread(target=lambda: made.append(block.__enter__()))
    thread.start()
    thread.join(60)
    try:
        (machine,) = made
        machine.console.expect_exact("> ")
        machine.console.sendline("still here")
        machine.console.expect("still here")
        pid = pid_of(machine)
    finally:
        block.__exit__(None, None, None)
    assert gone(pid)


@pytest.mark.parametrize("arch", HOSTED)
def test_a_guest_that_waits_for_a_key_in_a_call(start: Start, arch: str) -> None:
    rules = replace(HOSTED[arch].watch, silence_seconds=1.0)
    began = time.monotonic()
    with start(HOSTED[arch], ("say", b"up\n"), ("call", 0x07, 0), rules=rules) as machine:
        machine.console.expect("up")
        with pytest.raises(Stuck, match=r"idles for ever: .* or for typed input"):
            machine.console.expect("more", timeout=30)
        pid = pid_of(machine)
    assert gone(pid)
    assert time.monotonic() - began < 30
