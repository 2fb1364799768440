"""The marks of what is bad in the text, and whether a match is of their text or only spans it.

``expect("panicked at (.*)")`` names the fault, ``expect("(?s)boot.*pass")`` does not, though both
match across it. So the words of the fault are changed into others of the same shape: a pattern that
matches all the same has not named them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: What names a text is a word of so many letters, or its longest, and a good part of the text:
#: the "panicked" of "panicked at", and "panic", but not the "at".
_LETTERS, _PART = 4, 3
_WORD = re.compile(r"[^\W\d_]+")
_HEX, _REST, _DIGITS = "abcdef", "ghijklmnopqrstuvwxyz", "0123456789"
_OTHERS = {
    ord(old): new
    for group in (_HEX, _HEX.upper(), _REST, _REST.upper(), _DIGITS)
    for old, new in zip(group, group[1:] + group[0], strict=True)
}


@dataclass(kw_only=True, slots=True)
class Mark:
    """A place in the stream that a wait must not pass; positions count characters from boot.

    ``means`` completes "which means ..."; ``line`` is the line that holds it where the text does
    not show it (see :mod:`pytest_karatos.console.hidden`).
    """

    kind: str
    text: str
    start: int
    end: int
    reported: bool = False
    means: str = "a fault"
    line: str = ""
    #: How often a boot text had come again by then.
    times: int = 0

    @property
    def is_known_fault(self) -> bool:
        """Whether it is a fault that somebody was told of."""
        return self.reported and self.kind == "fault"

    def overlaps(self, start: int, end: int) -> bool:
        """Say whether a part of it is between two positions."""
        return self.start < end and (start < self.end or start == self.start)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """A match that a wait returns; ``start`` and ``end`` count characters from the boot on."""

    start: int
    end: int
    match: "re.Match[str] | str"

    def names(self, text: str, base: int, texts: Iterable[tuple[int, int]]) -> bool:
        """Tell whether the match depends on a word of ``texts``, from and to positions of the boot.

        ``text`` is what the console said from the position ``base`` on.
        """
        return any(
            self._depends_on(text, base, start + base, end + base)
            for one, two in texts
            for start, end in telling_words(text, one - base, two - base)
        )

    def _depends_on(self, text: str, base: int, start: int, end: int) -> bool:
        first, last = max(start, self.start), min(end, self.end)
        if last - first < min(_LETTERS, end - start):
            return False
        if isinstance(self.match, str):
            return True
        changed = with_other_words(text, first - base, last - base)
        return not self.match.re.fullmatch(changed, self.start - base, self.end - base)


def telling_words(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the words are that tell what stands between two indexes of ``text``.

    >>> telling_words("panicked at", 0, 11)
    [(0, 8)]
    """
    spans = [found.span() for found in _WORD.finditer(text, start, end)]
    longest = max((two - one for one, two in spans), default=0)
    least = max(min(_LETTERS, longest), sum(two - one for one, two in spans) // _PART)
    return [(one, two) for one, two in spans if two - one >= least]


def with_other_words(text: str, start: int, end: int) -> str:
    """Return ``text`` with others between two indexes, of the same shape.

    >>> with_other_words("HardFault at 0xf0", 0, 9)
    'IbseAbvmu at 0xf0'
    """
    return text[:start] + text[start:end].translate(_OTHERS) + text[end:]
