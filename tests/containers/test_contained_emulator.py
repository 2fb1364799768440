"""Hostile firmware in the container's QEMU: nothing of the image, of us, of another boot."""

import signal
import tempfile
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
from pytest_karatos.errors import MachineEnded
from tests.emulated.semihosting import (
    HOSTED,
    TO_READ,
    TO_UPDATE,
    TO_WRITE,
    opens,
    removes,
    renames,
    runs,
    writes,
)
from tests.emulated.tiny_guest import Step
from tests.emulated.tiny_guest import image as guest

both = pytest.mark.parametrize("board", HOSTED.values(), ids=HOSTED)
QEMU = QemuEmulator()


@pytest.fixture(scope="module")
def launcher(engine: Engine, image: Image) -> Iterator[ContainerLauncher]:
    with tempfile.TemporaryDirectory(prefix="karatos-") as name:
        bind = Bind(source=Path(name), target=name)
        order = ContainerSpec(image=image.id, seconds=300, binds=(bind,))
        with engine.container(order) as container:
            yield ContainerLauncher(container, Path(name))


def boot_of(folder: Path, board: Board, *steps: Step) -> Boot:
    folder.mkdir(exist_ok=True)
    elf = guest(folder, board.arch, *steps, ("say", b".\n"), ("spin",))
    return Boot(board=board, elf=elf, folder=folder / "boot")


def results(launcher: ContainerLauncher, folder: Path, board: Board, *calls: Step) -> str:
    """Return a letter for what each call returned: 0, + or - (refused)."""
    steps = [step for call in calls for step in (call, ("result",))]
    with QEMU.boot(boot_of(folder, board, *steps), launcher) as machine:
        machine.console.expect_exact(".\n")
        return machine.console.before or ""


@both
def test_nothing_of_the_image_or_of_us(
    launcher: ContainerLauncher, tmp_path: Path, board: Board
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    places = (secret, "/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "/bin/sh")
    made = (tmp_path / "made", "/tmp/made", "relative", "/dev/shm/made")  # noqa: S108
    pipes = ("control.in", "control.out", "console.in", "console.out", "clock", "ticks")
    refused = results(
        launcher,
        tmp_path,
        board,
        *(opens(path, TO_READ) for path in places),
        *(opens(path, TO_WRITE) for path in made),
        *(opens(f"../pipes/{name}", TO_UPDATE) for name in pipes),
        *(removes("../logs/memory"), renames("../logs/memory", "mine")),
    )
    assert refused == "-" * 17


@both
def test_nothing_of_another_boot(launcher: ContainerLauncher, tmp_path: Path, board: Board) -> None:
    other = replace(HOSTED["arm"], semihosting_files=True)
    steps = (opens("mine", TO_WRITE), writes(b"secret"))
    with QEMU.boot(boot_of(tmp_path / "other", other, *steps), launcher) as machine:
        machine.console.expect_exact(".\n")
        files = machine._wires  # type: ignore[attr-defined]
        mine = files.scratch / "mine"
        assert mine.read_bytes() == b"secret"
        (copy,) = files.folder.glob("copies/*")
        theirs = (mine, files.logs / "memory", copy)
        calls = [opens(path, mode) for path in theirs for mode in (TO_READ, TO_WRITE)]
        assert results(launcher, tmp_path, board, *calls, removes(mine)) == "-" * 7
        assert mine.read_bytes() == b"secret"


@both
def test_a_command_ends_the_machine_and_is_told(
    launcher: ContainerLauncher, tmp_path: Path, board: Board
) -> None:
    with QEMU.boot(boot_of(tmp_path, board, runs("true")), launcher) as machine:
        with pytest.raises(MachineEnded, match="the firmware asked the host to run a command"):
            machine.console.expect_exact(".\n")
        assert machine.exit_status == -signal.SIGSYS


def test_a_private_folder_where_the_board_asks_for_one(
    launcher: ContainerLauncher, tmp_path: Path
) -> None:
    board = replace(HOSTED["riscv"], semihosting_files=True)
    assert results(launcher, tmp_path, board, opens("out", TO_WRITE), writes(b"123")) == "+0"
    assert (tmp_path / "boot" / "files" / "out").read_bytes() == b"123"


def test_a_trusted_firmware_is_held_by_the_container_alone(
    launcher: ContainerLauncher, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    board = replace(HOSTED["arm"], contained=False)
    calls = (runs("test -r /etc/passwd"), opens(secret, TO_READ), opens("/usr/made", TO_WRITE))
    assert results(launcher, tmp_path, board, *calls) == "0--"
