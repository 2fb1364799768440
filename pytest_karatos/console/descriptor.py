"""A console's bytes through one descriptor: a serial port, a pseudo terminal, a socket."""

import contextlib
import os
import select

from pytest_karatos.console.transport import Source, pending_in, send_within


class DescriptorSource(Source):
    """What is read from, and written to, ``descriptor``, which :meth:`close` closes.

    A pseudo terminal whose other side is closed, and a port that is pulled out, are an end.
    """

    def __init__(self, descriptor: int) -> None:
        self.failure = None
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)
        self._woken, self._alarm = os.pipe()
        self._readable = select.poll()
        for one in (descriptor, self._woken):
            self._readable.register(one, select.POLLIN)

    def wait_for_guest(self) -> None:
        """Nothing to wait for: the descriptor is open."""

    def wait_for_bytes(self) -> None:
        """Block until there are bytes, or an end."""
        self._readable.poll()

    def untaken(self) -> int:
        """Return 0: what was written is on its way."""
        return 0

    def pending(self) -> int:
        """Return how many bytes have come and were not read; 0 behind an end."""
        try:
            return pending_in(self._descriptor)
        except OSError:
            return 0

    def read_into(self, buffer: memoryview) -> int:
        """Block for at least one byte; 0 at the end."""
        while True:
            ready = {one for one, _ in self._readable.poll()}
            if self._woken in ready:
                return 0
            with contextlib.suppress(BlockingIOError):
                try:
                    return os.readv(self._descriptor, [buffer])
                except BlockingIOError:
                    raise
                except OSError:
                    return 0  # EIO: nobody is at the other end any more

    def send(self, data: bytes, timeout: float) -> int:
        """Write ``data``; return how many bytes were taken within ``timeout`` seconds."""
        return send_within(self._descriptor, data, timeout)

    def wake(self) -> None:
        """Make a blocked reader return."""
        os.write(self._alarm, b"\0")

    def close(self) -> None:
        """Close the descriptor."""
        for one in (self._descriptor, self._woken, self._alarm):
            os.close(one)
