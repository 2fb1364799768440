"""Recognise a tree of which nothing is known but an ELF that lies there, built by somebody."""

from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.commands.trees.found import Found
from pytest_karatos.commands.trees.text import files_of
from pytest_karatos.elf import check, read
from pytest_karatos.errors import KaratosError

_SUFFIXES = frozenset((".elf", ".axf", ".out"))


def recognise(tree: Path, boards: tuple[Board, ...]) -> Found | None:
    """Take one ELF for each arch whose default board can boot it."""
    found = dict(_fitting(tree, boards))
    if not found:
        return None
    return Found(
        saw=tuple(
            f"{elf}: firmware for {arch} that is built already" for arch, elf in found.items()
        ),
        prebuilt=tuple(found.items()),
        builder="prebuilt",
        builder_why="nothing tells how it is built; give [build] command and elf instead",
    )


def _fitting(tree: Path, boards: tuple[Board, ...]) -> Iterator[tuple[str, str]]:
    # Two folders that are usually left out may hold nothing but what was built.
    places = [tree, *(tree / name for name in ("build", "out") if (tree / name).is_dir())]
    for path in (path for place in places for path in files_of(place)):
        if path.suffix in _SUFFIXES:
            for board in boards:
                if board.default and _fits(path, board):
                    yield board.arch, path.relative_to(tree).as_posix()


def _fits(path: Path, board: Board) -> bool:
    try:
        check(read(path), board)
    except KaratosError:
        return False
    return True
