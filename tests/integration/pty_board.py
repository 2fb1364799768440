"""A stand-in for a board on a serial port: a thread behind a pseudo terminal, with a reset button.

Flashing copies the ELF; the button is a named pipe. A boot prints what the ELF holds, then echoes.
"""

import contextlib
import os
import pty
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.board import Board, SerialPort
from tests.emulated.tiny_guest import ARM


class PtyBoard:
    def __init__(self, folder: Path) -> None:
        self.flashed, self.button = folder / "flashed", folder / "button"
        self.said = folder / "said"
        os.mkfifo(self.button)
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self._pressed = os.open(self.button, os.O_RDWR)
        self._plugged = True
        self._works = [
            threading.Thread(target=work, daemon=True)
            for work in (self._boot_when_pressed, self._echo)
        ]
        for work in self._works:
            work.start()

    @property
    def flash(self) -> tuple[str, ...]:
        return ("cp", "{elf}", str(self.flashed))

    @property
    def reset(self) -> tuple[str, ...]:
        return ("sh", "-c", f"echo {{port}} > {self.button}")

    @property
    def flash_and_boot(self) -> tuple[str, ...]:
        """A tool that lets the firmware go itself, and ends when that has spoken."""
        steps = (
            f"cp {{elf}} {self.flashed}; echo > {self.button}; until [ -e {self.said} ]; do :; done"
        )
        return ("sh", "-c", steps)

    def board(self, **more: object) -> Board:
        serial = {"port": self.port, "flash": self.flash, "reset": self.reset, **more}
        return Board(
            name="nucleo",
            arch="arm",
            kind="serial",
            serial=SerialPort(**serial),  # type: ignore[arg-type]
            watch=ARM.watch,
        )

    def say(self, data: bytes) -> None:
        os.write(self._ours, data)

    def unplug(self) -> None:
        if not self._plugged:
            return
        self._plugged = False
        # A descriptor that somebody still reads from is not closed: both threads end first.
        os.write(self._pressed, b"x")
        os.write(self._theirs, b"x")
        for work in self._works:
            work.join()
        for one in (self._ours, self._theirs, self._pressed):
            os.close(one)

    def _boot_when_pressed(self) -> None:
        while os.read(self._pressed, 100) and self._plugged:
            self.say(self.flashed.read_bytes())
            self.said.touch()

    def _echo(self) -> None:
        while (data := os.read(self._ours, 100)) and self._plugged:
            self.say(b"you typed " + data)


@contextlib.contextmanager
def pty_board(folder: Path) -> Iterator[PtyBoard]:
    board = PtyBoard(folder)
    try:
        yield board
    finally:
        board.unplug()
