"""List the boards that are known here: built in, or defined by your settings.

A board is data. Define one in karatos.toml and it appears here; '*' marks the one
that its arch alone means (`pytest --arch=arm`), any other is asked for by name
(`pytest --karatos-board=NAME`).
"""

import json
from argparse import ArgumentParser, Namespace

from pytest_karatos.board import Board
from pytest_karatos.cli.shell import Shell
from pytest_karatos.settings import Settings, firmware_named, load
from pytest_karatos.settings.sizes import format_size
from pytest_karatos.text import aligned

HELP = "list the boards that are known here"
#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1
_HEAD = ("  board", "arch", "machine", "console", "memory", "defined in")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--firmware", metavar="NAME", help="only the boards that it is for")


def run(options: Namespace, shell: Shell) -> int:
    """Print the table; a broken settings file is an error, since it may define boards."""
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    boards = firmware_named(settings.firmwares, options.firmware or "", "--firmware").boards
    if options.json:
        rows = [_facts(board, settings) for board in boards]
        shell.say(json.dumps({"schema": SCHEMA_VERSION, "boards": rows}, indent=1))
        return 0
    for line in aligned([_HEAD, *(_row(board, settings) for board in boards)]):
        shell.say(line)
    return 0


def machine_of(board: Board) -> str:
    """Return the name of QEMU's machine, without its properties; empty when none is named.

    >>> machine_of(Board(name="e", arch="riscv", qemu=("-M", "sifive_e,revb=true")))
    'sifive_e'
    """
    for option, value in zip(board.qemu, board.qemu[1:], strict=False):
        if option in {"-M", "-machine", "--machine"}:
            return value.partition(",")[0]
    return ""


def _facts(board: Board, settings: Settings) -> dict[str, object]:
    regions = {
        one.name: {"start": one.start, "size_bytes": one.size_bytes} for one in board.regions
    }
    return {
        "name": board.name,
        "arch": board.arch,
        "default": board.default,
        "machine": machine_of(board),
        "emulator": board.emulator,
        "qemu": list(board.qemu),
        "console": board.console,
        "triple": board.triple,
        "regions": regions,
        "defined_in": _home(board, settings),
    }


def _row(board: Board, settings: Settings) -> tuple[str, ...]:
    memory = ", ".join(f"{one.name} {format_size(one.size_bytes)}" for one in board.regions)
    mark = "*" if board.default else " "
    return (
        f"{mark} {board.name}",
        board.arch,
        machine_of(board) or "(none named)",
        board.console,
        memory or "(not declared)",
        _home(board, settings),
    )


def _home(board: Board, settings: Settings) -> str:
    origin = settings.origins[f"boards.{board.name}.arch"]
    return "built in" if origin == "default" else origin
