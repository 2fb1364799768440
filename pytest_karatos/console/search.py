"""Find what a wait waits for in a text that grows, without reading all of it again and again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: How far back a regular expression looks when more text has come, in characters.
LOOKBACK = 32 * 1024
_SPECIAL = frozenset(r".^$*+?{}[]\|()")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """What was found: the wanted one's index in the list, and where, as indexes of the text."""

    index: int
    start: int
    end: int
    match: "re.Match[str] | str"
    #: Whether more text could make this match longer.
    open: bool = False


class Wanted:
    """The texts and patterns of one wait; ``index`` is their place in the caller's list."""

    def __init__(self, lookback: int = LOOKBACK) -> None:
        self._exact: list[tuple[int, str, re.Pattern[str] | None]] = []
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        self._lookback = lookback
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
        """Find the first hit at or after ``start``; text before ``fresh`` was searched before."""
        hits = [*self._find_exact(text, start, fresh), *self._find_patterns(text, start, fresh)]
        return min(hits, key=lambda hit: (hit.start, hit.index), default=None)

    def _find_exact(self, text: str, start: int, fresh: int) -> Sequence[Hit]:
        hits = []
        for index, wanted, pattern in self._exact:
            at = text.find(wanted, max(start, fresh - len(wanted) + 1))
            if at >= 0:
                match = pattern.match(text, at) if pattern else None
                hits.append(Hit(index=index, start=at, end=at + len(wanted), match=match or wanted))
        return hits

    def _find_patterns(self, text: str, start: int, fresh: int) -> Sequence[Hit]:
        hits = []
        for index, pattern in self._patterns:
            match = pattern.search(text, max(start, fresh - self._lookback))
            if match:
                touches = match.end() == len(text)
                hits.append(
                    Hit(
                        index=index, start=match.start(), end=match.end(), match=match, open=touches
                    )
                )
        return hits
