"""Check of the firmware's tree: is it there, and can its build command be run."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.builders.prebuilt import PrebuiltBuilder
from pytest_karatos.choices import BuilderWay
from pytest_karatos.cli.checks.need import MISSING, OK, Need
from pytest_karatos.elf import check, read
from pytest_karatos.errors import KaratosError
from pytest_karatos.settings import Settings, request

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
#: A command that begins in a folder of the tree: the settings render it so, and people write it.
_ENTERED = re.compile(r"cd ([\w./-]+) && \(?(.*)", re.DOTALL)
#: What a shell does itself: then the program that counts comes later, and only it knows which.
_SHELL_WORDS = frozenset(
    (
        ".",
        ":",
        "[",
        "[[",
        "(",
        "{",
        "!",
        "if",
        "for",
        "while",
        "case",
        "set",
        "export",
        "cd",
        "test",
    )
)


def examine(settings: Settings, builder: BuilderWay, path: str) -> Iterator[Need]:
    """Examine the tree and the command; ``path`` is the PATH that a local build sees."""
    prebuilt = PrebuiltBuilder(settings.prebuilt)
    boards = [board for board in settings.chosen if not prebuilt.serves(board)]
    for board in settings.chosen:
        elf = prebuilt.elf_for(board)
        if elf is not None:
            yield _prebuilt(board, elf)
    if not boards:
        return
    if not builder.compiles:
        yield _without_elf(boards)
        return
    yield _source(settings)
    if settings.source.is_dir():
        yield _command(settings, boards[0], "" if builder.engine else path)


def _prebuilt(board: Board, elf: Path) -> Need:
    name, why = "firmware", f"board '{board.name}' ({board.arch}) boots it; nothing is built."
    try:
        check(read(elf), board)
    except KaratosError as error:
        fix = error.fix or "build it"
        return Need(name=name, state=MISSING, found=error.what, why=why, fix=fix)
    return Need(name=name, state=OK, found=str(elf), why=why)


def _without_elf(boards: list[Board]) -> Need:
    archs = " ".join(f"--karatos-elf={board.arch}=PATH" for board in boards)
    return Need(
        name="firmware",
        state=MISSING,
        found=f"no ELF is named for {', '.join(board.name for board in boards)}",
        why="the settings say builder = prebuilt, which builds nothing.",
        fix=f"pytest {archs}",
    )


def _source(settings: Settings) -> Need:
    origin = settings.origins.get("build.source", "default")
    why = f"the firmware is built from it ({origin})."
    if settings.source.is_dir():
        return Need(name="source tree", state=OK, found=str(settings.source), why=why)
    return Need(
        name="source tree",
        state=MISSING,
        found=f"{settings.source} is not a folder",
        why=why,
        fix="pytest --karatos-source=DIR",
    )


def _command(settings: Settings, board: Board, path: str) -> Need:
    command = request(settings, board, settings.profiles[0]).command
    origin = settings.origins.get("build.command", "default")
    why = f"it builds the firmware ({origin})."
    if origin == "default":
        why = "it builds the firmware (default: no settings file says another)."
    entered = _ENTERED.match(command)
    folder, first = (entered[1], entered[2]) if entered else (".", command)
    program = program_of(first)
    found, fix = f"`{command}`", ""
    if "/" in program:
        found, fix = _script(settings.source / folder / program, command, settings)
    elif program and path and shutil.which(program, path=path) is None:
        found, fix = f"'{program}' is not on PATH: `{command}`", f"apt-get install {program}"
    return Need(name="build command", state=MISSING if fix else OK, found=found, why=why, fix=fix)


def _begin(settings: Settings) -> str:
    """Tell how to say what builds the tree: init would leave a settings file that is there."""
    if (settings.root / "karatos.toml").is_file():
        return "say in karatos.toml, [build] command, what builds this tree"
    return "python -m pytest_karatos init"


def _script(script: Path, command: str, settings: Settings) -> tuple[str, str]:
    if not script.is_file():
        return f"there is no {script}: `{command}`", _begin(settings)
    if not script.stat().st_mode & 0o111:
        return f"{script} is not executable: `{command}`", f"chmod +x {shlex.quote(str(script))}"
    return f"`{command}`", ""


def program_of(command: str) -> str:
    """Return the program that a shell command begins with; empty when only a shell can tell.

    >>> program_of("CC=gcc make -C fw"), program_of("./build.sh arm"), program_of("cd x && make")
    ('make', './build.sh', '')
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    plain = [word for word in words if not _ASSIGNMENT.match(word)]
    first = plain[0] if plain else ""
    hidden = first in _SHELL_WORDS or any(sign in first for sign in "$`;&|<>(){}*?")
    return "" if hidden else first
