"""Ask the ways in their order: the first that recognises the tree is taken."""

from collections.abc import Callable
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.commands.trees import built, cargo, cmake, make, script, zephyr
from pytest_karatos.commands.trees.found import Found, Question

#: What says most comes first: a Makefile often only calls cargo, and a Zephyr tree has a CMake one.
WAYS: dict[str, Callable[[Path], Found | None]] = {
    "karatos": script.self_describing,
    "zephyr": zephyr.recognise,
    "cargo": cargo.recognise,
    "make": make.recognise,
    "cmake": cmake.recognise,
    "script": script.recognise,
}
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
    return built.recognise(tree, boards) or _NOTHING
