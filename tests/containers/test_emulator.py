"""The same machine, with QEMU inside a container of the builder image."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.builders.image import Image
from pytest_karatos.containers import Bind, ContainerSpec, Engine
from pytest_karatos.emulators.container import ContainerLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import BootFailed, Flooded, Forbidden, MachineEnded, MissingTool
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.debugging import crash_image
from tests.emulated.semihosting import HOSTED, TO_APPEND, TO_WRITE, WRITE0, opens, writes
from tests.emulated.tiny_guest import ARM, BOARDS, Step
from tests.emulated.tiny_guest import image as guest
from tests.emulated.undisturbed import CHATTER, ENOUGH, said

QEMU = QemuEmulator()
both = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


@pytest.fixture(scope="module")
def launcher(engine: Engine, image: Image) -> Iterator[ContainerLauncher]:
    with tempfile.TemporaryDirectory(prefix="karatos-") as name:
        bind = Bind(source=Path(name), target=name)
        with engine.container(
            ContainerSpec(image=image.id, seconds=300, binds=(bind,))
        ) as container:
            yield ContainerLauncher(container, Path(name))


def boot_of(folder: Path, board: Board, *steps: Step) -> Boot:
    elf = guest(folder, board.arch, *steps)
    return Boot(board=board, elf=elf, folder=folder / "boot")


@both
def test_it_says_ends_and_leaves_its_status(
    launcher: ContainerLauncher, tmp_path: Path, board: Board
) -> None:
    boot = boot_of(tmp_path, board, ("say", b"hello\r\n"), ("exit", 7))
    with QEMU.boot(boot, launcher) as machine:
        machine.console.expect("hello\n")
        assert machine.wait(20) == 7
    assert machine.console.transcript.read_bytes() == b"hello\r\n"


@both
def test_typing_and_memory(launcher: ContainerLauncher, tmp_path: Path, board: Board) -> None:
    address = board.regions[0].start + 0x1000
    boot = boot_of(tmp_path, board, ("poke", address, 0x1234_5678), ("say", b"$ "), ("echo",))
    with QEMU.boot(boot, launcher) as machine:
        machine.console.expect_exact("$ ")
        machine.console.sendline("hey")
        machine.console.expect("hey\n")
        assert machine.read_memory(address, 4) == bytes.fromhex("78563412")


@both
def test_a_flood_ends_quickly(launcher: ContainerLauncher, tmp_path: Path, board: Board) -> None:
    with QEMU.boot(boot_of(tmp_path, board, ("say", b"abc"), ("again", 0)), launcher) as machine:
        with pytest.raises(Flooded):
            machine.console.expect("never")
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_a_crash_of_qemu_is_a_signal(launcher: ContainerLauncher, tmp_path: Path) -> None:
    with (
        QEMU.boot(boot_of(tmp_path, ARM, ("say", b"hello\n"), ("die",)), launcher) as machine,
        pytest.raises(MachineEnded, match=r"killed by signal 6(.|\n)*Lockup"),
    ):
        machine.console.expect("more")


def test_qemu_that_refuses_or_is_not_there(launcher: ContainerLauncher, tmp_path: Path) -> None:
    boot = boot_of(tmp_path, ARM, ("spin",))
    with (
        pytest.raises(BootFailed, match="no-such-thing"),
        QEMU.boot(replace(boot, arguments=("-device", "no-such-thing")), launcher),
    ):
        pass
    with pytest.raises(MissingTool, match="is not in the image"):
        QEMU.require(replace(ARM, emulator="qemu-system-nothing"), launcher)


@pytest.mark.parametrize("arch", HOSTED)
def test_semihosting_is_a_console_by_whatever_call_it_prints(
    launcher: ContainerLauncher, tmp_path: Path, arch: str
) -> None:
    steps = [opens(":tt", TO_WRITE), writes(b"by stdout\n"), ("call", WRITE0, b"by WRITE0\n")]
    errors = [opens(":tt", TO_APPEND), writes(b"qemu: panicked at x\n"), ("exit", 3)]
    rules = WatchRules(faults=("panicked",))
    boot = replace(boot_of(tmp_path, HOSTED[arch], *steps, *errors), rules=rules)
    with QEMU.boot(boot, launcher) as machine:
        other = machine.consoles["semihosting"]
        other.expect_in_order("by stdout\n", "by WRITE0\n")
        assert machine.wait(20) == 3
        with pytest.raises(Forbidden, match=r"^QEMU's stderr has 'qemu: panicked at x'"):
            machine.console.check()
    assert other.transcript.read_bytes() == b"by stdout\nby WRITE0\n"


@both
def test_ten_looks_change_no_byte(
    launcher: ContainerLauncher, tmp_path: Path, board: Board
) -> None:
    elf = crash_image(tmp_path, board.arch, "chatter", CHATTER)
    boot = Boot(board=board, elf=elf, folder=tmp_path / "boot")
    alone, _ = said(boot, launcher)
    assert alone.count(b".") > 1000
    looked_at, seen = said(boot, launcher, looks=10)
    assert looked_at == alone
    assert seen >= ENOUGH


@both
def test_firmware_that_ended_is_looked_at(
    launcher: ContainerLauncher, tmp_path: Path, board: Board
) -> None:
    with QEMU.boot(boot_of(tmp_path, board, ("say", b"up\n"), ("exit", 3)), launcher) as machine:
        assert machine.wait(20) == 3
        found = machine.post_mortem()
    assert found.trouble.startswith("this is its boot once more, one instruction before it ended")
    assert found.frames
