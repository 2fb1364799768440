"""A board on a serial port: flashed and reset by commands of the settings, heard on its port."""

import contextlib
import fcntl
import os
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.choices import SERIAL
from pytest_karatos.console import DescriptorSource
from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.line import line_machine
from pytest_karatos.emulators.protocol import Boot, Launcher, Machine
from pytest_karatos.errors import BadSetting, BootFailed, MissingTool
from pytest_karatos.process import find_tool
from pytest_karatos.text import tail

#: How long another test may have the board, and how often it is looked whether it still has it.
_TURN_SECONDS, _LOOK_SECONDS = 600.0, 0.05
_LINES = 20


class SerialEmulator:
    """Boots firmware on real hardware: ``port``, ``baud``, ``flash`` and ``reset`` of a board."""

    name = SERIAL
    in_container = False

    def require(self, board: Board, launcher: Launcher) -> None:
        """Raise MissingTool when the port, or the program that flashes, is not here."""
        del launcher
        if not Path(board.serial.port).exists():
            raise MissingTool(
                f"there is no port {board.serial.port}.",
                why=f"board '{board.name}' is heard there.",
                fix=f"connect the board, or say its port: [boards.{board.name}] port = ...",
            )
        for argv in filter(None, (board.serial.flash, board.serial.reset)):
            find_tool(
                argv[0],
                needed_for=f"board '{board.name}' is flashed or reset by it.",
                fix=f"install it, or name another in [boards.{board.name}]",
            )

    def version(self, board: Board, launcher: Launcher) -> str:
        """Name the port and its speed."""
        del launcher
        return f"serial port {board.serial.port} at {board.serial.baud} baud"

    def boot(self, boot: Boot, launcher: Launcher) -> AbstractContextManager[Machine]:
        """Flash the firmware, and let it boot with its console attached.

        :raises MissingTool: without port or program.
        :raises BootFailed: when flashing or the reset fails, or the port is taken.
        """
        self.require(boot.board, launcher)
        return self._booted(boot, launcher)

    @contextlib.contextmanager
    def _booted(self, boot: Boot, launcher: Launcher) -> Iterator[Machine]:
        boot.folder.mkdir(parents=True, exist_ok=True)
        serial = boot.board.serial
        flash, reset = (_Command(boot, launcher, word) for word in ("flash", "reset"))
        with _open_port(boot.board) as descriptor:
            flash.run()
            # A tool that flashes through this very port leaves its own speed behind.
            set_line(descriptor, boot.board)
            if serial.reset:
                termios.tcflush(descriptor, termios.TCIFLUSH)
            with line_machine(
                boot,
                DescriptorSource(os.dup(descriptor)),
                emulator=self.version(boot.board, launcher),
                commands=[one.argv for one in (flash, reset) if one.argv],
                start=reset.run,
                reset=reset.run if serial.reset else None,
            ) as machine:
                yield machine


@dataclass(frozen=True, slots=True)
class _Command:
    """The command of the board's settings that is called ``word``: it flashes, or resets."""

    boot: Boot
    launcher: Launcher
    word: str

    @property
    def argv(self) -> Sequence[str]:
        """The command with the ELF and the port put in."""
        serial = self.boot.board.serial
        facts = {"{elf}": str(self.boot.elf), "{port}": serial.port, "{baud}": str(serial.baud)}
        words = serial.flash if self.word == "flash" else serial.reset
        return [_filled(word, facts) for word in words]

    def run(self) -> None:
        """Run it to its end, if there is one.

        :raises BootFailed: when it fails, or takes longer than it may.
        """
        if not self.argv:
            return
        folder, seconds = self.boot.folder / self.word, self.boot.board.serial.flash_seconds
        folder.mkdir(exist_ok=True)
        with self.launcher.launch(self.argv, cwd=Path.cwd(), folder=folder) as handle:
            status = handle.wait(seconds)
        if status == 0:
            return
        how = f"took more than {seconds:g} s" if status is None else f"ended with status {status}"
        last = [line for name in ("stdout", "stderr") for line in tail(folder / f"{name}.log", 20)]
        raise BootFailed(
            "\n".join([f"`{' '.join(self.argv)}` {how}.", *last[-_LINES:]]),
            why=f"it is the {self.word} command of board '{self.boot.board.name}'.",
            fix="try it by hand; its output is in " + str(folder),
        )


def _filled(word: str, facts: dict[str, str]) -> str:
    for placeholder, value in facts.items():
        word = word.replace(placeholder, value)
    return word


@contextlib.contextmanager
def _open_port(board: Board) -> Iterator[int]:
    """Open the board's port, for this process alone, with what it has kept so far thrown away."""
    port = board.serial.port
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise BootFailed(
            f"{port} cannot be opened: {error.strerror}.",
            why=f"board '{board.name}' is heard there.",
            fix="sudo usermod -aG dialout $USER, then log in again",
        ) from None
    try:
        _take_turn(descriptor, board)
        set_line(descriptor, board)
        termios.tcflush(descriptor, termios.TCIFLUSH)
        yield descriptor
    finally:
        os.close(descriptor)


def _take_turn(descriptor: int, board: Board) -> None:
    """Wait until no other test has the board; the kernel frees it when its holder dies."""
    deadline, never = Deadline(_TURN_SECONDS), threading.Event()
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if deadline.expired:
            raise BootFailed(
                f"{board.serial.port} was taken for {deadline.seconds:g} s by another process.",
                why=f"board '{board.name}' runs one test at a time.",
                fix=f"fuser -v {board.serial.port}",
            )
        # The kernel has no wait for a lock that ends with a deadline.
        never.wait(_LOOK_SECONDS)


def set_line(descriptor: int, board: Board) -> None:
    """Set 8 data bits, no parity, one stop bit and the board's speed; every byte as it is.

    :raises BadSetting: for a speed that the system does not have, or a port that is not one.
    """
    speed = getattr(termios, f"B{board.serial.baud}", None)
    if speed is None:
        speeds = sorted(int(one[1:]) for one in dir(termios) if one[0] == "B" and one[1:].isdigit())
        raise BadSetting(
            f"board '{board.name}' has baud = {board.serial.baud}, which is not a speed of a port.",
            fix=f"one of {', '.join(str(one) for one in speeds if one)}",
        )
    try:
        control = termios.tcgetattr(descriptor)[6]
        # CLOCAL: no modem's carrier is waited for. No HUPCL: closing does not reset the board.
        flags = termios.CS8 | termios.CREAD | termios.CLOCAL
        control[termios.VMIN], control[termios.VTIME] = 1, 0
        line = [0, 0, flags, 0, speed, speed, control]
        termios.tcsetattr(descriptor, termios.TCSANOW, line)
    except termios.error as error:
        raise BadSetting(
            f"{board.serial.port} of board '{board.name}' is not a serial port: {error.args[1]}.",
            fix='name one, as port = "/dev/ttyACM0"',
        ) from None
