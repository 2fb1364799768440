"""Debug information that was read once, kept as JSON in a file that is named after the ELF's bytes.

Whatever is wrong with the file, or with the disk, only costs the time of reading the ELF again.
"""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.elf import Function, Row, Unit, UnitRange

#: Raised when what is written changes.
_SCHEMA = 1
_LARGEST_BYTES = 64 * 1024 * 1024


class SymbolCache:
    """The file for the ELF at ``elf``, in ``folder``; None keeps nothing.

    ``ranges`` is None as long as nobody has put them in.
    """

    def __init__(self, elf: Path, folder: Path | None) -> None:
        self._path = folder / f"symbols-{_sha256(elf)[:32]}.json" if folder else None
        self.ranges: tuple[UnitRange, ...] | None = None
        self.units: dict[int, Unit] = {}
        if self._path is not None:
            # Anything may stand in a file that somebody else can write.
            with contextlib.suppress(OSError, ValueError, TypeError, LookupError, RecursionError):
                self._load(json.loads(_small(self._path)))

    def _load(self, data: dict[str, Any]) -> None:
        if data["schema"] == _SCHEMA:
            ranges = tuple(
                UnitRange(start=int(start), end=int(end), unit=int(unit))
                for start, end, unit in data["ranges"]
            )
            self.units = {int(offset): _unit(one) for offset, one in data["units"].items()}
            self.ranges = ranges

    def save(self) -> None:
        """Write what is known by now; a disk that does not take it is no matter."""
        if self._path is None or self.ranges is None:
            return
        data = {
            "schema": _SCHEMA,
            "ranges": [(one.start, one.end, one.unit) for one in self.ranges],
            "units": {str(offset): _plain(unit) for offset, unit in self.units.items()},
        }
        with contextlib.suppress(OSError):
            write_whole(self._path, json.dumps(data, separators=(",", ":")).encode())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_BYTES)


def _plain(unit: Unit) -> dict[str, Any]:
    """Write every text once: most of the lines are of the same few files."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    rows = [(one.start, one.end, number(one.file), one.line) for one in unit.rows]
    functions = [
        (one.start, one.end, number(one.name), one.depth, number(one.file), one.line)
        for one in unit.functions
    ]
    return {"texts": list(texts), "rows": rows, "functions": functions}


def _unit(data: dict[str, Any]) -> Unit:
    texts = [str(text) for text in data["texts"]]
    return Unit(
        rows=tuple(
            Row(start=int(start), end=int(end), file=texts[file], line=int(line))
            for start, end, file, line in data["rows"]
        ),
        functions=tuple(
            Function(
                start=int(start),
                end=int(end),
                name=texts[name],
                depth=int(depth),
                file=texts[file],
                line=int(line),
            )
            for start, end, name, depth, file, line in data["functions"]
        ),
    )
