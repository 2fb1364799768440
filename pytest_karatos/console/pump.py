"""Drain the line always, test or no test: an undrained PL011 wedges QEMU until SIGKILL.

The pump's memory is the transcript on disk: waiters read it back from the page cache, so nothing
grows with the output, and nothing is lost however late somebody looks.
"""

import threading
import time
from pathlib import Path

from pytest_karatos.console.line import Source
from pytest_karatos.console.stamps import NAME, Recorder
from pytest_karatos.console.transcript import Transcript

_CHUNK = 64 * 1024


class Pump:
    """A thread that moves every byte of ``line`` to the file ``transcript``.

    Up to ``limit_bytes`` are kept; what comes after is read and dropped (``dropped_bytes``), so
    that the guest never blocks. :meth:`close` when the other end is gone, or to stop listening.
    When bytes came is kept in ``console.times`` beside the transcript.
    """

    def __init__(self, line: Source, transcript: Path, *, limit_bytes: int) -> None:
        self.transcript = transcript
        self.line = line
        self.total = 0
        self.dropped_bytes = 0
        self.ended = False
        self.last_byte = time.monotonic()
        #: The monotonic moment at which the line ended; None before.
        self.ended_at: float | None = None
        self._closing = False
        self._wanted: int | None = None
        self._more = threading.Condition()
        self._kept = Transcript(transcript, limit_bytes)
        self._times = Recorder(transcript.with_name(NAME))
        self._thread = threading.Thread(target=self._run, name="karatos-pump", daemon=True)
        self._thread.start()

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the transcript from ``offset``; empty at its end."""
        return self._kept.read(offset, size)

    def start_clock(self) -> None:
        """Count the times of bytes from now on: the guest is let go."""
        self._times.start()

    @property
    def lost(self) -> list[str]:
        """What the disk did not take, in words; waiters saw it all the same."""
        return [loss for loss in (self._kept.lost, self._times.lost) if loss]

    @property
    def aside(self) -> str:
        """Where else bytes of this console lie, for messages."""
        return ""

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
        """Close the files; reading goes on, only slower."""
        self._kept.forget()
        self._times.close()

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
            self.ended_at = time.monotonic()
            with self._more:
                self.ended = True
                self._more.notify_all()

    def _keep(self, chunk: memoryview) -> None:
        kept = self._kept.append(chunk)
        now = self.last_byte = time.monotonic()
        if now >= self._times.due and kept:
            self._times.note(self.total, now)
        with self._more:
            self.total += kept
            self.dropped_bytes += len(chunk) - kept
            if self._wanted is not None and self._came >= self._wanted:
                self._more.notify_all()
