"""The parts of a console log that a reviewer needs: its head, its tail, the lines at a fault.

A log may be 64 MB; an excerpt is at most about fifty lines, and reading it takes bounded memory.
"""

import mmap
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.console.faults import search_for
from pytest_karatos.dialect import Dialect
from pytest_karatos.emulators.stamps import Stamp
from pytest_karatos.report.shape import LineFacts
from pytest_karatos.text import fitted, plain
from pytest_karatos.watch_rules import FaultRule

#: Lines that are shown at the head, at the tail, and before and behind the first fault.
HEAD, TAIL, AROUND = 8, 16, 8
#: Characters of one line that are shown.
WIDTH = 200
#: Bytes that are looked at for one part; a line that does not end within it is shown in part.
_PART_BYTES = 16 * 1024
#: So much of a log is searched for known faults at once.
_SEARCHED_BYTES = 1024 * 1024
_LINE_END = re.compile(rb"\r*\n|\r+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a log is read: ``bad`` texts are marked, ``patterns`` find the guest's clock.

    ``faults`` are rules for lines that are marked too.

    ``seconds_at`` maps a byte offset to host seconds since the boot, or None when unknown;
    ``stamps`` tells of some line ends when they were printed.
    ``dialects`` are those of schedulers; ``broken`` are lines and sentences of what did not hold.
    """

    bad: tuple[str, ...] = ()
    faults: tuple[FaultRule, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    seconds_at: Callable[[int], float | None] = lambda _: None
    stamps: Mapping[int, Stamp] = field(default_factory=dict)
    dialects: tuple[Dialect, ...] = ()
    broken: tuple[tuple[int, str], ...] = ()


def excerpt(log: Path, reading: Reading) -> list[LineFacts]:
    """Return lines as ``number`` (from 1), times, ``tick``, ``text`` and ``mark``.

    ``mark`` is True for a line with a bad text; times and ``tick`` are None when unknown.
    Where lines are left out between two of these, the numbers jump. Empty without a log.
    """
    try:
        with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return [_line(one, reading) for one in _chosen(data, reading)]
    except (OSError, ValueError):  # no such file; an empty one cannot be mapped
        return []


@dataclass(frozen=True, slots=True)
class _Raw:
    number: int
    offset: int
    data: bytes
    #: Where its last byte is, of its line end if it has one.
    last: int


def _chosen(data: mmap.mmap, reading: Reading) -> list[_Raw]:
    lines = {one.offset: one for one in _forward(data, 0, HEAD)}
    at = _first_bad(data, reading)
    if at is not None:
        lines |= {one.offset: one for one in _around(data, at)}
    lines |= {one.offset: one for one in _backward(data, len(data), TAIL)}
    return [lines[offset] for offset in sorted(lines)]


def _first_bad(data: mmap.mmap, reading: Reading) -> int | None:
    words = [re.escape(text.encode()) for text in reading.bad if text]
    found = re.search(b"|".join(words), data) if words else None
    places = [found.start() if found else None, _first_fault(data, reading.faults)]
    return min((at for at in places if at is not None), default=None)


def _first_fault(data: mmap.mmap, rules: tuple[FaultRule, ...]) -> int | None:
    start = 0
    while rules and start < len(data):
        end = data.find(b"\n", start + _SEARCHED_BYTES) + 1 or len(data)
        # One character for one byte: places in the text are places in the log.
        found = search_for(rules).find(data[start:end].decode("latin-1"), 0)
        if found:
            return start + found[0].start
        start = end
    return None


def _around(data: mmap.mmap, at: int) -> Iterable[_Raw]:
    before = list(_backward(data, at, AROUND + 1))
    start = before[-1].offset if before and not _ended(data, at) else at
    return [*before[:-1], *_forward(data, start, AROUND)]


def _ended(data: mmap.mmap, at: int) -> bool:
    return at == 0 or data[at - 1 : at] in (b"\n", b"\r")


def _forward(data: mmap.mmap, start: int, lines: int) -> Iterator[_Raw]:
    part = data[start : start + _PART_BYTES]
    return _cut(part, start, _number_at(data, start), lines)


def _backward(data: mmap.mmap, end: int, lines: int) -> Iterator[_Raw]:
    start = max(0, end - _PART_BYTES)
    part = data[start:end]
    if start:  # begin behind the first line end, if there is one
        first = _LINE_END.search(part)
        skipped = first.end() if first else 0
        start, part = start + skipped, part[skipped:]
    found = list(_cut(part, start, _number_at(data, start), None))
    return iter(found[-lines:])


def _number_at(data: mmap.mmap, offset: int) -> int:
    """Count the lines before ``offset`` by LF, which every usual line end has."""
    block, count = 1024 * 1024, 1
    for start in range(0, offset, block):
        count += data[start : min(offset, start + block)].count(b"\n")
    return count


def _cut(part: bytes, start: int, number: int, lines: int | None) -> Iterator[_Raw]:
    at = 0
    while at < len(part) and lines != 0:
        end = _LINE_END.search(part, at)
        stop, after = (end.start(), end.end()) if end else (len(part), len(part))
        yield _Raw(number, start + at, part[at:stop], start + after - 1)
        number, at = number + 1, after
        lines = None if lines is None else lines - 1


def _line(raw: _Raw, reading: Reading) -> LineFacts:
    text = plain(raw.data[: 4 * WIDTH].decode(errors="backslashreplace"))
    stamp = reading.stamps.get(raw.last)
    return {
        "number": raw.number,
        "seconds": reading.seconds_at(raw.offset),
        "instructions": stamp.instructions if stamp else None,
        "guest_seconds": stamp.seconds if stamp else None,
        "tick": _tick(text, reading.patterns),
        "text": fitted(text, WIDTH),
        "mark": any(word in text for word in reading.bad if word)
        or bool(search_for(reading.faults).find(f"{text}\n", 0)),
    }


def _tick(text: str, patterns: Iterable[re.Pattern[str]]) -> int | None:
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            return int(found["tick"])
    return None
