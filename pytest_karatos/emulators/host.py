"""The launcher of this machine: an emulator is a process of ours."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from pytest_karatos.containment import Access
from pytest_karatos.containment.access import is_script
from pytest_karatos.containment.ways import WAYS, Containment
from pytest_karatos.emulators.protocol import Handle
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.process import Child, Starter, at_once, find_tool, output_of, running


class HostLauncher:
    """Starts programs that are installed here, under guard."""

    name = "host"

    def __init__(self, ways: Sequence[Containment] = WAYS) -> None:
        self._ways = ways

    def require(self, program: str, *, needed_for: str, package: str = "") -> None:
        """Raise MissingTool, with the command that installs it, when ``program`` is absent."""
        here = f"apt-get install {package}, or boot" if package else "install it, or boot"
        find_tool(
            program,
            needed_for=needed_for,
            fix=f"{here} in the container: --karatos-launcher=docker",
        )

    def first_line_of(self, argv: Sequence[str]) -> str:
        """Return the first line that a short command prints."""
        return _first_line_of(tuple(argv))

    def private_folder(self) -> AbstractContextManager[Path]:
        """Make a folder below the system's place for temporary files."""
        return private_folder()

    def visible(self, file: Path, folder: Path) -> Path:
        """Return ``file``: a program here sees what we see."""
        del folder
        return file

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
        """Start ``argv``; gone when the block ends."""
        way = self._way if access is not None else None
        start: Starter = at_once
        if way is not None and access is not None:
            whole = _with_program(access, argv[0])
            argv, start = way.wrapped(argv, whole, cwd), way.starter(whole)
        with contextlib.ExitStack() as stack:
            # Only the program holds them open: where one is a pipe, it ends with the program.
            with (
                (stdout or folder / "stdout.log").open("wb", buffering=0) as printed,
                (folder / "stderr.log").open("wb") as said,
            ):
                started = running(argv, stdout=printed, stderr=said, cwd=cwd, start=start)
                child = stack.enter_context(started)
            yield HostHandle(child, way)

    def cannot_contain(self) -> str:
        """Say why no program can be held to a list of files here; empty when it can."""
        if self._way is not None:
            return ""
        return "; ".join(way.trouble() for way in self._ways) or "no way to do so was given"

    @property
    def _way(self) -> Containment | None:
        return next((way for way in self._ways if not way.trouble()), None)


class HostHandle:
    """A program, contained by ``way`` or not, with its own exit status, whatever runs around it."""

    def __init__(self, child: Child, way: Containment | None) -> None:
        self.pid = child.pid if way is None or way.in_place else 0
        self._child = child
        self._way = way

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs; negative is a signal."""
        return self._own(self._child.status)

    def wait(self, timeout: float, *, due: bool = False) -> int | None:
        """Wait up to ``timeout`` seconds for the end; None when it still runs."""
        del due  # the kernel tells at once
        return self._own(self._child.wait(timeout))

    def end(self, grace_seconds: float) -> int:
        """Make sure it is gone, with SIGKILL after ``grace_seconds``."""
        status = self._child.end(grace_seconds)
        own = self._own(status)
        return status if own is None else own

    def _own(self, status: int | None) -> int | None:
        return status if self._way is None else self._way.status_of(status)


def _with_program(access: Access, program: str) -> Access:
    path = Path(find_tool(program, needed_for="a machine boots in it.", fix="install it"))
    return access.with_program(path, path.resolve(), scripts=is_script(path))


@cache
def _first_line_of(argv: tuple[str, ...]) -> str:
    return output_of(argv).stdout.partition("\n")[0]
