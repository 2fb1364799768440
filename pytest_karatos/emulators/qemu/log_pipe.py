"""The pipe of QEMU's log, with so much room as we leave: QEMU waits where it is full.

QEMU writes a line before it executes the instruction, and waits for room without holding anything
that its control line needs. So a guest comes no further than the lines for which there is room.
"""

import contextlib
import fcntl
import os
import select
import time
from pathlib import Path

from pytest_karatos.console.transport import pending_in
from pytest_karatos.deadline import Deadline

#: The least that a pipe can hold, and what a narrow one does.
PAGE = 4096
_WIDE = 64 * 1024
_CHUNK = 1024 * 1024
_GLANCE = 0.0001
#: What room is taken up with: empty lines, which say nothing.
_FILLING = b"\n" * PAGE


class LogPipe:
    """A named pipe at ``path``, made here; :meth:`open_inlet` once QEMU has opened it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path, 0o600)
        self._outlet = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._inlet = -1
        self._poll = select.poll()
        self._poll.register(self._outlet, select.POLLIN)
        self._is_narrow = False

    def wait_until_full(self, line: int, seconds: float) -> None:
        """Wait up to ``seconds`` until a narrow pipe has no room for another ``line`` bytes."""
        deadline = Deadline(seconds)
        while pending_in(self._outlet) + line <= PAGE and not deadline.expired:
            time.sleep(_GLANCE)

    def forget_name(self) -> None:
        """Take the name away, once QEMU has opened the pipe."""
        self.path.unlink()

    def read(self, seconds: float) -> bytes | None:
        """Return what comes within ``seconds``; nothing if nothing comes, None at the end."""
        if not self._poll.poll(seconds * 1000):
            return b""
        try:
            return os.read(self._outlet, _CHUNK) or None
        except BlockingIOError:
            return b""

    def take(self) -> bytes:
        """Return what is in there, without waiting."""
        found = bytearray()
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._outlet, _CHUNK):
                found += piece
        return bytes(found)

    def narrow(self) -> bytes:
        """Make the pipe as small as can be; return what was in there."""
        found = bytearray()
        while not self._is_narrow:
            found += self.take()
            with contextlib.suppress(OSError):  # it was filled again in between
                fcntl.fcntl(self._outlet, fcntl.F_SETPIPE_SZ, PAGE)
                self._is_narrow = True
        return bytes(found)

    def widen(self) -> None:
        """Give the pipe its usual size again."""
        fcntl.fcntl(self._outlet, fcntl.F_SETPIPE_SZ, _WIDE)
        self._is_narrow = False

    def leave(self, room: int) -> None:
        """Leave ``room`` bytes of a narrow pipe that is empty, and of a guest that stands."""
        if self._inlet < 0:
            self._inlet = os.open(f"/proc/self/fd/{self._outlet}", os.O_WRONLY | os.O_NONBLOCK)
        os.write(self._inlet, _FILLING[: PAGE - room])

    def close(self) -> None:
        """Close it; QEMU is gone."""
        self.end_filling()
        os.close(self._outlet)

    def end_filling(self) -> None:
        """Let go of our own end, so that QEMU's end is the end."""
        if self._inlet >= 0:
            os.close(self._inlet)
        self._inlet = -1
