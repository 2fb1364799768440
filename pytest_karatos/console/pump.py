"""The pump: it drains the console always, for an undrained UART wedges an emulator until SIGKILL.

The pump's memory is the transcript on disk: waiters read it back from the page cache, so nothing
grows with the output, and nothing is lost however late somebody looks.
"""

import os
import threading
import time
from pathlib import Path

from pytest_karatos.console.timestamps import SUFFIX, TimestampRecorder
from pytest_karatos.console.transport import Source
from pytest_karatos.deadline import Deadline


class Transcript:
    """The file ``path`` of up to ``limit_bytes``. One thread appends, any thread reads."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.path = path
        #: Why bytes are missing on the disk; empty when none are.
        self.lost = ""
        self._limit = limit_bytes
        self._on_disk = 0
        self._in_memory = bytearray()
        self._file = -1
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            self.lost = f"{path}: {error.strerror}"

    def append(self, chunk: memoryview) -> int:
        """Keep ``chunk``, or as much of it as there is room for; return how many bytes."""
        room = self._limit - self._on_disk - len(self._in_memory)
        kept = chunk[:room] if room < len(chunk) else chunk
        written = 0
        try:
            while written < len(kept) and not self.lost:
                written += os.write(self._file, kept[written:])
        except OSError as error:
            self.lost = f"{self.path}: {error.strerror}"
        self._on_disk += written
        self._in_memory += kept[written:]
        return len(kept)

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``; empty at the end."""
        if offset >= self._on_disk and self.lost:
            start = offset - self._on_disk
            return bytes(self._in_memory[start : start + size])
        if not self._readable(offset):
            return b""
        if self._file >= 0:
            return os.pread(self._file, min(size, self._readable(offset)), offset)
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(min(size, self._readable(offset)))

    def forget(self) -> None:
        """Close the file; reading goes on, only slower."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _readable(self, offset: int) -> int:
        # Where the disk is full, bytes behind our last one may be those of a torn write.
        return max(0, self._on_disk - offset)


_CHUNK = 64 * 1024
#: How long one look at the pump's thread lasts, in seconds.
_GLANCE = 0.001


class Pump:
    """A thread that moves every byte of ``line`` to the file ``transcript``.

    Up to ``limit_bytes`` are kept; what comes after is read and dropped (``dropped_bytes``), so
    that the guest never blocks. :meth:`close` when the other end is gone, or to stop listening.
    When bytes came is kept beside the transcript: in ``console.times`` where that is
    ``console.log``.
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
        self._given_up = False
        #: Whether the thread waits for bytes, and has none in its hands.
        self._resting = False
        self._wanted: int | None = None
        self._more = threading.Condition()
        self._kept = Transcript(transcript, limit_bytes)
        self._times = TimestampRecorder(transcript.with_suffix(SUFFIX))
        self._thread = threading.Thread(target=self._run, name="karatos-pump", daemon=True)
        self._thread.start()

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the transcript from ``offset``; empty at its end."""
        return self._kept.read(offset, size)

    def untaken(self) -> int:
        """Return how many bytes were typed that the guest has not taken yet."""
        return self.line.untaken()

    def start_clock(self) -> None:
        """Count the times of bytes, and of silence, from now on: the guest is let go."""
        now = time.monotonic()
        self._times.start(now)
        if not self.total:
            self.last_byte = now

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
            self._more.wait_for(lambda: self._is_settled(total), timeout)
            self._wanted = None
            return self.ended or self._came >= total

    def _is_settled(self, total: int) -> bool:
        return self._given_up or self.ended or self._came >= total

    def give_up(self) -> None:
        """Wake who waits for more bytes: nobody wants them any more."""
        with self._more:
            self._given_up = True
            self._more.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until every byte that has come is in the transcript; False after ``timeout``.

        It says something lasting only of a guest that is stopped: of others more may come.
        """
        deadline = Deadline(timeout)
        with self._more:
            while not (self._is_drained() or self.ended):
                if deadline.expired:
                    return False
                # The pump tells nobody that it has nothing to do: it would have to each time.
                self._more.wait(min(_GLANCE, deadline.left))
        return True

    def _is_drained(self) -> bool:
        # In this order: bytes that were taken out of the pipe since the first question was asked
        # are in the transcript when the last one is answered with yes.
        return self._resting and not self.line.pending() and self._resting

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

    def discard(self) -> None:
        """Remove the files of a line on which nothing came, once they are closed."""
        for path in (self.transcript, self.transcript.with_suffix(SUFFIX)):
            path.unlink(missing_ok=True)

    @property
    def _came(self) -> int:
        return self.total + self.dropped_bytes

    def _run(self) -> None:
        buffer = memoryview(bytearray(_CHUNK))
        try:
            self._resting = True  # a guest that never prints has nothing more to come either
            self.line.wait_for_guest()
            while (size := self._read_into(buffer)) and not self._closing:
                self._keep(buffer[:size])
        finally:
            self.ended_at = time.monotonic()
            with self._more:
                self.ended = True
                self._more.notify_all()

    def _read_into(self, buffer: memoryview) -> int:
        self._resting = True
        self.line.wait_for_bytes()
        self._resting = False
        return self.line.read_into(buffer)

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
