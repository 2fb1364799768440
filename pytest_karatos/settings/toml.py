"""TOML files with the line of every key: the only module that imports tomllib."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.errors import BadSetting

#: A settings file of a megabyte is not a settings file.
_LARGEST_BYTES = 1024 * 1024
_END = "(at end of document)"
_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A TOML file's (or one table's) data, and the place of every key for people."""

    data: Mapping[str, object]
    #: The file's name as people know it.
    name: str
    lines: dict[tuple[str, ...], int]
    #: The table that ``data`` was cut out of, as ``("tool", "karatos")``.
    above: tuple[str, ...] = ()

    def origin(self, path: tuple[str, ...]) -> str:
        """Return ``file:line`` of a key, or the name alone of what has no lines."""
        if not self.lines:
            return self.name
        return f"{self.name}:{line_of(self.lines, self.above + path)}"


def read(path: Path, name: str) -> Document:
    """Read a TOML file.

    :raises BadSetting: when it cannot be read, is no UTF-8, too large, or no TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as no:
        reason = no.strerror if isinstance(no, OSError) else no
        raise BadSetting(f"{name}: the settings file cannot be read: {reason}.") from no
    if len(data) > _LARGEST_BYTES:
        raise BadSetting(f"{name}: the file is larger than 1 MiB; a settings file is smaller.")
    return parse(data, name)


def parse(data: bytes, name: str) -> Document:
    """Parse TOML.

    :raises BadSetting: naming file and line.
    """
    text = _decoded(data, name)
    try:
        loaded = tomllib.loads(text)
    except RecursionError as no:
        raise BadSetting(f"{name}: the tables are nested too deeply.") from no
    except ValueError as no:
        raise _syntax(no, name, text) from no
    lines = lines_of(text.replace("\r\n", "\n"))
    if any(len(path) >= DEEPEST for path in lines):
        raise BadSetting(f"{name}: the tables are nested too deeply.")
    return Document(data=loaded, name=name, lines=lines)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as no:
        line = data.count(b"\n", 0, no.start) + 1
        raise BadSetting(
            f"{name}:{line}: byte 0x{data[no.start]:02x} is not UTF-8; TOML is UTF-8 text."
        ) from no


def _syntax(no: ValueError, name: str, text: str) -> BadSetting:
    said = str(no)
    if _END in said:
        last = len(text.splitlines()) or 1
        return BadSetting(f"{name}:{last}: this is not TOML, it ends too early: {said}.")
    place = _PLACE.search(said)
    where = f"{name}:{place[1]}" if place else name
    at = f" at column {place[2]}" if place else ""
    return BadSetting(f"{where}: this is not TOML{at}: {_PLACE.sub('', said)}.")


def table(document: Document, *above: str) -> Document | None:
    """Cut one table out of a document; None when it has no such table."""
    data: object = document.data
    for part in above:
        data = data.get(part) if isinstance(data, dict) else None
    if data is None:
        return None
    if not isinstance(data, dict):
        raise BadSetting(f"{document.origin(above)}: {'.'.join(above)} must be a table.")
    return Document(data=data, name=document.name, lines=document.lines, above=above)


KeyParts = tuple[str, ...]

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

    lines: dict[KeyParts, int] = field(default_factory=dict)
    header: KeyParts = ()
    #: Open inline tables (the path that they fill) and arrays (None).
    open: list[KeyParts | None] = field(default_factory=list)
    key: KeyParts = ()
    reading_key: bool = True
    in_header: bool = False
    #: The header is one of an array of tables, ``[[a.b]]``.
    of_array: bool = False
    #: How many items each array has so far.
    items: dict[KeyParts, int] = field(default_factory=dict)
    current: KeyParts = ()

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
            if self.open and self.open[-1] is None:
                self._item(self.current, line)
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
            self.of_array, self.in_header = self.in_header, True
        else:
            self.open.append(None)

    def _close_square(self, line: int) -> None:
        if not self.in_header:
            self._pop()
        elif self.key:
            self.header = self.key
            self._note((), self.key, line)
            if self.of_array:
                self._item(self.key, line)
            self._expect_key(wanted=False)

    def _equals(self, line: int) -> None:
        base = (self.open[-1] or ()) if self.open else self.header
        self._note(base, self.key, line)
        self.current = base + self.key
        self._expect_key(wanted=False)

    def _note(self, base: KeyParts, key: KeyParts, line: int) -> None:
        for length in range(1, len(key) + 1):
            self.lines.setdefault(base + key[:length], line)

    def _item(self, array: KeyParts, line: int) -> None:
        index = self.items.get(array, 0)
        self.items[array] = index + 1
        self.lines.setdefault((*array, str(index)), line)

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


def lines_of(text: str) -> dict[KeyParts, int]:
    r"""Map each path of a key, or of an item, to its first line. ``text`` must be valid TOML.

    >>> lines_of("[a]\nb = { c = 1 }\n'd'.e = 2")
    {('a',): 1, ('a', 'b'): 2, ('a', 'b', 'c'): 2, ('a', 'd'): 3, ('a', 'd', 'e'): 3}
    >>> lines_of("[[a]]\n[[a]]\nb = [{},\n{}]")
    {('a',): 1, ('a', '0'): 1, ('a', '1'): 2, ('a', 'b'): 3, ('a', 'b', '0'): 3, ('a', 'b', '1'): 4}
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


def line_of(lines: dict[KeyParts, int], path: KeyParts) -> int:
    """Return the line of ``path``, or of the nearest table around it (1 when there is none)."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
