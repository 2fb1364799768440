"""The ways of building in the order they are asked: the first that recognises the tree is taken."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.cli.detect import built, cargo, cmake, make, riot, script, zephyr
from pytest_karatos.cli.detect.found import Found, Question
from pytest_karatos.cli.detect.text import files_of

#: What says most comes first: a Makefile often only calls cargo, and a Zephyr tree has a CMake one.
WAYS: dict[str, Callable[[Path], Found | None]] = {
    "karatos": script.self_describing,
    "zephyr": zephyr.recognise,
    "riot": riot.recognise,
    "cargo": cargo.recognise,
    "make": make.recognise,
    "cmake": cmake.recognise,
    "script": script.recognise,
}
_BUILD_FILES = ("Cargo.toml", "Makefile", "CMakeLists.txt", "build.sh")
#: As many folders below are named.
_MOST_BELOW = 4
_NOTHING = Found(
    saw=("nothing that tells how this tree is built",),
    questions=(
        Question(
            text="which command builds it? (known: {arch} {profile} {board} {triple} {features})",
            lines=('command = "make BOARD={board}"',),
        ),
        Question(text="which file does it leave?", lines=('elf = "build/firmware.elf"',)),
    ),
)


def recognise(tree: Path, boards: tuple[Board, ...]) -> Found:
    """Recognise ``tree``; when nothing does, the answer is made of questions."""
    for way in WAYS.values():
        found = way(tree)
        if found is not None:
            return found
    return built.recognise(tree, boards) or replace(_NOTHING, saw=(*_NOTHING.saw, *_below(tree)))


def _below(tree: Path) -> Iterator[str]:
    """Yield where below ``tree`` something is built: there init could tell more."""
    folders = dict.fromkeys(path.parent for path in files_of(tree) if path.name in _BUILD_FILES)
    for folder in list(folders)[:_MOST_BELOW]:
        where = folder.relative_to(tree).as_posix()
        yield f"{where} is built by itself: python -m pytest_karatos init {where}"
