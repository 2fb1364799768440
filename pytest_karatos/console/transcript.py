"""Keep every byte of a line in a file, and in memory what the disk did not take.

A full disk must not turn a verdict around: waiters read the transcript back, so what a test waits
for has to be found whether or not it could be written.
"""

import os
from pathlib import Path


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
