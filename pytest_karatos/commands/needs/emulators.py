"""Examine the QEMU of each chosen board: is it here, how old, and does it know the machine."""

import re
import shutil
from collections.abc import Iterator

from pytest_karatos.board import Board
from pytest_karatos.commands.boards import machine_of
from pytest_karatos.commands.needs.need import MISSING, OK, OPTIONAL, Need, refused
from pytest_karatos.emulate.host import HostEmulator
from pytest_karatos.errors import MissingTool
from pytest_karatos.process import output_of
from pytest_karatos.settings import Settings

#: The oldest QEMU that the project itself is tested with.
LEAST = (7, 2)
_VERSION = re.compile(r"version (\d+)\.(\d+)")


def examine(settings: Settings, builder: str) -> Iterator[Need]:
    """Examine each program once, for all chosen boards that boot in it."""
    if settings.emulator == "docker":
        yield _contained(builder)
        return
    for program in dict.fromkeys(board.emulator for board in settings.chosen):
        boards = [board for board in settings.chosen if board.emulator == program]
        yield from _program(boards, in_image=settings.emulator == "auto" and builder == "docker")


def _contained(builder: str) -> Need:
    why = "the settings say emulator = docker: boards boot in the builder image."
    if builder == "docker":
        return Need(name="QEMU", state=OK, found="the builder image's", why=why)
    return Need(
        name="QEMU",
        state=MISSING,
        found=f"builds go to '{builder}', so that there is no image to boot in",
        why=why,
        fix="pytest --karatos-emulator=host",
    )


def _program(boards: list[Board], *, in_image: bool) -> Iterator[Need]:
    names = ", ".join(f"{board.name} ({board.arch})" for board in boards)
    program, why = boards[0].emulator, f"it boots {names}."
    try:
        HostEmulator().require(boards[0])
    except MissingTool as error:
        if in_image:
            why += " Without it, the builder image's own is taken."
        yield refused(program, error, why=why, state=OPTIONAL if in_image else MISSING)
        return
    yield _versioned(boards[0], why)
    for board in boards:
        yield from _machine(board)


def _versioned(board: Board, why: str) -> Need:
    said = HostEmulator().version(board)
    found = _VERSION.search(said)
    if found is None:
        return Need(
            name=board.emulator,
            state=MISSING,
            found=f"{shutil.which(board.emulator)} does not say its version: {said[:80]!r}",
            why=why,
            fix=f"{board.emulator} --version",
        )
    if (int(found[1]), int(found[2])) < LEAST:
        least = ".".join(map(str, LEAST))
        old = f"{said}, older than {least}, the oldest that is known to work"
        return Need(name=board.emulator, state=OPTIONAL, found=old, why=why, fix="upgrade QEMU")
    return Need(name=board.emulator, state=OK, found=said, why=why)


def _machine(board: Board) -> Iterator[Need]:
    """Complain of a machine that this QEMU does not have; say nothing of one that it has."""
    machine = machine_of(board)
    if not machine:
        return
    listed = output_of([board.emulator, "-machine", "help"]).stdout
    known = {line.split()[0] for line in listed.splitlines()[1:] if line.split()}
    if known and machine not in known:
        yield Need(
            name=f"machine {machine}",
            state=MISSING,
            found=f"{board.emulator} does not know it",
            why=f"board '{board.name}' is that machine.",
            fix=f"{board.emulator} -machine help",
        )
