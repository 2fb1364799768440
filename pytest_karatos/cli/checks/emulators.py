"""Check of each chosen board's QEMU: is it here, how old, does it know the machine."""

import re
import shutil
from collections.abc import Iterator

from pytest_karatos.board import Board
from pytest_karatos.choices import CONTAINER, DOCKER, LAUNCHERS, QEMU, BuilderWay
from pytest_karatos.cli.boards import machine_of
from pytest_karatos.cli.checks.need import MISSING, OK, OPTIONAL, Need, refused
from pytest_karatos.emulators.choose import EMULATORS
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.errors import MissingTool
from pytest_karatos.process import output_of
from pytest_karatos.settings import Settings

#: The oldest QEMU that the project itself is tested with.
LEAST = (7, 2)
_VERSION = re.compile(r"version (\d+)\.(\d+)")


def examine(settings: Settings, builder: BuilderWay) -> Iterator[Need]:
    """Examine each program once, for all chosen boards that boot in it."""
    chosen = [board for board in settings.chosen if board.kind == QEMU]
    for board in settings.chosen:
        if board not in chosen and board.kind in EMULATORS:
            yield _other(board)
    if LAUNCHERS.must_have(settings.launcher, DOCKER) and chosen:
        yield _contained(builder)
        return
    for program in dict.fromkeys(board.emulator for board in chosen):
        boards = [board for board in chosen if board.emulator == program]
        in_image = LAUNCHERS.may_need(settings.launcher, DOCKER) and builder.engine == DOCKER
        yield from _program(boards, in_image=in_image)


def _other(board: Board) -> Need:
    why, emulator = f"board '{board.name}' runs there.", EMULATORS[board.kind]
    try:
        emulator.require(board, HostLauncher())
    except MissingTool as error:
        return refused(board.kind, error, why=why, state=MISSING)
    return Need(name=board.kind, state=OK, found=emulator.version(board, HostLauncher()), why=why)


def _contained(builder: BuilderWay) -> Need:
    why = f"the settings say launcher = {CONTAINER}: boards boot in the builder image."
    if builder.engine == DOCKER:
        return Need(name="QEMU", state=OK, found="the builder image's", why=why)
    return Need(
        name="QEMU",
        state=MISSING,
        found=f"builds go to '{builder.word}', so that there is no image to boot in",
        why=why,
        fix="pytest --karatos-launcher=host",
    )


def _program(boards: list[Board], *, in_image: bool) -> Iterator[Need]:
    names = ", ".join(f"{board.name} ({board.arch})" for board in boards)
    program, why = boards[0].emulator, f"it boots {names}."
    try:
        EMULATORS[boards[0].kind].require(boards[0], HostLauncher())
    except MissingTool as error:
        if in_image:
            why += " Without it, the builder image's own is taken."
        yield refused(program, error, why=why, state=OPTIONAL if in_image else MISSING)
        return
    yield _versioned(boards[0], why)
    for board in boards:
        yield from _machine(board)


def _versioned(board: Board, why: str) -> Need:
    said = EMULATORS[board.kind].version(board, HostLauncher())
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
