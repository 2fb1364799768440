"""Find the line of every key of a TOML text, which tomllib does not tell."""

import re
from dataclasses import dataclass, field

Path = tuple[str, ...]

#: Longer keys are cut: no setting is that deep, and a file may be hostile.
DEEPEST = 50

_TOKEN = re.compile(
    r"""(?P<skip>\#[^\n]*)
    |(?P<value>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5})
    |(?P<quoted>\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')
    |(?P<bare>[A-Za-z0-9_-]+)
    |(?P<mark>[][{}=,\n])""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(slots=True)
class _Scanner:
    """Where the scan is: the table of the last header, open brackets, the key being read."""

    lines: dict[Path, int] = field(default_factory=dict)
    header: Path = ()
    #: Open inline tables (the path that they fill) and arrays (None).
    open: list[Path | None] = field(default_factory=list)
    key: Path = ()
    reading_key: bool = True
    in_header: bool = False
    current: Path = ()

    def word(self, text: str) -> None:
        if self.reading_key and len(self.key) < DEEPEST:
            self.key += (text,)

    def mark(self, mark: str, line: int) -> None:
        if mark == "\n":
            self._newline()
        elif mark == "[":
            self._open_square()
        elif mark == "]":
            self._close_square(line)
        elif mark == "=":
            self._equals(line)
        elif mark == "{":
            self.open.append(self.current)
            self._expect_key(wanted=True)
        else:
            self._comma_or_brace(mark)

    def _expect_key(self, *, wanted: bool) -> None:
        self.key, self.reading_key = (), wanted

    def _newline(self) -> None:
        if not self.open:
            self.in_header = False
            self._expect_key(wanted=True)

    def _open_square(self) -> None:
        if self.reading_key and not self.open:
            self.in_header = True
        else:
            self.open.append(None)

    def _close_square(self, line: int) -> None:
        if not self.in_header:
            self._pop()
        elif self.key:
            self.header = self.key
            self._note((), self.key, line)
            self._expect_key(wanted=False)

    def _equals(self, line: int) -> None:
        base = (self.open[-1] or ()) if self.open else self.header
        self._note(base, self.key, line)
        self.current = base + self.key
        self._expect_key(wanted=False)

    def _note(self, base: Path, key: Path, line: int) -> None:
        for length in range(1, len(key) + 1):
            self.lines.setdefault(base + key[:length], line)

    def _comma_or_brace(self, mark: str) -> None:
        if mark == "}":
            self._pop()
        elif self.open and self.open[-1] is not None:
            self._expect_key(wanted=True)

    def _pop(self) -> None:
        # An array of inline tables: the next table fills the same key again.
        closed = self.open.pop() if self.open else None
        self.current = closed if closed is not None else self.current
        self._expect_key(wanted=False)


def lines_of(text: str) -> dict[Path, int]:
    r"""Map each key's path to its first line. ``text`` must be valid TOML.

    >>> lines_of("[a]\nb = { c = 1 }\n'd'.e = 2")
    {('a',): 1, ('a', 'b'): 2, ('a', 'b', 'c'): 2, ('a', 'd'): 3, ('a', 'd', 'e'): 3}
    """
    scanner = _Scanner()
    line, seen = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen = token.start()
        if token["mark"]:
            scanner.mark(token["mark"], line)
        elif token["bare"]:
            scanner.word(token["bare"])
        elif token["quoted"]:
            scanner.word(token["quoted"][1:-1])
    return scanner.lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of ``path``, or of the nearest table around it (1 when there is none)."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
