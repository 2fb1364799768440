"""The search of a wait: texts and patterns in a text that grows, each part read about once."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_karatos.console.growth import growing

#: How far back a regular expression looks when more text has come, in characters.
LOOKBACK = 32 * 1024
_SPECIAL = frozenset(r".^$*+?{}[]\|()")
_LINE_END = re.compile("\n")
#: Lines that no pattern names; one that could go on with one of them could go on for ever.
_ANY_LINES = ("\0\ufffd\n\0", "a 1\nb 2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """What was found: the wanted one's index in the list, and where, as indexes of the text."""

    index: int
    start: int
    end: int
    match: "re.Match[str] | str"
    #: Whether more text could make it another one.
    open: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        """What decides between hits: the first in the text, then the first in the list."""
        return self.start, self.index


class Wanted:
    """The texts and patterns of one wait; ``index`` is their place in the caller's list.

    ``eager`` takes what has come, although more could change it.
    """

    def __init__(self, lookback: int = LOOKBACK, *, eager: bool = False) -> None:
        self._exact: list[tuple[int, str, re.Pattern[str] | None]] = []
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        self._lookback = lookback
        self._eager = eager
        self.names: list[str] = []

    def add_exact(self, index: int, text: str) -> None:
        """Wait for ``text`` as it stands."""
        self._exact.append((index, text, None))
        self.names.append(repr(text))

    def add_pattern(self, index: int, pattern: re.Pattern[str]) -> None:
        """Wait for a regular expression; one without special characters is searched as text."""
        self.names.append(repr(pattern.pattern))
        plain = not _SPECIAL & set(pattern.pattern)
        if plain and pattern.pattern and not pattern.flags & (re.IGNORECASE | re.VERBOSE):
            self._exact.append((index, pattern.pattern, pattern))
        else:
            self._patterns.append((index, pattern))

    def find(self, text: str, start: int, fresh: int) -> Hit | None:
        """Find the first hit at or after ``start``; text before ``fresh`` was searched before.

        It is the same however the text grew: one that more of it could change is ``open``. A
        pattern that could go on over any line (``boot.*ok`` with DOTALL) is judged line by line.
        """
        hit = self._first(text, start, fresh, len(text))
        if hit is None or self._eager:
            return hit
        for known in self._by_line(text, start, fresh):
            hit = self._first(known, start, fresh, len(known)) or hit
            if not self._could_change(hit, known, start, fresh):
                return hit
            if known.endswith("\n") and self._goes_on(hit, known, start, fresh):
                return hit
        return replace(hit, open=True)

    def _by_line(self, text: str, start: int, fresh: int) -> Iterator[str]:
        """Give the text up to each line's end, from the first that has a hit on, and all of it."""
        if self._patterns:
            least = min(_least_end(hit, text) for hit in self._hits(text, start, fresh, len(text)))
            yield from (text[:end] for end in _ends(text, least) if end < len(text))
        yield text

    def _goes_on(self, hit: Hit, text: str, start: int, fresh: int) -> bool:
        return any(self._could_change(hit, text + line, start, fresh) for line in _ANY_LINES)

    def _first(self, text: str, start: int, fresh: int, end: int) -> Hit | None:
        hits = self._hits(text, start, fresh, end)
        return min(hits, key=lambda hit: hit.rank, default=None)

    def _hits(self, text: str, start: int, fresh: int, end: int) -> Iterator[Hit]:
        for index, wanted, pattern in self._exact:
            at = text.find(wanted, max(start, fresh - len(wanted) + 1), end)
            if at >= 0:
                match = pattern.match(text, at) if pattern else None
                yield Hit(index=index, start=at, end=at + len(wanted), match=match or wanted)
        for index, pattern in self._patterns:
            found = pattern.search(text, max(start, fresh - self._lookback), end)
            if found:
                yield Hit(index=index, start=found.start(), end=found.end(), match=found)

    def _could_change(self, hit: Hit, text: str, start: int, fresh: int) -> bool:
        """Say whether another could be the first, or this one another, if more text came."""
        return any(rank <= hit.rank for rank in self._unfinished(text, start, fresh))

    def unfinished(self, text: str, start: int) -> set[tuple[int, int]]:
        """Return what more text could make a match: where it begins, and its index."""
        return set(self._unfinished(text, start, start))

    def _unfinished(self, text: str, start: int, fresh: int) -> Iterator[tuple[int, int]]:
        for index, wanted, _ in self._exact:
            for at in range(max(start, len(text) - len(wanted) + 1), len(text)):
                if wanted.startswith(text[at:]):
                    yield at, index
        for index, pattern in self._patterns:
            found = growing(pattern).search(text, max(start, fresh - self._lookback))
            if found and found[1]:
                yield found[0], index


def _ends(text: str, start: int) -> Iterator[int]:
    return (found.end() for found in _LINE_END.finditer(text, start))


def _least_end(hit: Hit, text: str) -> int:
    """Return how far the text must have come for a hit that begins where ``hit`` does."""
    if isinstance(hit.match, str):
        return hit.end
    pattern = hit.match.re
    ends = [end for end in _ends(text, hit.start) if end < hit.end]
    at = bisect_left(ends, True, key=lambda end: bool(pattern.match(text, hit.start, end)))
    return ends[at] - 1 if at < len(ends) else hit.end - text.endswith("\n", hit.start, hit.end)
