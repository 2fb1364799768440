"""Take the emulator that a word names, or, for ``auto``, the host's QEMU if it is there."""

import difflib
from collections.abc import Callable

from pytest_karatos.board import Board
from pytest_karatos.emulate.host import HostEmulator
from pytest_karatos.emulate.protocol import Emulator
from pytest_karatos.errors import EngineDown, ImageFailed, MissingTool, UnknownName

#: Makes the emulator of a warm container; None when this run has no container engine.
Contained = Callable[[], Emulator] | None

AUTO, HOST, DOCKER = "auto", "host", "docker"


def choose_emulator(word: str, *, board: Board, container: Contained) -> Emulator:
    """Return the emulator for ``board``; ``container`` is called only when it is needed.

    :raises UnknownName: for a word that is none.
    :raises MissingTool: when the board's QEMU is in no place that may be taken.
    """
    check_word(word)
    emulator = EMULATORS[word](board, container)
    emulator.require(board)
    return emulator


def _host(_board: Board, _container: Contained) -> Emulator:
    return HostEmulator()


def _docker(board: Board, container: Contained) -> Emulator:
    if container is None:
        raise EngineDown(
            "--karatos-emulator=docker needs Docker, and this run builds without it.",
            why=f"board '{board.name}' was to boot in a container.",
            cure="start the daemon and pass --karatos-builder=docker, or --karatos-emulator=host",
        )
    return container()


def _auto(board: Board, container: Contained) -> Emulator:
    host = HostEmulator()
    try:
        host.require(board)
    except MissingTool as missing:
        return _instead(board, container, missing)
    return host


def _instead(board: Board, container: Contained, missing: MissingTool) -> Emulator:
    try:
        emulator = _docker(board, container)
        emulator.require(board)
    except (EngineDown, ImageFailed, MissingTool) as error:
        missing.why = f"{missing.why} Nor can it boot in a container: {error.what}"
        raise missing from error
    return emulator


def check_word(word: str) -> None:
    """Raise UnknownName, with what may have been meant, for a word that is no emulator."""
    if word in EMULATORS:
        return
    near = difflib.get_close_matches(word, EMULATORS, 1)
    raise UnknownName(
        f"there is no emulator '{word}'{f'; did you mean {near[0]!r}?' if near else '.'}",
        cure=f"known: {', '.join(EMULATORS)}",
    )


#: The words of ``--karatos-emulator``.
EMULATORS: dict[str, Callable[[Board, Contained], Emulator]] = {
    AUTO: _auto,
    HOST: _host,
    DOCKER: _docker,
}
