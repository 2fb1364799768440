"""The same machine, with QEMU inside a container of the builder image."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.build.image import Image
from pytest_karatos.emulate.container import ContainerEmulator
from pytest_karatos.emulate.protocol import Boot
from pytest_karatos.engine import Bind, Engine, Order
from pytest_karatos.errors import BootFailed, Flooded, MachineEnded, MissingTool
from tests.emulated.tiny_guest import ARM, BOARDS, Step
from tests.emulated.tiny_guest import image as guest

both = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


@pytest.fixture(scope="module")
def emulator(engine: Engine, image: Image) -> Iterator[ContainerEmulator]:
    with tempfile.TemporaryDirectory(prefix="karatos-") as name:
        bind = Bind(source=Path(name), target=name)
        with engine.container(Order(image=image.id, seconds=300, binds=(bind,))) as container:
            yield ContainerEmulator(container, Path(name))


def boot_of(folder: Path, board: Board, *steps: Step) -> Boot:
    elf = guest(folder, board.arch, *steps)
    return Boot(board=board, elf=elf, folder=folder / "boot")


@both
def test_it_says_ends_and_leaves_its_status(
    emulator: ContainerEmulator, tmp_path: Path, board: Board
) -> None:
    boot = boot_of(tmp_path, board, ("say", b"hello\r\n"), ("exit", 7))
    with emulator.boot(boot) as machine:
        machine.console.expect("hello\n")
        assert machine.wait(20) == 7
    assert machine.console.transcript.read_bytes() == b"hello\r\n"


@both
def test_typing_and_memory(emulator: ContainerEmulator, tmp_path: Path, board: Board) -> None:
    address = board.regions[0].start + 0x1000
    boot = boot_of(tmp_path, board, ("poke", address, 0x1234_5678), ("say", b"$ "), ("echo",))
    with emulator.boot(boot) as machine:
        machine.console.expect_exact("$ ")
        machine.console.sendline("hey")
        machine.console.expect("hey\n")
        assert machine.read_memory(address, 4) == bytes.fromhex("78563412")


@both
def test_a_flood_ends_quickly(emulator: ContainerEmulator, tmp_path: Path, board: Board) -> None:
    with emulator.boot(boot_of(tmp_path, board, ("say", b"abc"), ("again", 0))) as machine:
        with pytest.raises(Flooded):
            machine.console.expect("never")
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_a_crash_of_qemu_is_a_signal(emulator: ContainerEmulator, tmp_path: Path) -> None:
    with (
        emulator.boot(boot_of(tmp_path, ARM, ("say", b"hello\n"), ("die",))) as machine,
        pytest.raises(MachineEnded, match=r"killed by signal 6(.|\n)*Lockup"),
    ):
        machine.console.expect("more")


def test_qemu_that_refuses_or_is_not_there(emulator: ContainerEmulator, tmp_path: Path) -> None:
    boot = boot_of(tmp_path, ARM, ("spin",))
    with (
        pytest.raises(BootFailed, match="no-such-thing"),
        emulator.boot(replace(boot, arguments=("-device", "no-such-thing"))),
    ):
        pass
    with pytest.raises(MissingTool, match="is not in the image"):
        emulator.require(replace(ARM, emulator="qemu-system-nothing"))
