"""The launcher of the builder image: an emulator is started in a container that is warm."""

import contextlib
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from pytest_karatos.containers import Container, Execution
from pytest_karatos.containment import Access, perl
from pytest_karatos.emulators.protocol import Handle
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import MissingTool

#: What a shell calls the ends by signal that an emulator really has; other numbers are the guest's.
_BY_SIGNAL = {
    128 + number: -number
    for number in (signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGSYS, signal.SIGTERM)
}
_QUESTION_SECONDS = 30.0
_NO_LANDLOCK = "the kernel has no Landlock, or it is switched off"


class ContainerLauncher:
    """Starts programs by ``exec`` in ``container``, which sees ``folder`` at the same path.

    Everything that a program reads and writes is in there, a copy of the ELF too.
    """

    name = "docker"

    def __init__(self, container: Container, folder: Path) -> None:
        self._container = container
        self._folder = folder
        self._first_lines: dict[tuple[str, ...], str] = {}

    def require(self, program: str, *, needed_for: str, package: str = "") -> None:
        """Raise MissingTool when the image has no ``program``, EngineDown without Docker."""
        del package  # which one it is depends on what the image is made of
        if not self.first_line_of(["sh", "-c", 'command -v -- "$0"', program]):
            raise MissingTool(
                f"'{program}' is not in the image.",
                why=needed_for,
                fix="add it to the image's Dockerfile, or boot here: --karatos-launcher=host",
            )

    def first_line_of(self, argv: Sequence[str]) -> str:
        """Return the first line that a short command prints, asked once; empty when it fails."""
        asked = tuple(argv)
        if asked not in self._first_lines:
            output = bytearray()
            status = self._container.run(asked, on_output=output.extend, timeout=_QUESTION_SECONDS)
            line = bytes(output).decode(errors="backslashreplace").partition("\n")[0]
            self._first_lines[asked] = line if status == 0 else ""
        return self._first_lines[asked]

    def private_folder(self) -> AbstractContextManager[Path]:
        """Make a folder in the one that the container sees."""
        return private_folder(self._folder)

    def visible(self, file: Path, folder: Path) -> Path:
        """Return a copy of ``file`` below ``folder``, apart: its name may be any."""
        copies = folder / "copies"
        copies.mkdir(exist_ok=True)
        return Path(shutil.copy(file, copies))

    @contextlib.contextmanager
    def launch(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        folder: Path,
        access: Access | None = None,
        stdout: Path | None = None,
    ) -> Iterator[Handle]:
        """Start ``argv``; gone when the block ends. It sees the image and our folder, no more.

        Held to ``access`` it sees nothing of other boots, whose files are in our folder too.
        """
        if access is not None:
            argv = perl.wrapped(argv, access.with_program(*self._paths_of(argv[0])))
        if stdout is not None:
            argv = ["sh", "-c", 'exec "$@" >"$0"', str(stdout), *argv]
        with (
            (folder / "stdout.log").open("wb", buffering=0) as printed,
            (folder / "stderr.log").open("wb", buffering=0) as said,
        ):
            execution = self._container.start(
                argv, cwd=str(cwd), stdout=_to(printed.write), stderr=_to(said.write)
            )
            handle = ContainerHandle(execution)
            try:
                yield handle
            finally:
                handle.end(0.0)

    def cannot_contain(self) -> str:
        """Say why no program can be held to a list of files in there; empty when it can."""
        version = self.first_line_of(perl.QUESTION)
        if version.isdecimal() and int(version) > 0:
            return ""
        return "the image has no perl, which would ask the kernel" if not version else _NO_LANDLOCK

    def _paths_of(self, program: str) -> list[Path]:
        script = 'path=$(command -v -- "$0") && echo "$path" && readlink -f -- "$path"'
        script = f"({script}) | tr '\\n' '\\t'"
        line = self.first_line_of(["sh", "-c", script, program])
        return [Path(path) for path in line.split("\t") if path]


class ContainerHandle:
    """A program in a container, with exit statuses as the host has them."""

    #: Its number in here is not the one that it has in the container.
    pid = 0

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs, and where nobody knows; negative is a signal."""
        status = self._execution.status
        return None if self._execution.lost is not None else _as_on_host(status)

    def wait(self, timeout: float, *, due: bool = False) -> int | None:
        """Wait up to ``timeout`` seconds for the end; None when it still runs.

        With ``due`` the daemon is asked whether it is there: the end comes from it alone.

        :raises EngineDown: when it is not, or is mute: the program may run, or have ended somehow.
        """
        status = self._execution.wait(timeout)
        if due and status is None:
            self._execution.ask_daemon()
        if self._execution.lost is not None:
            raise self._execution.lost
        return _as_on_host(status)

    def end(self, grace_seconds: float) -> int:
        """Give it ``grace_seconds`` more, then kill its group."""
        status = _as_on_host(self._execution.wait(grace_seconds))
        if status is None:
            status = _as_on_host(self._execution.kill())
        return -signal.SIGKILL if status is None else status


def _as_on_host(status: int | None) -> int | None:
    return status if status is None else _BY_SIGNAL.get(status, status)


def _to(write: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def sink(data: bytes) -> None:
        # The last words of a killed program may come when the file is closed already.
        with contextlib.suppress(ValueError):
            write(data)

    return sink
