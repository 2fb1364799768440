"""Boot in the QEMU of the builder image, through a container that is already warm."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.emulate.boot import booted
from pytest_karatos.emulate.launch import Handle
from pytest_karatos.emulate.protocol import Boot, Machine
from pytest_karatos.engine import Container, Execution
from pytest_karatos.errors import MissingTool

#: What a shell calls the ends by signal that a QEMU really has; other numbers are the guest's.
_BY_SIGNAL = {
    128 + number: -number
    for number in (signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM)
}
_QUESTION_SECONDS = 30.0


class ContainerEmulator:
    """QEMU inside ``container``, which sees ``folder`` of the host at the same path.

    Everything that QEMU reads and writes is in there, a copy of the ELF too.
    """

    name = "docker"

    def __init__(self, container: Container, folder: Path) -> None:
        self._container = container
        self._folder = folder
        self._versions: dict[str, str] = {}

    def require(self, board: Board) -> None:
        """Raise MissingTool when the image has no QEMU for ``board``, EngineDown without Docker."""
        if not self.version(board):
            raise MissingTool(
                f"'{board.emulator}' is not in the image.",
                why=f"board '{board.name}' boots in it.",
                cure="add it to the image's Dockerfile, or boot here: --karatos-emulator=host",
            )

    def version(self, board: Board) -> str:
        """Return QEMU's own first line about itself; empty when the image has none."""
        if board.emulator not in self._versions:
            said = bytearray()
            status = self._container.run(
                [board.emulator, "--version"], on_output=said.extend, timeout=_QUESTION_SECONDS
            )
            line = bytes(said).decode(errors="backslashreplace").partition("\n")[0]
            self._versions[board.emulator] = line if status == 0 else ""
        return self._versions[board.emulator]

    def boot(self, boot: Boot) -> AbstractContextManager[Machine]:
        """Boot in the container.

        :raises MissingTool: without QEMU in the image. :raises BootFailed: when it does not start.
        """
        self.require(boot.board)
        return self._booted(boot)

    @contextlib.contextmanager
    def _booted(self, boot: Boot) -> Iterator[Machine]:
        with tempfile.TemporaryDirectory(prefix="elf-", dir=self._folder) as folder:
            elf = Path(shutil.copy(boot.elf, folder))
            launcher = ContainerLauncher(self._container)
            with booted(replace(boot, elf=elf, origin=boot.elf), launcher, self._folder) as machine:
                yield machine


class ContainerLauncher:
    """Starts QEMU by ``exec`` in a running container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    @contextlib.contextmanager
    def launch(self, argv: Sequence[str], *, cwd: Path, folder: Path) -> Iterator[Handle]:
        """Start ``argv``; gone when the block ends."""
        with (
            (folder / "stdout.log").open("wb", buffering=0) as stdout,
            (folder / "stderr.log").open("wb", buffering=0) as stderr,
        ):
            execution = self._container.start(
                argv, cwd=str(cwd), stdout=_to(stdout.write), stderr=_to(stderr.write)
            )
            handle = ContainerHandle(execution)
            try:
                yield handle
            finally:
                handle.end(0.0)


class ContainerHandle:
    """A QEMU in a container, with exit statuses as the host has them."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs; negative is a signal."""
        return _as_on_host(self._execution.status)

    def wait(self, timeout: float) -> int | None:
        """Wait up to ``timeout`` seconds for the end; None when it still runs."""
        return _as_on_host(self._execution.wait(timeout))

    def end(self, grace_seconds: float) -> int:
        """Give it ``grace_seconds`` more, then kill its group."""
        status = self.wait(grace_seconds)
        if status is None:
            status = _as_on_host(self._execution.kill())
        return -signal.SIGKILL if status is None else status


def _as_on_host(status: int | None) -> int | None:
    return status if status is None else _BY_SIGNAL.get(status, status)


def _to(write: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def sink(data: bytes) -> None:
        # The last words of a killed QEMU may come when the file is closed already.
        with contextlib.suppress(ValueError):
            write(data)

    return sink
