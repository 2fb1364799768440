"""The boards that a tree is for: by its triple, its linker scripts, its compiler flags."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.board import Board, Region
from pytest_karatos.cli.detect.found import Found, Question
from pytest_karatos.cli.detect.text import files_of, read
from pytest_karatos.settings.sizes import address, format_size, size

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


_SIGNS = {
    "arm": re.compile(
        r"\b(thumbv\d|armv\d|arm-none-eabi|cortex-[mr]|arm\b)|-mthumb", re.IGNORECASE
    ),
    "riscv": re.compile(r"\b(riscv|rv(32|64))", re.IGNORECASE),
}
#: What else the processor of a board with this triple runs.
_RUNS = {
    "thumbv7m-none-eabi": ("thumbv6m-none-eabi",),
    "riscv32imac-unknown-none-elf": (
        "riscv32i-unknown-none-elf",
        "riscv32im-unknown-none-elf",
        "riscv32imc-unknown-none-elf",
    ),
}
Layouts = Mapping[str, tuple[Region, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The boards that a tree is for, why, and what could not be told."""

    boards: tuple[Board, ...] = ()
    saw: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


def target_of(tree: Path, found: Found, boards: tuple[Board, ...]) -> Target:
    """Choose among the known ``boards``; linker scripts decide where there are any."""
    if found.boards:
        named = tuple(one for one in boards if one.name in found.boards)
        return Target(boards=named, saw=tuple(f"board {one.name} ({one.arch})" for one in named))
    archs = [arch for arch, sign in _SIGNS.items() if sign.search(found.hint)]
    archs += [arch for arch, _ in found.prebuilt]
    archs += [arch for family in found.families for arch in family.archs]
    layouts = layouts_of(tree)
    if not (archs or layouts):
        return Target(questions=(_which_arch(),))
    fitting = [
        board
        for board in sorted(boards, key=lambda one: not one.default)
        if board.arch in (archs or _SIGNS)
        and _runs(board, found.triple)
        and (not layouts or _script_for(board, layouts))
    ]
    if not fitting:
        return Target(questions=(_new_board(found, layouts, archs),))
    # The default board of each arch where it fits, else the first that does.
    picked = {board.arch: board for board in reversed(fitting)}.values()
    return Target(boards=tuple(picked), saw=tuple(_why(board, layouts) for board in picked))


def _runs(board: Board, triple: str) -> bool:
    return not triple or triple == board.triple or triple in _RUNS.get(board.triple, ())


def _script_for(board: Board, layouts: Layouts) -> str:
    """Name the script whose memory the board has."""
    return next((script for script, one in layouts.items() if holds(board, one)), "")


def _why(board: Board, layouts: Layouts) -> str:
    script = _script_for(board, layouts)
    reason = f"it has the memory that {script} says" if script else "the default one of its arch"
    return f"board {board.name} ({board.arch}): {reason}"


def _which_arch() -> Question:
    return Question(
        text="which arch is it for? (`python -m pytest_karatos boards` lists archs and boards)",
        lines=("[run]", 'arch = ["arm"]'),
    )


def _new_board(found: Found, layouts: Layouts, archs: list[str]) -> Question:
    script, regions = next(iter(layouts.items()), ("", ()))
    wants = [f"the memory that {script} says"] if script else []
    wants += [f"a processor for {found.triple}"] if found.triple else []
    arch = archs[0] if archs else "arm"
    memory = (
        f'regions.{one.name} = {{ start = {one.start:#x}, size = "{format_size(one.size_bytes)}" }}'
        for one in regions
    )
    return Question(
        text=f"which QEMU machine has {' and '.join(wants) or 'what it needs'}? No known board "
        "does. (`qemu-system-... -machine help` lists machines)",
        lines=(
            *("[run]", 'board = ["myboard"]', "[boards.myboard]", f'arch = "{arch}"'),
            *([f'triple = "{found.triple}"'] if found.triple else []),
            'qemu = ["-machine", "MACHINE"]',
            *memory,
        ),
    )
