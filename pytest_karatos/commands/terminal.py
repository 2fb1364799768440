"""Connect a person's terminal with a machine: every byte out at once, every key in."""

import contextlib
import os
import signal
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pytest_karatos.commands.shell import Shell
from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.errors import Misbehaved

#: Ctrl-], telnet's old way out.
ESCAPE = b"\x1d"
_CHUNK = 64 * 1024
#: How long the guest's words may wait for being shown, in seconds: below what a person notices.
_LATENCY = 0.02


class Leave(BaseException):
    """The person wants to leave: Ctrl-C, or SIGTERM."""


def connect(machine: Machine, shell: Shell, *, newline: str) -> int | None:
    """Show and type until the machine ends; its status, or None when the person ended it.

    :raises BrokenPipeError: when nobody reads our output any more.
    """
    keys = _Keys(machine, shell.stdin, newline.encode())
    with _keyboard(shell.stdin), _endable():
        try:
            _show(machine, shell, keys)
        except Leave:
            return None
    return None if keys.escaped else machine.settle(_LATENCY * 50)


def _show(machine: Machine, shell: Shell, keys: "_Keys") -> None:
    """Copy the transcript to our output as it grows."""
    shell.out.flush()
    out, offset, ended = shell.out.fileno(), 0, False
    with Path(machine.console.transcript).open("rb") as transcript:
        while not (ended or keys.escaped):
            # The last byte's end wakes us at once; text is looked for in between.
            ended = machine.console.wait_for_last_byte(_LATENCY)
            while chunk := os.pread(transcript.fileno(), _CHUNK, offset):
                offset += len(chunk)
                _write(out, chunk)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


class _Keys:
    """A thread that types what comes in. It may still wait for a key when everything is over."""

    def __init__(self, machine: Machine, descriptor: int, newline: bytes) -> None:
        self.escaped = False
        self._machine = machine
        self._descriptor = descriptor
        self._newline = newline
        threading.Thread(target=self._run, name="karatos-keys", daemon=True).start()

    def _run(self) -> None:
        # A closed standard input, or a guest that takes nothing any more: then nothing is typed.
        with contextlib.suppress(OSError, Misbehaved):
            while data := os.read(self._descriptor, 4096):
                typed, escape, _ = data.partition(ESCAPE)
                if typed:
                    self._machine.console.send(typed.replace(b"\n", self._newline))
                if escape:
                    self.escaped = True
                    return


@contextlib.contextmanager
def _keyboard(descriptor: int) -> Iterator[None]:
    """Hand over each key as it is pressed, without echo: echoing is the guest's business."""
    if not is_terminal(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def is_terminal(descriptor: int) -> bool:
    """Tell whether a person sits there; a closed descriptor is nobody."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


@contextlib.contextmanager
def _endable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the machine in order, also where a shell had us ignore them."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Leave

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
