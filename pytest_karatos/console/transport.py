"""Named pipes between the guest and the plugin.

Named pipes and not a unix socket: emulators write a UART byte by byte, and a pipe gathers the bytes
while a socket queues each as a packet of its own (measured: 25 % less through a socket). They work
over a bind mount into a container, and nobody need listen, so nobody polls for a file.
"""

import contextlib
import fcntl
import os
import select
import struct
import termios
from pathlib import Path
from typing import Protocol

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import KaratosError


class Source(Protocol):
    """Where a pump's bytes come from: the guest itself, or a filter behind it."""

    #: Why there can be no more, when that is no end of a machine.
    failure: KaratosError | None

    def wait_for_guest(self) -> None:
        """Block until there can be bytes."""

    def read_into(self, buffer: memoryview) -> int:
        """Block for at least one byte; 0 at the end."""

    def send(self, data: bytes, timeout: float) -> int:
        """Type ``data``; return how many bytes were taken within ``timeout`` seconds."""

    def wait_for_bytes(self) -> None:
        """Block until :meth:`read_into` has something to say."""

    def pending(self) -> int:
        """Return how many bytes have come and were not read."""

    def untaken(self) -> int:
        """Return how many bytes were typed that the guest has not taken yet."""

    def wake(self) -> None:
        """Make a blocked reader return."""

    def close(self) -> None:
        """Free it, once reading has ended."""


def pending_in(pipe: int) -> int:
    """Return how many bytes lie in the pipe of descriptor ``pipe``.

    >>> inlet, outlet = os.pipe()
    >>> os.write(outlet, b"abc"), pending_in(inlet)
    (3, 3)
    """
    found: tuple[int] = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return found[0]


def send_within(descriptor: int, data: bytes, timeout: float) -> int:
    """Write ``data``; return how many bytes were taken within ``timeout`` seconds."""
    deadline, sent = Deadline(timeout), 0
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    while sent < len(data):
        with contextlib.suppress(BlockingIOError):
            sent += os.write(descriptor, data[sent : sent + select.PIPE_BUF])
            continue
        if deadline.expired or not poll.poll(deadline.left * 1000):
            break
    return sent


#: Room of a wide pipe: half a second of what an emulated UART delivers. A user's pipes have 64 MiB.
_WIDE = 512 * 1024


class NamedPipes(Source):
    """The pipes ``<path>.out`` (guest to us) and ``<path>.in`` (us to guest), made here.

    The other end opens both. :meth:`close` removes them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure = None
        self.out, self._in = Path(f"{path}.out"), Path(f"{path}.in")
        os.mkfifo(self.out, 0o600)
        os.mkfifo(self._in, 0o600)
        self._has_names = True
        self._reader = os.open(self.out, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._reader, True)
        self._readable = select.poll()
        self._readable.register(self._reader, select.POLLIN)
        # O_RDWR: opening for writing alone fails as long as nobody has opened the other end.
        self._writer = os.open(self._in, os.O_RDWR | os.O_NONBLOCK)

    def widen(self) -> None:
        """Give the guest's bytes more room than a pipe has, where the kernel lets us.

        A UART that must wait for room may lose bytes of a firmware that does not ask it, and delay
        one that does: by as long as a busy host lets our reader wait.
        """
        with contextlib.suppress(OSError):  # this user has too many pipes
            fcntl.fcntl(self._reader, fcntl.F_SETPIPE_SZ, _WIDE)

    def fileno(self) -> int:
        """Return the descriptor that the guest's bytes come from."""
        return self._reader

    def wait_for_guest(self) -> None:
        """Block until the other end was opened: before that, reading would look like an end."""
        self._readable.poll()

    def wait_for_bytes(self) -> None:
        """Block until there are bytes, or the other end is closed for good."""
        self._readable.poll()

    def pending(self) -> int:
        """Return how many bytes are in the pipe."""
        return pending_in(self._reader)

    def untaken(self) -> int:
        """Return how many bytes are in the other pipe."""
        return pending_in(self._writer)

    def read_into(self, buffer: memoryview) -> int:
        """Block for at least one byte; 0 when the other end is closed for good."""
        return os.readv(self._reader, [buffer])

    def send(self, data: bytes, timeout: float) -> int:
        """Write ``data``; return how many bytes were taken within ``timeout`` seconds."""
        return send_within(self._writer, data, timeout)

    def wake(self) -> None:
        """Make a blocked :meth:`read_into` or :meth:`wait_for_guest` return."""
        with contextlib.suppress(OSError):
            end = os.open(self._way_back(), os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(end, b"\0")
            finally:
                os.close(end)

    def _way_back(self) -> Path:
        """Return a path to the guest's pipe that leads there also when it has no name any more."""
        own = Path(f"/proc/self/fd/{self._reader}")
        return own if own.exists() else self.out

    def seal(self) -> None:
        """Take the pipes' names away, once both ends are open: nobody else can open them now."""
        if self._way_back() != self.out:
            self._take_names_away()

    def close(self) -> None:
        """Close and remove both pipes, once reading has ended; safe to call again."""
        if self._reader < 0:
            return
        os.close(self._reader)
        os.close(self._writer)
        self._reader = self._writer = -1
        self._take_names_away()

    def _take_names_away(self) -> None:
        if self._has_names:
            self.out.unlink(missing_ok=True)
            self._in.unlink(missing_ok=True)
        self._has_names = False
