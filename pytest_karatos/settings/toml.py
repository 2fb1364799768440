"""Read TOML files: the only room that imports tomllib; a broken file gets its sentence here."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.locate import DEEPEST, line_of, lines_of

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
        raise BadSetting(f"{name}: the file is larger than 1 MiB; that is no settings file.")
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
