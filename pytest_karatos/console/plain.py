"""Turn raw bytes into the text that patterns are matched against.

Firmware ends lines with LF, CRLF, CR CR LF or CR alone, colours them, and prints rubbish when it
crashes. Patterns should not have to know.
"""

import codecs
import re

_CONTROL = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles
    rb"|[ -/]+[0-~]|[0-Z\\^-~])"  # the short ones
)
#: The beginning of one, at the end of a piece.
_TORN = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)\Z")
_NEWLINE = re.compile(rb"\r+\n?")
#: An escape sequence longer than this is none.
_LONGEST_SEQUENCE = 256


class Plain:
    r"""A decoder with memory: sequences torn between two pieces come out whole.

    >>> plain = Plain()
    >>> plain.feed(b"one\r\ntwo\r"), plain.feed(b"\n\x1b[3"), plain.feed(b"1mred\xff")
    ('one\ntwo\n', '', 'red\\xff')
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._held = b""
        self._after_return = False

    def feed(self, raw: bytes, *, last: bool = False) -> str:
        """Return the text of ``raw``; ``last`` lets go of what was held back for its rest."""
        data = self._held + raw if self._held else raw
        self._held = b""
        if b"\x1b" in data:
            data = self._without_sequences(data, last=last)
        if self._after_return or b"\r" in data:
            data = self._with_newlines(data)
        return self._decoder.decode(data, last)

    def _without_sequences(self, data: bytes, *, last: bool) -> bytes:
        data = _CONTROL.sub(b"", data)
        torn = None if last else _TORN.search(data, max(0, len(data) - _LONGEST_SEQUENCE))
        if torn:
            data, self._held = data[: torn.start()], torn.group()
        return data

    def _with_newlines(self, data: bytes) -> bytes:
        if self._after_return:
            # The newline of those returns is out already; they and one LF still belong to it.
            data = data.lstrip(b"\r")
            if not data:
                return data
            data = data.removeprefix(b"\n")
        self._after_return = data.endswith(b"\r")
        return _NEWLINE.sub(b"\n", data)
