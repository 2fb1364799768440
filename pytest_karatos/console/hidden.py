"""The text that a terminal would swallow: a watcher has to see a fault in it all the same.

A crash may cut a control sequence off, so that the first letters of its message end the sequence;
a message may stand in a window's title, or have a carriage return in the middle of a word. So a
line with control bytes is read once more, with only those bytes left out, and once without all that
shows nothing: whole sequences, controls of eight bits, what is not UTF-8, characters of no width.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_karatos.console.decode import SEQUENCE, TORN

#: How much of a line that does not end is read again when more of it comes, in bytes.
_KEPT = 4 * 1024
#: All control bytes but tab, line feed and carriage return; NUL is never text anyway.
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\0\t\n\r"))
_LONE_RETURN = re.compile(rb"\r(?![\r\n])")
#: Characters of no width, or that only turn the text: as UTF-8.
_UNSEEN = (
    rb"\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf"
)
#: A control sequence that begins with one byte, or character, instead of two.
_SHORT_SEQUENCE = rb"(?:\xc2)?\x9b[0-?]{0,64}[ -/]{0,8}[@-~]"
_UTF8 = (
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_SPOT = re.compile(rb"%b|%b|\r+(?!\n)|[%b]" % (SEQUENCE, TORN, re.escape(_CONTROLS)))
#: A character that was taken back, as a terminal shows it.
_TAKEN_BACK = rb"[ -~]\x08"
#: Bytes, and characters, that show nothing; what is UTF-8 and shows something is ``seen``.
_NOTHING = rb"\r+(?!\n)|[%b]|%b|(?P<seen>%b)|[\x80-\xff]" % (
    *(re.escape(_CONTROLS), _UNSEEN),
    _UTF8,
)
#: All that a reading leaves out: bytes alone, or whole sequences too.
_WAYS = (
    re.compile(_NOTHING),
    re.compile(rb"%b|%b|%b|%b" % (_TAKEN_BACK, SEQUENCE, _SHORT_SEQUENCE, _NOTHING)),
)
_UNSEEN_CHARACTER = re.compile(_UNSEEN)
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_DROPPED = _CONTROLS + b"\0\r"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A line as it is without its control bytes, each of its characters one byte of it.

    ``spots`` are the parts, as indexes, that a terminal would not have shown so.
    """

    text: str
    spots: tuple[tuple[int, int], ...]

    def hides(self, start: int, end: int) -> bool:
        """Say whether a terminal would not have shown the text between two indexes so."""
        return any(
            start < last and first < end if first < last else start < first < end
            for first, last in self.spots
        )

    def shown(self) -> str:
        """Return the line for people."""
        return self.text.encode("latin-1").decode(errors="backslashreplace").strip()


def as_read(text: str) -> str:
    """Return ``text`` as it stands in a :class:`Reading`."""
    return text.encode(errors="backslashreplace").decode("latin-1")


class HiddenText:
    """The lines of a stream that are read again; it remembers the one that has not ended."""

    def __init__(self) -> None:
        self._open = b""

    def lines(self, raw: bytes) -> Sequence[bytes]:
        """Return the lines of ``raw`` when one has to be read again, otherwise nothing."""
        if not _odd(raw) and not _odd(self._open):
            self._keep(raw)
            return ()
        return _LINE.findall(raw)

    def readings(self, line: bytes) -> Sequence[Reading]:
        """Read ``line``, with what came of it before; nothing when it has nothing to hide."""
        self._keep(line)
        return readings_of(self._open)

    def _keep(self, raw: bytes) -> None:
        before = b"" if self._open.endswith(b"\n") else self._open
        whole = before + raw
        self._open = whole[whole.rfind(b"\n", 0, -1) + 1 :][-_KEPT:]


def readings_of(line: bytes) -> Sequence[Reading]:
    """Read a line without its control bytes, and without all that shows nothing."""
    if not _odd(line):
        return ()
    return (_reading(line), *(_reading_without(way, line) for way in _WAYS))


def _odd(raw: bytes) -> bool:
    if not raw.isascii() and _has_unseen(raw):
        return True
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        return True
    return b"\r" in raw and _LONE_RETURN.search(raw) is not None


def _reading(line: bytes) -> Reading:
    line = line.replace(b"\0", b"")
    spots, dropped = [], 0
    for start, end in _spots(line):
        kept = len(line[start:end].translate(None, _DROPPED))
        spots.append((start - dropped, start - dropped + kept))
        dropped += end - start - kept
    text = line.translate(None, _DROPPED).decode("latin-1")
    return Reading(text=text, spots=tuple(spots))


def _has_unseen(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return True
    return _UNSEEN_CHARACTER.search(raw) is not None


def _reading_without(way: re.Pattern[bytes], line: bytes) -> Reading:
    line = line.replace(b"\0", b"")
    nothing = [found.span() for found in way.finditer(line) if not found["seen"]]
    pieces, spots, end, dropped = [], [], 0, 0
    for start, stop in nothing:
        pieces.append(line[end:start])
        spots.append((start - dropped, start - dropped))
        end, dropped = stop, dropped + stop - start
    text = b"".join([*pieces, line[end:]]).decode("latin-1")
    return Reading(text=text, spots=tuple(spots))


def _spots(line: bytes) -> Iterator[tuple[int, int]]:
    for found in _SPOT.finditer(line):
        yield found.span()
