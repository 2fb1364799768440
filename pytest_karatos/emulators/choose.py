"""Which emulator runs a board, and where: on this machine, or in the builder image."""

from collections.abc import Callable, Mapping

from pytest_karatos.board import Board
from pytest_karatos.choices import CONTAINER, HOST, LAUNCHERS, Way
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Emulator, Launcher
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.emulators.serial import SerialEmulator
from pytest_karatos.errors import EngineDown, ImageFailed, KaratosError, MissingTool
from pytest_karatos.settings import unknown

#: The kinds of machine that are known without any hook, by the word of ``boards.NAME.kind``.
EMULATORS: Mapping[str, Emulator] = {one.name: one for one in (QemuEmulator(), SerialEmulator())}

#: Makes the launcher of a warm container; None when this run has no container engine.
Contained = Callable[[], Launcher] | None


def choose_launcher(
    word: str, *, board: Board, emulator: Emulator, container: Contained
) -> Launcher:
    """Return where ``board`` boots in ``emulator``; ``container`` is called only when needed.

    :raises UnknownName: for a word that is not a launcher.
    :raises MissingTool: when the emulator is in no place that may be taken.
    :raises EngineDown: when it must be a container, and this run has none.
    """
    if word not in LAUNCHERS:
        raise unknown(LAUNCHERS.name, word, LAUNCHERS.words, origin="Bench(launcher=)")
    refused: KaratosError | None = None
    for way in LAUNCHERS.in_turn(word if emulator.in_container else HOST):
        try:
            launcher = LAUNCHER_OF[way.word](board, container)
            emulator.require(board, launcher)
        except (EngineDown, ImageFailed, MissingTool) as error:
            refused = _added(refused, error, way)
        else:
            return launcher
    raise refused or MissingTool(f"board '{board.name}' cannot boot anywhere.")


def _added(first: KaratosError | None, error: KaratosError, way: Way) -> KaratosError:
    """Return the first refusal, to which later ones are added: its fix is the likely one."""
    if first is None:
        return error
    first.why = f"{first.why} Nor can it boot {way.help}: {error.what}"
    return first


def _host(_board: Board, _container: Contained) -> Launcher:
    return HostLauncher()


def _docker(board: Board, container: Contained) -> Launcher:
    if container is None:
        raise EngineDown(
            f"--karatos-launcher={CONTAINER} needs Docker, and this run builds without it.",
            why=f"board '{board.name}' was to boot in a container.",
            fix="start the daemon and pass --karatos-builder=docker, or --karatos-launcher=host",
        )
    return container()


#: How each place of the table is entered.
LAUNCHER_OF: Mapping[str, Callable[[Board, Contained], Launcher]] = {
    HOST: _host,
    CONTAINER: _docker,
}
