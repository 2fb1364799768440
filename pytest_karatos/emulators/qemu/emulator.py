"""QEMU as a kind of machine: what has to be installed for a board, and how it is booted."""

from contextlib import AbstractContextManager
from dataclasses import replace

from pytest_karatos.board import Board
from pytest_karatos.choices import QEMU
from pytest_karatos.emulators.protocol import Boot, Launcher, Machine, Stopped
from pytest_karatos.emulators.qemu import vary
from pytest_karatos.emulators.qemu.boot import booted
from pytest_karatos.emulators.qemu.reach import require_containment
from pytest_karatos.emulators.qemu.schedule import schedule_of
from pytest_karatos.emulators.qemu.sides import sides_at
from pytest_karatos.emulators.qemu.stopped import StoppedQemu, can_wait
from pytest_karatos.emulators.sides import Sides
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import NotPossible

#: Debian's package for each program; those not named here are in ``_OTHERS``.
_PACKAGES = {
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-system-i386": "qemu-system-x86",
    "qemu-system-mips": "qemu-system-mips",
    "qemu-system-ppc": "qemu-system-ppc",
    "qemu-system-sparc": "qemu-system-sparc",
}
_OTHERS = "qemu-system-misc"


class QemuEmulator:
    """Boots a board in the QEMU program that it names (``boards.NAME.emulator``)."""

    name = QEMU
    in_container = True

    def require(self, board: Board, launcher: Launcher) -> None:
        """Raise MissingTool, with the command that installs it, when the board's QEMU is absent.

        :raises NotContained: when its firmware could reach the files of this machine.
        """
        launcher.require(
            board.emulator,
            needed_for=f"board '{board.name}' boots in it.",
            package=_PACKAGES.get(board.emulator, _OTHERS),
        )
        require_containment(board, launcher)

    def version(self, board: Board, launcher: Launcher) -> str:
        """Return QEMU's own first line about itself."""
        return launcher.first_line_of([board.emulator, "--version"])

    def boot(self, boot: Boot, launcher: Launcher) -> AbstractContextManager[Machine]:
        """Boot where ``launcher`` is.

        :raises MissingTool: without QEMU. :raises BootFailed: when QEMU does not start.
        """
        self.require(boot.board, launcher)
        return booted(boot, launcher)

    def ahead(self, boot: Boot, launcher: Launcher) -> Stopped | None:
        """Prepare a QEMU that waits for its test, where nothing can be another one by then."""
        return StoppedQemu(boot, launcher) if can_wait(boot) else None

    def sides(self, boot: Boot, launcher: Launcher, before: int) -> Sides:
        """Tell what is around the point of ``boot.variation``, in a boot of its own."""
        schedule = schedule_of(boot.variation)
        if schedule is None:
            raise NotPossible(f"'{boot.variation}' lets no time pass at an instruction.")
        with (
            private_folder() as folder,
            booted(replace(boot, folder=folder, held=True), launcher) as machine,
        ):
            return sides_at(machine, boot.elf, schedule, before)

    def variation(self, board: Board, number: int) -> str | None:
        """Name what is different in boot ``number``; see :mod:`.vary`."""
        return vary.variation(board, number)

    def require_variation(self, board: Board, name: str) -> None:
        """Raise BadSetting where ``board`` has no variation of that name."""
        vary.icount(board, name)
