"""Drain the line always, test or no test: an undrained PL011 wedges QEMU until SIGKILL.

The pump's memory is the transcript on disk: waiters read it back from the page cache, so nothing
grows with the output, and nothing is lost however late somebody looks.
"""

import os
import threading
import time
from pathlib import Path

from pytest_karatos.console.line import Line

_CHUNK = 64 * 1024


class Pump:
    """A thread that moves every byte of ``line`` to the file ``transcript``.

    Up to ``limit_bytes`` are kept; what comes after is read and dropped (``dropped_bytes``), so
    that the guest never blocks. :meth:`close` when the other end is gone, or to stop listening.
    """

    def __init__(self, line: Line, transcript: Path, *, limit_bytes: int) -> None:
        self.transcript = transcript
        self.line = line
        self.total = 0
        self.dropped_bytes = 0
        self.ended = False
        self.last_byte = time.monotonic()
        self._limit = limit_bytes
        self._closing = False
        self._wanted: int | None = None
        self._more = threading.Condition()
        self._file = os.open(transcript, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self._thread = threading.Thread(target=self._run, name="karatos-pump", daemon=True)
        self._thread.start()

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the transcript from ``offset``; empty at its end."""
        if self._file >= 0:
            return os.pread(self._file, size, offset)
        with self.transcript.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def wait_until(self, total: int, timeout: float) -> bool:
        """Wait until ``total`` bytes have come or the line has ended; False after ``timeout``."""
        with self._more:
            self._wanted = total
            done = self._more.wait_for(lambda: self.ended or self._came >= total, timeout)
            self._wanted = None
        return done

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until the line has ended; False after ``timeout`` seconds."""
        with self._more:
            return self._more.wait_for(lambda: self.ended, timeout)

    def close(self, timeout: float = 2.0) -> None:
        """Stop listening and free the line; what came so far stays readable."""
        if not self._thread.is_alive() and self._closing:
            return
        self._closing = True
        self.line.wake()
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self.line.close()

    def forget(self) -> None:
        """Close the transcript's descriptor; reading goes on, only slower."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def _came(self) -> int:
        return self.total + self.dropped_bytes

    def _run(self) -> None:
        buffer = memoryview(bytearray(_CHUNK))
        try:
            self.line.wait_for_guest()
            while (size := self.line.read_into(buffer)) and not self._closing:
                self._keep(buffer[:size])
        finally:
            with self._more:
                self.ended = True
                self._more.notify_all()

    def _keep(self, chunk: memoryview) -> None:
        room = self._limit - self.total
        kept = chunk[:room] if room < len(chunk) else chunk
        written = 0
        while written < len(kept):
            written += os.write(self._file, kept[written:])
        self.last_byte = time.monotonic()
        with self._more:
            self.total += len(kept)
            self.dropped_bytes += len(chunk) - len(kept)
            if self._wanted is not None and self._came >= self._wanted:
                self._more.notify_all()
