"""Read which memory firmware is linked for: the best sign of the board it belongs to."""

import re
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.board import Board, Region
from pytest_karatos.commands.trees.text import files_of, read
from pytest_karatos.settings.sizes import address, size

_SCRIPTS = frozenset((".x", ".ld", ".lds"))
_REGION = re.compile(
    r"\b(\w+)\s*(?:\([^)]*\))?\s*:\s*(?:ORIGIN|org|o)\s*=\s*(\w+)\s*,"
    r"\s*(?:LENGTH|len|l)\s*=\s*(\w+)",
    re.MULTILINE | re.IGNORECASE,
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def layouts_of(tree: Path) -> dict[str, tuple[Region, ...]]:
    """Map each linker script with readable memory regions to those regions."""
    found = {
        path.relative_to(tree).as_posix(): tuple(_regions(read(path)))
        for path in files_of(tree)
        if path.suffix in _SCRIPTS
    }
    return {script: regions for script, regions in found.items() if regions}


def _regions(text: str) -> Iterator[Region]:
    for name, start, length in _REGION.findall(_COMMENT.sub("", text)):
        try:
            yield Region(name=name.lower(), start=address(start), size_bytes=size(length))
        except ValueError:  # an expression, or a placeholder of a template
            continue


def holds(board: Board, regions: tuple[Region, ...]) -> bool:
    """Tell whether all ``regions`` lie in the board's memory."""
    return all(
        any(room.start <= one.start and one.end <= room.end for room in board.regions)
        for one in regions
    )
