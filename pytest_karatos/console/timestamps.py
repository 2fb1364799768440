"""Times of the console's bytes, so that a line of a log has a time beside it.

The file beside the transcript (``console.times``) has one JSON line ``[offset, seconds]`` for bytes
that came together: from ``offset`` on, they came ``seconds`` after the guest was let go, by the
host's monotonic clock. Within a millisecond bytes share an entry. There are at most 65536: when
they are that many, each second one goes and the least distance doubles, so a long boot has coarser
times and none without. Lines are appended as bytes come: what a killed process leaves is read.
"""

import json
import math
import os
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole

SUFFIX = ".times"
NAME = f"console{SUFFIX}"
MOST_ENTRIES = 65536
FINEST_SECONDS = 0.001
#: Longest file that is read, about twice what we write; another's may be endless.
_LONGEST = 4 * 1024 * 1024
_LAST_OFFSET = 2**63


@dataclass(frozen=True, kw_only=True, slots=True)
class Timestamps:
    """Times of a transcript: bytes from ``offsets[i]`` on came ``seconds[i]`` after the start."""

    offsets: Sequence[int] = ()
    seconds: Sequence[float] = ()

    def seconds_at(self, offset: int) -> float | None:
        """Return when the byte at ``offset`` came, in seconds; None when nobody noted it.

        >>> Timestamps(offsets=(0, 10), seconds=(0.5, 2.0)).seconds_at(9)
        0.5
        """
        index = bisect_right(self.offsets, offset) - 1
        return self.seconds[index] if index >= 0 else None


def read(path: Path) -> Timestamps:
    """Read ``console.times``, or the one in a folder; other lines are skipped.

    Without a file nothing is known: ``seconds_at`` is None.
    """
    file = path / NAME if path.is_dir() else path
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST)
    except OSError:
        return Timestamps()
    offsets, seconds = array("Q"), array("d")
    for offset, second in _entries(data):
        if not offsets or offset > offsets[-1]:
            offsets.append(offset)
            seconds.append(second)
    return Timestamps(offsets=offsets, seconds=seconds)


def _entries(data: bytes) -> Iterator[tuple[int, float]]:
    for line in data.splitlines():
        try:
            offset, second = json.loads(line)
            entry = int(offset), float(second)
        except (ValueError, TypeError, OverflowError, RecursionError):
            continue
        if 0 <= entry[0] < _LAST_OFFSET and math.isfinite(entry[1]):
            yield entry


class TimestampRecorder:
    """Writes the times of one line to ``path``; :meth:`note` is called by one thread only."""

    def __init__(self, path: Path, most: int = MOST_ENTRIES) -> None:
        self.lost = ""
        #: The monotonic moment from which on an entry is wanted.
        self.due = 0.0
        self._path = path
        self._most = most
        self._zero = time.monotonic()
        self._finest = FINEST_SECONDS
        self._offsets, self._seconds = array("Q"), array("d")
        self._file = -1
        self._trying(self._open)

    def start(self, now: float) -> None:
        """Let ``now``, a moment of the monotonic clock, be zero: the guest is let go."""
        self._zero = now

    def note(self, offset: int, now: float) -> None:
        """Note that the byte at ``offset`` came at ``now``, a moment of the monotonic clock."""
        self.due = now + self._finest
        self._offsets.append(offset)
        self._seconds.append(max(0.0, now - self._zero))
        self._trying(lambda: os.write(self._file, self._line(-1)))
        if len(self._offsets) >= self._most:
            self._trying(self._thin)

    def close(self) -> None:
        """Close the file; no more is noted in it."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(self._path, flags | os.O_TRUNC, 0o644)

    def _thin(self) -> None:
        self._finest *= 2
        self._offsets, self._seconds = self._offsets[::2], self._seconds[::2]
        write_whole(self._path, b"".join(map(self._line, range(len(self._offsets)))))
        self.close()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def _line(self, index: int) -> bytes:
        return b"[%d,%.6f]\n" % (self._offsets[index], self._seconds[index])

    def _trying(self, write: Callable[[], object]) -> None:
        """Let a disk that takes no more cost the times, and nothing else."""
        if self.lost:
            return
        try:
            write()
        except OSError as error:
            self.lost = f"{self._path}: {error.strerror}"
