"""The bytes of each symbol, kept beside the baseline: what grew can be named without the old ELF.

A line of the file is a symbol of a firmware, so that a diff of it reads as what grew.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.elf import read as read_elf
from pytest_karatos.measure.attribution import parts_of, summed
from pytest_karatos.text import printable

#: Firmware, board, profile.
Whose = tuple[str, str, str]
#: The bytes of flash, RAM and reserved RAM, by the name of a symbol.
Bytes = Mapping[str, tuple[int, int, int]]
_LARGEST = 64 * 1024 * 1024
MEMORIES = ("flash", "ram", "reserved")
#: As many symbols are named in a failure.
_NAMED = 8


def measured(elf: Path, board: Board) -> dict[str, tuple[int, int, int]]:
    """Return the bytes of each symbol of an ELF.

    :raises BadFirmware: when it cannot be read.
    """
    parts = summed(parts_of(read_elf(elf), board, symbols_of(elf)), "symbol")
    return {name: (one.flash, one.ram, one.reserved) for name, one in parts.items()}


def read(path: Path) -> dict[Whose, dict[str, tuple[int, int, int]]]:
    """Read the file; what cannot be read is left out, since no verdict rests on it."""
    found: dict[Whose, dict[str, tuple[int, int, int]]] = {}
    try:
        with path.open("rb") as file:
            lines = file.read(_LARGEST).decode(errors="replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            firmware, board, profile, name, flash, ram, kept = json.loads(line.rstrip(","))
            sizes = int(flash), int(ram), int(kept)
        except (ValueError, TypeError, RecursionError):
            continue
        found.setdefault((str(firmware), str(board), str(profile)), {})[str(name)] = sizes
    return found


def write(path: Path, known: Mapping[Whose, Bytes]) -> None:
    """Write the file in one step.

    :raises OSError: when it cannot be written.
    """
    lines = [
        json.dumps([*whose, name, *sizes]) + ","
        for whose in sorted(known)
        for name, sizes in sorted(known[whose].items())
    ]
    write_whole(path, "".join(f"{line}\n" for line in ["[", *lines, "[]", "]"]).encode())


def _one_line(name: str) -> str:
    return " ".join(printable(name).splitlines())


def grown(old: Bytes, new: Bytes, memory: str) -> Iterator[str]:
    """Yield what has more bytes of a memory than before, the most first, then what has fewer.

    >>> list(grown({"a": (8, 0, 0)}, {"a": (12, 0, 0), "b": (4, 0, 0)}, "flash"))
    ['+4 B  a', '+4 B  b (new)']
    """
    column = MEMORIES.index(memory)
    nothing = (0, 0, 0)
    deltas = {
        name: new.get(name, nothing)[column] - old.get(name, nothing)[column]
        for name in dict.fromkeys((*new, *old))
    }
    rows = sorted((-delta, name) for name, delta in deltas.items() if delta)
    for delta, name in rows[:_NAMED]:
        yield f"{-delta:+,} B  {_one_line(name)}" + ("" if name in old else " (new)")
    if rows[_NAMED:]:
        yield f"... and {len(rows) - _NAMED} more"
