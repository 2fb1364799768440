"""Be the cable: two named pipes between us and the guest.

Named pipes and not a unix socket: QEMU writes a UART byte by byte, and a pipe gathers the bytes
while a socket queues each as a packet of its own (measured: 25 % less through a socket). They work
over a bind mount into a container, and QEMU need not listen, so nobody polls for a file.
"""

import contextlib
import os
import select
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

    def wake(self) -> None:
        """Make a blocked reader return."""

    def close(self) -> None:
        """Free it, once reading has ended."""


class Line(Source):
    """The pipes ``<path>.out`` (guest to us) and ``<path>.in`` (us to guest), made here.

    ``-chardev pipe,path=<path>`` is the other end. :meth:`close` removes both.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure = None
        self._out, self._in = Path(f"{path}.out"), Path(f"{path}.in")
        os.mkfifo(self._out, 0o600)
        os.mkfifo(self._in, 0o600)
        self._reader = os.open(self._out, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._reader, True)
        # O_RDWR: opening for writing alone fails as long as QEMU has not opened its end.
        self._writer = os.open(self._in, os.O_RDWR | os.O_NONBLOCK)

    def fileno(self) -> int:
        """Return the descriptor that the guest's bytes come from."""
        return self._reader

    def wait_for_guest(self) -> None:
        """Block until the other end was opened: before that, reading would look like an end."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        poll.poll()

    def read_into(self, buffer: memoryview) -> int:
        """Block for at least one byte; 0 when the other end is closed for good."""
        return os.readv(self._reader, [buffer])

    def send(self, data: bytes, timeout: float) -> int:
        """Write ``data``; return how many bytes were taken within ``timeout`` seconds."""
        deadline, sent = Deadline(timeout), 0
        poll = select.poll()
        poll.register(self._writer, select.POLLOUT)
        while sent < len(data):
            with contextlib.suppress(BlockingIOError):
                sent += os.write(self._writer, data[sent : sent + select.PIPE_BUF])
                continue
            if deadline.expired or not poll.poll(deadline.left * 1000):
                break
        return sent

    def wake(self) -> None:
        """Make a blocked :meth:`read_into` or :meth:`wait_for_guest` return."""
        with contextlib.suppress(OSError):
            end = os.open(self._out, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(end, b"\0")
            finally:
                os.close(end)

    def close(self) -> None:
        """Close and remove both pipes; safe to call once reading has ended."""
        os.close(self._reader)
        os.close(self._writer)
        self._out.unlink(missing_ok=True)
        self._in.unlink(missing_ok=True)
