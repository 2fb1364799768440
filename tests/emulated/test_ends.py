"""How a machine ends, or never begins; whatever happens, nothing of it is left."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.choose import choose_launcher
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import (
    BadSetting,
    BootFailed,
    EngineDown,
    MachineEnded,
    MissingTool,
    UnknownName,
)
from tests.emulated.booting import Start, both, gone, pid_of
from tests.emulated.tiny_guest import ARM


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
    assert min(took) < 0.2  # its first step may take as long, so no other was needed


def test_qemu_that_refuses_its_arguments(start: Start) -> None:
    with (
        pytest.raises(BootFailed, match=r"exit status 1\n.*no-such-thing"),
        start(ARM, ("spin",), arguments=("-device", "no-such-thing")),
    ):
        pass


QEMU = QemuEmulator()


def test_qemu_that_is_not_there() -> None:
    board = replace(ARM, emulator="qemu-system-nothing")
    with pytest.raises(MissingTool, match="qemu-system-nothing"):
        QEMU.require(board, HostLauncher())
    with pytest.raises(MissingTool, match=r"Nor can it boot in a container"):
        choose_launcher("auto", board=board, emulator=QEMU, container=None)
    assert QEMU.version(ARM, HostLauncher()).startswith("QEMU emulator version")


def test_words_and_board_data_that_mean_nothing(start: Start) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'docker'"):
        choose_launcher("dokcer", board=ARM, emulator=QEMU, container=None)
    with pytest.raises(EngineDown):
        choose_launcher("docker", board=ARM, emulator=QEMU, container=None)
    with pytest.raises(BadSetting, match="console = 'usb'"), start(replace(ARM, console="usb")):
        pass
    with pytest.raises(BadSetting, match="loader = 'tape'"), start(replace(ARM, loader="tape")):
        pass


_ORPHANS = """
import json, sys
from pathlib import Path
from tests.emulated.tiny_guest import ARM, image
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
folder = Path(sys.argv[1])
elf = image(folder, "arm", ("say", b"abc"), ("again", 0))
boot = Boot(board=ARM, elf=elf, folder=folder / "boot")
with QemuEmulator().boot(boot, HostLauncher()) as machine:
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
