"""Say what an emulator is, and what a running machine can do."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_karatos.board import Board
from pytest_karatos.console import Console
from pytest_karatos.watch import WatchRules


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """One boot: which ELF on which board, where its files go, and how its console is watched.

    ``folder`` receives ``console.log`` (byte-exact; with a filter what that made of the bytes,
    which are in ``raw/console.log``), ``console.times`` (when bytes came),
    ``stderr.log``, ``command.txt`` and ``boot.json`` (what :meth:`Machine.facts` returns).
    ``arguments`` are further QEMU arguments, put last. ``origin`` is where ``elf`` was copied from,
    if it was; ``elf_sha256`` spares reading it once more.
    """

    board: Board
    elf: Path
    folder: Path
    rules: WatchRules = field(default_factory=WatchRules)
    arguments: tuple[str, ...] = ()
    boot_timeout_seconds: float = 20.0
    origin: Path | None = None
    elf_sha256: str = ""


class Machine(Protocol):
    """A running emulator: used once, never reused."""

    board: Board
    console: Console

    @property
    def exit_status(self) -> int | None:
        """What the machine ended with; None while it runs. A signal is negative."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the machine ends by itself and return its exit status.

        :raises WrongExit: when it is still running after ``timeout`` seconds.
        """

    @property
    def waited(self) -> bool:
        """Whether somebody asked for the exit status with :meth:`wait`."""

    def settle(self, seconds: float) -> int | None:
        """Give the machine up to ``seconds`` to end by itself; None when it runs on.

        The console has been read to its end when it ended.
        """

    def pause(self) -> None:
        """Stop the guest's time."""

    def resume(self) -> None:
        """Let the guest's time go on."""

    def reset(self) -> None:
        """Press the reset button."""

    def read_memory(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes of physical memory at ``address``."""

    @property
    def instructions(self) -> int | None:
        """How many instructions the guest has executed; exact while it is paused.

        After the end it is what was counted last, before we ended it. None when the board does
        not count (``icount = "off"``), or the machine ended by itself before anybody asked.
        """

    def facts(self) -> dict[str, Any]:
        """Return what is known of this boot by now, as plain values; ``boot.json`` is its end.

        ``board arch elf elf_sha256 qemu`` (version) ``argv folder``; ``state``: ``running``,
        ``ended`` (by itself), ``stopped`` (by us) or ``failed`` (QEMU did not start);
        ``exit_status`` (None while it ran until we stopped it); ``started`` (UTC, ISO 8601);
        ``wall_seconds``; ``bytes`` and ``dropped_bytes`` of the console; ``instructions`` (None
        when unknown); ``pauses`` and ``resets`` that were asked for; ``lost``: sentences about
        files that the disk did not take.
        """


class Emulator(Protocol):
    """One way to boot: QEMU of the host, or QEMU inside the builder image."""

    #: The word of ``--karatos-emulator``.
    name: str

    def require(self, board: Board) -> None:
        """Raise MissingTool or EngineDown when ``board`` cannot boot here."""

    def version(self, board: Board) -> str:
        """Name the emulator and its version, as it says it itself."""

    def boot(self, boot: Boot) -> AbstractContextManager[Machine]:
        """Start the machine stopped, attach console and control, continue it; end it on exit."""
