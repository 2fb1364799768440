"""Boot in the QEMU of this machine."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.emulate.boot import booted
from pytest_karatos.emulate.launch import Handle
from pytest_karatos.emulate.protocol import Boot, Machine
from pytest_karatos.process import find_tool, output_of, running

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


class HostEmulator:
    """The QEMU that is installed here."""

    name = "host"

    def require(self, board: Board) -> None:
        """Raise MissingTool, with the command that installs it, when the board's QEMU is absent."""
        find_tool(
            board.emulator,
            needed_for=f"board '{board.name}' boots in it.",
            cure=f"apt-get install {_PACKAGES.get(board.emulator, _OTHERS)}, "
            "or boot in the container: --karatos-emulator=docker",
        )

    def version(self, board: Board) -> str:
        """Return QEMU's own first line about itself."""
        return _version(board.emulator)

    def boot(self, boot: Boot) -> AbstractContextManager[Machine]:
        """Boot on this machine.

        :raises MissingTool: without QEMU. :raises BootFailed: when QEMU does not start.
        """
        self.require(boot.board)
        return booted(boot, HostLauncher())


class HostLauncher:
    """Starts QEMU as a process of ours, under guard."""

    @contextlib.contextmanager
    def launch(self, argv: Sequence[str], *, cwd: Path, folder: Path) -> Iterator[Handle]:
        """Start ``argv``; gone when the block ends."""
        with (
            (folder / "stdout.log").open("wb") as stdout,
            (folder / "stderr.log").open("wb") as stderr,
            running(argv, stdout=stdout, stderr=stderr, cwd=cwd) as child,
        ):
            yield child


@cache
def _version(emulator: str) -> str:
    return output_of([emulator, "--version"]).stdout.partition("\n")[0]
