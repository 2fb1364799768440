"""Other programs: started, watched and ended here; the only module that imports ``subprocess``.

Everything started here belongs to a *guard*: one tiny shell process of its own session that
reads from a pipe which only we hold. When we die, however (``kill -9`` included), the pipe
ends; the guard kills what we left, and removes our folders for temporary files. It is cheaper and
sturdier than ``PR_SET_PDEATHSIG``, which fires when the spawning *thread* ends.
"""

import atexit
import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import MissingTool

_GUARD = r"""
trap '' INT TERM HUP
groups=""
while read -r verb value; do
  case "$verb" in
    add) groups="$groups $value" ;;
    del)
      kept=""
      for one in $groups; do [ "$one" = "$value" ] || kept="$kept $one"; done
      groups="$kept" ;;
    hold) set -- "$@" "$value" ;;
    drop)
      for one in "$@"; do
        shift
        [ "$one" = "$value" ] || set -- "$@" "$one"
      done ;;
  esac
done
# dash takes a group only with -s and --
for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
[ "$#" = 0 ] && exit
rm -rf -- "$@" 2>/dev/null && exit
# Who was killed may have made one more file.
sleep 0.2
rm -rf -- "$@"
"""


#: What a forked child does first.
_in_children: list[Callable[[], object]] = []


def _in_child() -> None:
    for one in _in_children:
        with contextlib.suppress(OSError):
            one()
    _in_children.clear()


os.register_at_fork(after_in_child=_in_child)


@contextlib.contextmanager
def kept_from_forks(close: Callable[[], object]) -> Iterator[None]:
    """Call ``close`` in each child that is forked while the block lasts.

    Whoever notices our end by that of a stream would else wait for the child's too, which a test
    may have forked (multiprocessing) and which outlives us.
    """
    _in_children.append(close)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # in a child there is none any more
            _in_children.remove(close)


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
            bufsize=0,
        )
        self._kept = contextlib.ExitStack()
        self._kept.enter_context(kept_from_forks(self._let_go))

    def _let_go(self) -> None:
        """Let a forked child not keep the pipe open: it may outlive us."""
        if self._shell.stdin is not None:
            self._shell.stdin.close()

    def add(self, group: int) -> None:
        """Take process group ``group`` under guard."""
        self._tell(f"add {group}\n")

    def release(self, group: int) -> None:
        """Forget ``group``: it has ended, and its number may soon be somebody else's."""
        self._tell(f"del {group}\n")

    def hold(self, folder: Path) -> None:
        """Take ``folder``, a temporary one of ours, under guard: removed when we are no more."""
        self._tell(f"hold {folder.absolute()}\n")

    def drop(self, folder: Path) -> None:
        """Forget ``folder``: we removed it."""
        self._tell(f"drop {folder.absolute()}\n")

    def close(self) -> None:
        """End the guard in peace; what it still holds is killed and removed."""
        if self._shell.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._shell.stdin.close()
        self._shell.wait()
        self._kept.close()

    def _tell(self, line: str) -> None:
        stdin = self._shell.stdin
        # A path with a line's end in it cannot be told.
        if stdin is None or stdin.closed or line.count("\n") != 1:
            return
        # A guard that somebody killed is not worth failing a test for.
        with self._lock, contextlib.suppress(BrokenPipeError):
            stdin.write(os.fsencode(line))


@cache
def _guard_of(_owner: int) -> Guard:
    made = Guard()
    atexit.register(made.close)
    return made


def guard() -> Guard:
    """Return this process's guard; a forked child gets one of its own."""
    return _guard_of(os.getpid())


def find_tool(name: str, *, needed_for: str, fix: str) -> str:
    """Return the path of program ``name``.

    :raises MissingTool: naming what needed it and the command that installs it.
    """
    path = shutil.which(name)
    if path is None:
        raise MissingTool(f"'{name}' is not on PATH.", why=needed_for, fix=fix)
    return path


def _absent(argv: Sequence[str]) -> MissingTool:
    return MissingTool(f"'{argv[0]}' is not on PATH.", why=f"wanted to run: {argv}")


def output_of(
    argv: Sequence[str],
    *,
    timeout: float = 30.0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
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
            cwd=cwd,
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
        if self._popen.poll() is None and not _await_end(self.pid, timeout):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._popen.wait(timeout)
        return self._popen.poll()

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


def _await_end(pid: int, timeout: float) -> bool:
    """Sleep until ``pid``, a child of ours, ends or time is over; False where nobody can tell.

    Python's own way of waiting for a child is to look again and again.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:  # an old kernel, or a sandbox
        return False
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(timeout * 1000)
    finally:
        os.close(descriptor)
    return True


Started = subprocess.Popen[bytes]
#: Calls what starts a program, and returns what that returned.
Starter = Callable[[Callable[[], Started]], Started]


def at_once(make: Callable[[], Started]) -> Started:
    """Start a program here and now."""
    return make()


@contextlib.contextmanager
def running(  # noqa: PLR0913  # what a program's start has
    argv: Sequence[str],
    *,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    start: Starter = at_once,
) -> Iterator[Child]:
    """Run ``argv`` for as long as the block lasts; gone afterwards, with all its children.

    ``stdout=PIPE`` gives :attr:`Child.stdout`. Standard input is empty, or a descriptor. ``start``
    calls what starts the program where it shall be called, as in a thread that is restricted.

    :raises MissingTool: when the program does not exist.
    """
    try:
        popen = start(
            lambda: subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
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
