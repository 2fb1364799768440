"""Builds with the tools of this host."""

import os
import platform
import selectors
import shutil
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO

from pytest_karatos.builders.environment import decisive, visible
from pytest_karatos.builders.programs import Programs, can_trace, noted, traced
from pytest_karatos.builders.tools import VERSION_COMMANDS, Tools, spoken
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.process import PIPE, STDOUT, output_of, running
from pytest_karatos.progress import Progress

_CHUNK = 64 * 1024


def chunks(pipe: IO[bytes], deadline: Deadline) -> Iterator[bytes]:
    """Yield what comes out of ``pipe`` until its end or until ``deadline``; nothing is awaited."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(deadline.left):
            data = os.read(pipe.fileno(), _CHUNK)
            if not data:
                return
            yield data


def managed_toolchain(cache: Path) -> Path:
    """Return the folder where our own bare-metal Rust is, once it was made."""
    return cache / "toolchain" / "bare-metal-rust"


class Lines:
    """Cut a byte stream into text lines for people, whatever the chunks; memory stays bounded."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Report each line that ``data`` completes."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-_CHUNK:]
        for line in lines:
            text = line.decode(errors="backslashreplace").strip()
            if text:
                self._progress.say(text)


class HostRunner:
    """The host's own tools, with ``toolchain`` (a folder of programs) in front of PATH.

    Of ``environ`` the command sees what is allowed; a build's own ``env`` is laid over it.
    """

    name = "local"
    place = "on this host"

    def __init__(self, environ: Mapping[str, str], toolchain: Path | None = None) -> None:
        path = environ.get("PATH", os.defpath)
        self._toolchain = toolchain
        self._environ = dict(environ)
        if toolchain is not None:
            self._environ["PATH"] = f"{toolchain}{os.pathsep}{path}"

    def path_of(self, tree: Path) -> str:
        """Return the tree's own path."""
        return str(tree.resolve())

    def identity(self) -> str:
        """Name the compilers found, as they name themselves."""
        return "\n".join([platform.machine(), *self._said]).strip()

    def tools(self) -> Tools:
        """Name them for people."""
        return Tools(toolchain=spoken(self._said))

    @cached_property
    def _said(self) -> list[str]:
        path = self._environ.get("PATH")
        found = [command for command in VERSION_COMMANDS if shutil.which(command[0], path=path)]
        return [output_of(self._located(command), env=self._environ).stdout for command in found]

    def _located(self, command: tuple[str, ...]) -> list[str]:
        program = shutil.which(command[0], path=self._environ.get("PATH")) or command[0]
        return [program, *command[1:]]

    def environment(self, request: BuildRequest) -> dict[str, str]:
        """Return the variables that the command sees and that decide."""
        return decisive(self._environ, request.pass_env, here=True)

    @property
    def search(self) -> str:
        """The PATH of the commands."""
        return self._environ.get("PATH", os.defpath)

    def programs(self, tree: Path) -> Programs:
        """Return what the last command ran, by the note that its tracer left beside the tree."""
        return noted(_note(tree), tree, self.search)

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run the command in ``tree`` and return its status; the whole group dies at the limit."""
        deadline = Deadline(request.timeout_seconds)
        lines = Lines(progress)
        argv, note = ["/bin/sh", "-c", request.command], _note(tree)
        note.unlink(missing_ok=True)
        if request.trace and can_trace():
            argv = traced(argv, note)
        env = {**visible(self._environ, request.pass_env), **dict(request.env)}
        with (
            log.open("ab", buffering=0) as file,
            running(argv, cwd=tree, env=env, stdout=PIPE, stderr=STDOUT) as child,
        ):
            for data in chunks(child.stdout, deadline):
                file.write(data)
                lines.feed(data)
            status = child.wait(deadline.left)
        if status is None:
            raise build_timed_out(request, log)
        return status


def _note(tree: Path) -> Path:
    return tree.with_name(f"{tree.name}.ran.json")


def build_timed_out(request: BuildRequest, log: Path) -> BuildFailed:
    """Say that a build was ended at its limit."""
    return BuildFailed(
        f"building '{request.title}' did not end within {request.timeout_seconds:g} s and was "
        "stopped, with all it had started.",
        why=f"the command was: {request.command}",
        fix=f"look at {log}; a slow build gets more with [build] timeout in karatos.toml",
    )


def now() -> str:
    """Return the present as ISO 8601 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
