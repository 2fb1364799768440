"""Start, watch and end other programs: the only room that touches ``subprocess``.

Everything started here belongs to a *guard*: one tiny shell process of its own session that
reads from a pipe which only we hold. When we die, however (``kill -9`` included), the pipe
ends and the guard kills what we left. A guard is cheaper and sturdier than ``PR_SET_PDEATHSIG``,
which fires when the spawning *thread* ends.
"""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import MissingTool

_GUARD = r"""
trap '' INT TERM HUP
groups=""
while read -r verb group; do
  kept=""
  for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
  groups="$kept"
  [ "$verb" = add ] && groups="$groups $group"
done
# dash takes a group only with -s and --
for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a short command ended: ``status`` (negative: the signal) and its output, decoded."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


class Guard:
    """The process that outlives us by a moment and takes our children with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def add(self, group: int) -> None:
        """Take process group ``group`` under guard."""
        self._tell(f"add {group}\n")

    def release(self, group: int) -> None:
        """Forget ``group``: it has ended, and its number may soon be somebody else's."""
        self._tell(f"del {group}\n")

    def close(self) -> None:
        """End the guard in peace; what it still holds is killed."""
        if self._shell.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._shell.stdin.close()
        self._shell.wait()

    def _tell(self, line: str) -> None:
        stdin = self._shell.stdin
        if stdin is None or stdin.closed:
            return
        # A guard that somebody killed is not worth failing a test for.
        with self._lock, contextlib.suppress(BrokenPipeError):
            stdin.write(line.encode())
            stdin.flush()


@cache
def _guard_of(_owner: int) -> Guard:
    made = Guard()
    atexit.register(made.close)
    return made


def guard() -> Guard:
    """Return this process's guard; a forked child gets one of its own."""
    return _guard_of(os.getpid())


def find_tool(name: str, *, needed_for: str, cure: str) -> str:
    """Return the path of program ``name``.

    :raises MissingTool: naming what needed it and the command that installs it.
    """
    path = shutil.which(name)
    if path is None:
        raise MissingTool(f"'{name}' is not on PATH.", why=needed_for, cure=cure)
    return path


def _absent(argv: Sequence[str]) -> MissingTool:
    return MissingTool(f"'{argv[0]}' is not on PATH.", why=f"wanted to run: {argv}")


def output_of(
    argv: Sequence[str], *, timeout: float = 30.0, env: Mapping[str, str] | None = None
) -> Outcome:
    r"""Run a short command to its end and return what it said.

    >>> output_of(["echo", "hello"]).stdout
    'hello\n'

    :raises MissingTool: when the program does not exist.
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            env=env,
            errors="backslashreplace",
        )
    except FileNotFoundError:
        raise _absent(argv) from None
    except subprocess.TimeoutExpired:
        return Outcome(argv=tuple(argv), status=-signal.SIGKILL, stdout="", stderr="timed out")
    return Outcome(argv=tuple(argv), status=done.returncode, stdout=done.stdout, stderr=done.stderr)


class Child:
    """A program in a process group of its own, under guard. Use :func:`running`."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid
        guard().add(self.pid)

    @property
    def stdout(self) -> IO[bytes]:
        """The program's output, when a pipe was asked for."""
        if self._popen.stdout is None:
            raise ValueError("the program was started without a pipe for its output")
        return self._popen.stdout

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs; negative is a signal."""
        return self._popen.poll()

    def wait(self, timeout: float) -> int | None:
        """Wait up to ``timeout`` seconds for the end; None when it still runs."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def end(self, grace_seconds: float = 1.0) -> int:
        """Make sure it is gone: SIGTERM to the group, then SIGKILL; always reaped."""
        deadline = Deadline(grace_seconds)
        if self._popen.poll() is None:
            self._signal(signal.SIGTERM)
            self.wait(deadline.left)
        # The leader may be gone and its children not: the group is told in any case.
        self._signal(signal.SIGKILL)
        status = self._popen.wait()
        guard().release(self.pid)
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        return status

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


@contextlib.contextmanager
def running(  # noqa: PLR0913  # what a program's start has
    argv: Sequence[str],
    *,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[Child]:
    """Run ``argv`` for as long as the block lasts; gone afterwards, with all its children.

    ``stdout=PIPE`` gives :attr:`Child.stdout`. Standard input is empty, or a descriptor.

    :raises MissingTool: when the program does not exist.
    """
    try:
        popen = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise _absent(argv) from None
    child = Child(popen)
    try:
        yield child
    finally:
        child.end()


#: Ask :func:`running` for a pipe, or for stderr in the same stream.
PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
