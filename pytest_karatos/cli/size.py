"""Show what takes the bytes of an ELF: by symbol, crate, source file or section, to the byte.

The sums are the figures that budgets are held against: flash as it is programmed, padding and the
copy of .data included; RAM of statics; what is reserved for heap and stack.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.board import Board
from pytest_karatos.cli.shell import Shell
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.elf import Elf, check, read
from pytest_karatos.errors import BadFirmware, BadSetting
from pytest_karatos.measure.attribution import BY, Part, parts_of, summed
from pytest_karatos.measure.treemap import treemap
from pytest_karatos.settings import load
from pytest_karatos.settings.suggest import unknown
from pytest_karatos.text import aligned, printable

HELP = "show what takes the bytes of an ELF, by symbol, crate, file or section"
#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1
_MEMORIES = ("flash", "ram", "reserved")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("elf", metavar="ELF", help="a linked firmware")
    add_common(parser)
    parser.add_argument("--top", metavar="N", type=int, default=30, help="rows (30); 0 for all")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--treemap", metavar="FILE", help="draw it by crate, file and symbol: SVG")
    parser.add_argument(
        "--memory", choices=_MEMORIES, default="flash", help="what the treemap is of (flash)"
    )


def add_common(parser: ArgumentParser) -> None:
    """Declare what looks at one ELF or two take alike."""
    parser.add_argument("--by", choices=tuple(BY), default="symbol", help="what is summed up")
    parser.add_argument(
        "--board", metavar="NAME", help="whose memories hold it (the first one that it suits)"
    )


def run(options: Namespace, shell: Shell) -> int:
    """Print the table; the sums are in its last row."""
    elf = read(shell.folder / options.elf)
    board = board_for(elf, options.board, shell)
    parts = taken_apart(elf, board)
    if options.treemap:
        _draw(parts, options, shell)
    rows = list(summed(parts, options.by).values())
    if options.json:
        answer = {"board": board.name, "by": options.by, "rows": [asdict(row) for row in rows]}
        shell.say(json.dumps({"schema": SCHEMA_VERSION, **total(parts), **answer}, indent=1))
        return 0
    shown = rows[: options.top] if options.top > 0 else rows
    for line in aligned([("flash", "RAM", "reserved", options.by), *map(_row, shown)]):
        shell.say(line)
    hidden = len(rows) - len(shown)
    sums = ", ".join(f"{name} {size:,} B" for name, size in total(parts).items())
    shell.say(f"{f'... and {hidden} more; ' if hidden else ''}board {board.name}: {sums}")
    return 0


def _draw(parts: Iterable[Part], options: Namespace, shell: Shell) -> None:
    """Write the treemap.

    :raises BadSetting: when it cannot be.
    """
    path = shell.folder / options.treemap
    drawn = treemap(parts, options.memory, Path(options.elf).name)
    try:
        write_whole(path, drawn.encode(errors="replace"))
    except OSError as error:
        raise BadSetting(
            f"--treemap: {path} cannot be written: {error.strerror or error}.",
            fix="name a file in a folder that is there",
        ) from error


def taken_apart(elf: Elf, board: Board) -> tuple[Part, ...]:
    """Return the parts of ``elf`` in the memories of ``board``."""
    return parts_of(elf, board, symbols_of(elf.path))


def total(parts: Iterable[Part]) -> dict[str, int]:
    """Add up each memory."""
    listed = list(parts)
    return {name: sum(getattr(part, name) for part in listed) for name in _MEMORIES}


def board_for(elf: Elf, name: str | None, shell: Shell) -> Board:
    """Find the board: the one that was named, else the first that the ELF suits, defaults first.

    :raises UnknownName: for a name that nobody defined.
    :raises BadSetting: when the ELF suits none.
    """
    boards = load(root=shell.folder, environ=shell.environ, typed={}).boards
    if name is not None:
        known = {board.name: board for board in boards}
        if name not in known:
            raise unknown("board", name, known, origin="--board")
        return known[name]
    found = [board for board in boards if _suits(elf, board)]
    if not found:
        raise BadSetting(
            f"{elf.path} suits none of the boards: {', '.join(one.name for one in boards)}.",
            fix="name one with --board, or define its own in [boards.NAME] of karatos.toml",
        )
    return next((board for board in found if board.default), found[0])


def _suits(elf: Elf, board: Board) -> bool:
    try:
        check(elf, board)
    except BadFirmware:
        return False
    return True


def _row(part: Part) -> tuple[str, ...]:
    where = f"  ({Path(part.file).name})" if part.file and part.name != Path(part.file).name else ""
    sizes = (f"{getattr(part, name):,}" if getattr(part, name) else "" for name in _MEMORIES)
    return (*sizes, f"{printable(part.name)}{where}")
