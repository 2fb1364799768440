"""The decoder from raw bytes to the text that patterns are matched against.

Firmware ends lines with LF, CRLF, CR CR LF or CR alone, colours them, and prints rubbish when it
crashes. Patterns should not have to know.
"""

import codecs
import re
from collections.abc import Callable

#: Control sequences. Each is bounded, so that whether something is one does not depend on where a
#: read ended, and none holds a line end: a title that nobody ended is text.
SEQUENCE = (
    rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor
    rb"|\][^\x00-\x06\x08-\x1f]{0,256}(?:\x07|\x1b\\)"  # OSC: window titles
    rb"|[ -/]{1,3}[0-~]|[0-Z\\^-~])"  # the short ones
)
#: The beginning of one, at the end of a piece.
TORN = rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|\][^\x00-\x06\x08-\x1f]{0,256}\x1b?|[ -/]{0,3})\Z"
_WHOLE = re.compile(SEQUENCE)
_WHOLE_OR_TORN = re.compile(rb"(?:%b|(%b))" % (SEQUENCE, TORN))
_NEWLINE = re.compile(rb"\r+\n?")
_LINE_END = re.compile(rb"(?:\r(?:\0|%b)*)*\n|\r(?:(?:\0|%b)*\r)*" % (SEQUENCE, SEQUENCE))


class TextDecoder:
    r"""A decoder with memory: the text is the same wherever the bytes are cut into pieces.

    >>> decoder = TextDecoder()
    >>> decoder.feed(b"one\r\ntwo\r"), decoder.feed(b"\n\x1b[3"), decoder.feed(b"1mred\xff\0")
    ('one\ntwo\n', '', 'red\\xff')
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._held = b""
        self._after_return = False

    def feed(self, raw: bytes, *, last: bool = False) -> str:
        """Return the text of ``raw``; ``last`` lets go of what was held back for its rest."""
        if b"\0" in raw:
            raw = raw.replace(b"\0", b"")  # a terminal shows none
        data = self._held + raw if self._held else raw
        self._held = b""
        if b"\x1b" in data:
            data = self._without_sequences(data, last=last)
        if self._after_return or b"\r" in data:
            data = self._with_newlines(data)
        return self._decoder.decode(data, last)

    def _without_sequences(self, data: bytes, *, last: bool) -> bytes:
        # One scan from left to right: what a removed sequence leaves side by side is not one.
        return _WHOLE.sub(b"", data) if last else _WHOLE_OR_TORN.sub(self._hold, data)

    def _hold(self, found: re.Match[bytes]) -> bytes:
        self._held = found[1] or b""
        return b""

    def _with_newlines(self, data: bytes) -> bytes:
        if self._after_return:
            # The newline of those returns is out already; they and one LF still belong to it.
            data = data.lstrip(b"\r")
            if not data:
                return data
            data = data.removeprefix(b"\n")
        self._after_return = data.endswith(b"\r")
        return _NEWLINE.sub(b"\n", data)


def line_ends(raw: bytes) -> list[int]:
    r"""Return where each line of the text ends in ``raw``: the place of its last byte.

    >>> line_ends(b"one\r\ntwo\r\x1b[0m\n\rthree")
    [4, 13, 14]
    """
    return [found.end() - 1 for found in _LINE_END.finditer(raw)]


def decoded_ends(read: Callable[[int, int], bytes], end: int, whole: int) -> str:
    """Return what ``read`` has up to ``end`` as text; of more than ``whole`` bytes only both ends.

    ``read`` takes an offset and a size.
    """
    if end <= whole:
        return TextDecoder().feed(read(0, end), last=True)
    half = whole // 2
    head = TextDecoder().feed(read(0, half), last=True)
    tail = TextDecoder().feed(read(end - half, half), last=True)
    return f"{head}\n[... {end - whole} bytes left out ...]\n{tail}"
