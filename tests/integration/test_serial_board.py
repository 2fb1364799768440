"""A board on a serial port is flashed, heard, reset and judged as any other machine is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot, Machine
from pytest_karatos.emulators.serial import SerialEmulator
from pytest_karatos.errors import (
    BadSetting,
    BootFailed,
    Forbidden,
    MachineEnded,
    MissingTool,
    NotPossible,
    NotSeen,
)
from pytest_karatos.exit_check import judge
from pytest_karatos.watch_rules import WatchRules
from tests.integration.pty_board import PtyBoard, pty_board

RULES = WatchRules(faults=("HardFault",))


@pytest.fixture
def hardware(tmp_path: Path) -> Iterator[PtyBoard]:
    with pty_board(tmp_path) as board:
        yield board


def booted(folder: Path, board: Board, text: bytes = b"boot\n") -> AbstractContextManager[Machine]:
    elf = folder / "k.elf"
    elf.write_bytes(text)
    boot = Boot(board=board, elf=elf, folder=folder / "boot", rules=RULES)
    return SerialEmulator().boot(boot, HostLauncher())


def test_it_is_flashed_reset_and_heard_from_the_first_byte(
    hardware: PtyBoard, tmp_path: Path
) -> None:
    hardware.say(b"HardFault of the firmware before\n")
    with booted(tmp_path, hardware.board(), b"boot\r\nup\r\n") as machine:
        machine.console.expect("boot\nup")
        machine.console.sendline("help")
        machine.console.expect("you typed help")
        judge(machine)
        assert machine.exit_status is None
    assert machine.console.transcript.read_bytes().startswith(b"boot\r\nup\r\n")
    facts = machine.facts()
    assert (facts["state"], facts["exit_status"], facts["board"]) == ("stopped", None, "nucleo")
    assert facts["emulator"] == f"serial port {hardware.port} at 115200 baud"
    assert facts["bytes"] == machine.console.transcript.stat().st_size
    command = (tmp_path / "boot" / "command.txt").read_text()
    assert f"cp {tmp_path}/k.elf {hardware.flashed} && sh -c" in command


def test_without_a_reset_it_is_heard_from_the_flashing_on(
    hardware: PtyBoard, tmp_path: Path
) -> None:
    hardware.say(b"HardFault of the firmware before\n")
    with booted(tmp_path, hardware.board(flash=hardware.flash_and_boot, reset=())) as machine:
        machine.console.expect("boot")
    assert machine.console.transcript.read_bytes() == b"boot\n"


def test_with_a_reset_what_came_while_flashing_is_not_heard(
    hardware: PtyBoard, tmp_path: Path
) -> None:
    with booted(tmp_path, hardware.board(flash=hardware.flash_and_boot)) as machine:
        machine.console.expect("boot")
        machine.settle(0.1)
    assert machine.console.transcript.read_bytes() == b"boot\n"


def test_a_reset_boots_it_once_more(hardware: PtyBoard, tmp_path: Path) -> None:
    with booted(tmp_path, hardware.board()) as machine:
        machine.console.expect("boot")
        machine.reset()
        machine.console.expect("boot")
    assert machine.facts()["resets"] == 1


def test_a_late_fault_is_a_failure(hardware: PtyBoard, tmp_path: Path) -> None:
    with booted(tmp_path, hardware.board()) as machine:
        machine.console.expect("boot")
        hardware.say(b"HardFault at 0x10\n")
        with pytest.raises(Forbidden, match="HardFault at 0x10"):
            judge(machine)


def test_a_silent_board_is_said_to_be_silent(hardware: PtyBoard, tmp_path: Path) -> None:
    with booted(tmp_path, hardware.board(reset=())) as machine:
        with pytest.raises(NotSeen, match="nothing was printed for") as caught:
            machine.console.expect("boot", timeout=0.2)
        assert "No byte came" in str(caught.value)


def test_a_port_that_is_pulled_out_is_an_end(hardware: PtyBoard, tmp_path: Path) -> None:
    with booted(tmp_path, hardware.board()) as machine:
        machine.console.expect("boot")
        hardware.unplug()
        with pytest.raises(MachineEnded, match="its line was closed"):
            machine.console.expect("more")
        with pytest.raises(MachineEnded, match="line of board 'nucleo' was closed"):
            judge(machine)


def test_what_hardware_cannot_do_is_a_sentence(hardware: PtyBoard, tmp_path: Path) -> None:
    with booted(tmp_path, hardware.board(reset=())) as machine:
        assert machine.instructions is None
        for ask, sentence in [
            (machine.pause, "cannot be paused"),
            (machine.resume, "cannot be paused"),
            (machine.reset, r"cannot be reset.\n  fix: .*reset = "),
            (lambda: machine.read_memory(0, 4), "does not let its memory be read"),
            (machine.wait, r'never ends by itself(.|\n)*expect_exit = "never"'),
            (lambda: judge(machine, 0), "never ends by itself"),
        ]:
            with pytest.raises(NotPossible, match=sentence):
                ask()  # type: ignore[operator]


def test_flashing_that_fails_or_hangs_is_told(hardware: PtyBoard, tmp_path: Path) -> None:
    fails = hardware.board(flash=("sh", "-c", "echo no probe found >&2; exit 3"))
    with (
        pytest.raises(BootFailed, match=r"ended with status 3\.\nno probe found\n.*flash command"),
        booted(tmp_path, fails),
    ):
        pass
    hangs = hardware.board(flash=("sleep", "100"), flash_seconds=0.1)
    with pytest.raises(BootFailed, match=r"took more than 0\.1 s"), booted(tmp_path, hangs):
        pass
    fails = hardware.board(reset=("false",))
    with pytest.raises(BootFailed, match="the reset command of board"), booted(tmp_path, fails):
        pass
    assert '"state": "failed"' in (tmp_path / "boot" / "boot.json").read_text()


def test_a_port_that_is_not_there_or_none(hardware: PtyBoard, tmp_path: Path) -> None:
    for board, error, sentence in [
        (hardware.board(port="/dev/ttyNONE"), MissingTool, "no port /dev/ttyNONE"),
        (hardware.board(port="/dev/null"), BadSetting, "/dev/null .* is not a serial port"),
        (hardware.board(baud=12345), BadSetting, r"baud = 12345(.|\n)*115200"),
        (hardware.board(flash=("no-such-flasher",)), MissingTool, "no-such-flasher"),
    ]:
        with pytest.raises(error, match=sentence), booted(tmp_path, board):
            pass


def test_two_tests_do_not_have_the_board_at_once(
    hardware: PtyBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_karatos.emulators.serial._TURN_SECONDS", 0.1)
    (tmp_path / "two").mkdir()
    with (
        booted(tmp_path, hardware.board()),
        pytest.raises(BootFailed, match=r"was taken for 0\.1 s by another process"),
        booted(tmp_path / "two", hardware.board()),
    ):
        pass


def test_no_descriptor_is_left(hardware: PtyBoard, tmp_path: Path) -> None:
    def one() -> None:
        with booted(tmp_path, replace(hardware.board())) as machine:
            machine.console.expect("boot")

    one()
    before = len(list(Path("/proc/self/fd").iterdir()))
    one()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
