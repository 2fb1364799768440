"""Real QEMU, guests of a few instructions: what a machine does and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.deadline import Deadline
from pytest_karatos.emulate.choose import choose_emulator
from pytest_karatos.emulate.host import HostEmulator
from pytest_karatos.emulate.protocol import Boot, Machine
from pytest_karatos.errors import (
    BadSetting,
    BootFailed,
    EngineDown,
    Flooded,
    Forbidden,
    MachineEnded,
    MissingTool,
    NotSeen,
    Stuck,
    UnknownName,
    WrongExit,
)
from pytest_karatos.watch import WatchRules
from tests.emulated.tiny_guest import ARM, BOARDS, RISCV, Step, image

Start = Callable[..., AbstractContextManager[Machine]]
RULES = WatchRules(faults=("panicked",), silence_seconds=3.0)
both = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def boot(board: Board, *steps: Step, rules: WatchRules = RULES, **more: object) -> object:
        elf = image(tmp_path, board.arch, *steps)
        return HostEmulator().boot(
            Boot(board=board, elf=elf, folder=tmp_path / "boot", rules=rules, **more)  # type: ignore[arg-type]
        )

    return boot  # type: ignore[return-value]


def pid_of(machine: Machine) -> int:
    return machine._handle.pid  # type: ignore[attr-defined,no-any-return]


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = Deadline(seconds)
    while not deadline.expired:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


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
        assert machine.settle(5) == 0
        with pytest.raises(Forbidden, match="panicked"):
            machine.console.check()


@both
def test_silence(start: Start, board: Board) -> None:
    rules = replace(RULES, silence_seconds=0.3)
    with (
        start(board, ("say", b"boot\n"), ("spin",), rules=rules) as machine,
        pytest.raises(Stuck, match="silent"),
    ):
        machine.console.expect("more", timeout=20)


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
        with pytest.raises(Flooded, match="a line of more than 65536 bytes"):
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


def test_output_on_the_wrong_uart_is_told(start: Start) -> None:
    rules = replace(RULES, silence_seconds=0.3)
    with (
        start(ARM, ("say1", b"here I am\n"), ("spin",), rules=rules) as machine,
        pytest.raises(Stuck, match="No byte came on the console; uart1 has 10 bytes"),
    ):
        machine.console.expect("here")


@pytest.mark.parametrize("loader", ["kernel", "device"])
def test_loaders_and_a_comma_in_the_path(tmp_path: Path, loader: str) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    elf = image(folder, "riscv", ("say", b"in\n"), ("exit", 0))
    board = replace(RISCV, loader=loader)
    with HostEmulator().boot(Boot(board=board, elf=elf, folder=folder / "boot")) as machine:
        machine.console.expect("in")


@both
def test_every_run_is_the_same(start: Start, board: Board) -> None:
    seen = []
    for _ in range(3):
        with start(board, ("say", b"a\n"), ("delay", 5000), ("say", b"b\n"), ("exit", 0)) as one:
            one.wait(5)
        seen.append(one.console.transcript.read_bytes())
    assert seen == [b"a\nb\n"] * 3


def test_qemu_killed_in_a_wait(start: Start) -> None:
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        os.kill(pid_of(machine), signal.SIGKILL)
        with pytest.raises(MachineEnded, match="killed by signal 9"):
            machine.console.expect("more")
        with pytest.raises(MachineEnded):
            machine.pause()


@both
def test_a_stopped_qemu_is_ended_all_the_same(start: Start, board: Board) -> None:
    with start(board, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        pid = pid_of(machine)
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert gone(pid, 0.5)


@both
def test_a_normal_end_is_quick_and_leaves_nothing(start: Start, board: Board) -> None:
    took = []
    for _ in range(5):
        with start(board, ("say", b"up\n"), ("spin",)) as machine:
            machine.console.expect("up")
            pid, folder = pid_of(machine), machine._wires.folder  # type: ignore[attr-defined]
            began = time.monotonic()
        took.append(time.monotonic() - began)
        assert gone(pid, 0.1)
        assert not folder.exists()
    assert min(took) < 0.05


def test_qemu_that_refuses_its_arguments(start: Start) -> None:
    with (
        pytest.raises(BootFailed, match=r"exit status 1\n.*no-such-thing"),
        start(ARM, ("spin",), arguments=("-device", "no-such-thing")),
    ):
        pass


def test_qemu_that_is_not_there() -> None:
    board = replace(ARM, emulator="qemu-system-nothing")
    with pytest.raises(MissingTool, match="qemu-system-nothing"):
        HostEmulator().require(board)
    with pytest.raises(MissingTool, match=r"Nor can it boot in a container"):
        choose_emulator("auto", board=board, container=None)
    assert HostEmulator().version(ARM).startswith("QEMU emulator version")


def test_words_and_board_data_that_mean_nothing(start: Start) -> None:
    with pytest.raises(UnknownName, match="did you mean 'docker'"):
        choose_emulator("dokcer", board=ARM, container=None)
    with pytest.raises(EngineDown):
        choose_emulator("docker", board=ARM, container=None)
    with pytest.raises(BadSetting, match="console = 'usb'"), start(replace(ARM, console="usb")):
        pass
    with pytest.raises(BadSetting, match="loader = 'tape'"), start(replace(ARM, loader="tape")):
        pass


_ORPHANS = """
import json, sys
from pathlib import Path
from tests.emulated.tiny_guest import ARM, image
from pytest_karatos.emulate.host import HostEmulator
from pytest_karatos.emulate.protocol import Boot
folder = Path(sys.argv[1])
elf = image(folder, "arm", ("say", b"abc"), ("again", 0))
with HostEmulator().boot(Boot(board=ARM, elf=elf, folder=folder / "boot")) as machine:
    machine.console.expect("abc")
    print(json.dumps([machine._handle.pid, str(machine._wires.folder)]), flush=True)
    input()
"""


def test_kill_9_of_the_parent_leaves_no_qemu(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _ORPHANS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
    ) as parent:
        assert parent.stdout is not None
        pid, _folder = json.loads(parent.stdout.readline())
        parent.kill()
    assert gone(pid)
