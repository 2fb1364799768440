"""A warm container that commands run in; it ends when we do, even by ``kill -9``."""

import contextlib
import itertools
import math
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_karatos.containers.failures import daemon_errors, gone, ignoring_daemon, mute
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import EngineDown

if TYPE_CHECKING:
    from docker.api.client import APIClient

#: How often the daemon is asked whether it is there while a command runs, how long it may take to
#: say so, and what it may still be told when it did not; in seconds.
_ASK_EVERY, _MUTE_SECONDS, _AFTERWARDS = 15.0, 60.0, 2

Sink = Callable[[bytes], None]

#: Records the command's process number, which is its group's too (the runtime makes every exec a
#: session leader), then becomes the command.
_WRAPPER = 'echo $$ > "$0"; exec "$@"'
#: The daemon carries stdout and stderr apart and mixes up their order; the kernel does not.
_MERGED_WRAPPER = f"{_WRAPPER} 2>&1"
_STDERR = 2


class Execution:
    """A command that runs in a container. Its output is always drained, wanted or not."""

    def __init__(self, api: "APIClient", container: str, exec_id: str, pid_file: str) -> None:
        self._api = api
        self._container = container
        self._id = exec_id
        self._pid_file = pid_file
        self._status: int | None = None
        self._lost: EngineDown | None = None
        self._ended = threading.Event()
        self._pump: threading.Thread | None = None

    def begin(self, stdout: Sink, stderr: Sink) -> None:
        """Start the command; each piece of output goes to its sink, from a thread of ours."""
        sock = self._api.exec_start(self._id, socket=True)
        self._pump = threading.Thread(
            target=self._drain, args=(sock, stdout, stderr), name="exec-pump", daemon=True
        )
        self._pump.start()

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs; 128 + n for signal n."""
        return self._status if self._ended.is_set() else None

    @property
    def lost(self) -> EngineDown | None:
        """Why the status is not the command's own: the daemon went away before it could tell."""
        return self._lost

    def ask_daemon(self) -> None:
        """Ask whether the daemon is there, without which nobody hears of the end: see ``lost``."""
        if self._lost is None and not self._ended.is_set():
            try:
                require_answer(self._api, "it is not known whether a command in a container ended")
            except EngineDown as error:
                self._lost = error

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait up to ``timeout`` seconds for the end, all output delivered; None: still running."""
        self._ended.wait(timeout)
        return self.status

    def kill(self, grace_seconds: float = 5.0) -> int | None:
        """End the command and its process group with SIGKILL and return the status."""
        deadline = Deadline(grace_seconds)
        while not self._ended.is_set() and not deadline.expired:
            # dash, the image's sh, takes a group only with -s and --
            script = f'kill -s KILL -- "-$(cat {self._pid_file})"'
            if not self._tell(["sh", "-c", script]):
                break
            self._ended.wait(min(1.0, deadline.left))
        return self.wait(deadline.left)

    def _tell(self, argv: list[str]) -> bool:
        with ignoring_daemon():
            made = self._api.exec_create(self._container, argv)
            self._api.exec_start(made["Id"], detach=True)
            return True
        return False  # the container is gone, and the command with it

    # The socket is the SDK's; its type depends on the transport and has no common base.
    def _drain(self, sock: object, stdout: Sink, stderr: Sink) -> None:
        from docker.utils.socket import frames_iter  # noqa: PLC0415  an optional dependency

        try:
            with contextlib.suppress(OSError):  # a reset connection is an end too
                frames = frames_iter(sock, tty=False)  # type: ignore[no-untyped-call]  # no stubs
                for stream, data in frames:
                    (stderr if stream == _STDERR else stdout)(data)
        finally:
            close_stream(sock)
            self._status = self._ask_status()
            self._ended.set()

    def _ask_status(self) -> int:
        """Ask the daemon; a container that is gone took the command with it by SIGKILL (137)."""
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        deadline = Deadline(5.0)
        try:
            # The stream may end a moment before the daemon has noted the status.
            while not deadline.expired:
                told = self._api.exec_inspect(self._id)
                if not told["Running"] and told["ExitCode"] is not None:
                    return int(told["ExitCode"])
                threading.Event().wait(0.01)
        except APIError:
            pass
        except OSError as error:
            self._lost = gone("it is not known how a command in a container ended", error)
            self._lost.__cause__ = error
        return 137


def require_answer(api: "APIClient", unknown: str) -> None:
    """Ask whether the daemon is there: a command whose end it does not tell seems to take long.

    :raises EngineDown: when it has gone, or fallen mute, so that ``unknown``.
    """
    try:
        api.get(f"{api.base_url}/_ping", timeout=_MUTE_SECONDS)
    except OSError as error:
        api.timeout = _AFTERWARDS  # whatever is still tried is tried in vain
        raise mute(unknown, error) from error


def close_stream(sock: object) -> None:
    """Close a stream that the SDK gave us, with the socket and the response below it.

    Its own ``close`` leaves both open until they are collected, which Python warns of.
    """
    parts: list[Any] = [getattr(sock, "_sock", None), getattr(sock, "_response", None), sock]
    for part in parts:
        if part is not None:
            with contextlib.suppress(OSError):
                part.close()


def wrapped(argv: list[str], pid_file: str, *, merged: bool) -> list[str]:
    """Return ``argv`` made to record its process number in ``pid_file`` first.

    ``merged`` sends stderr into stdout, so that the order of what is written is kept.
    """
    return ["sh", "-c", _MERGED_WRAPPER if merged else _WRAPPER, pid_file, *argv]


#: Where the kernel counts what it killed, and what it did not start: cgroup version 1, and 2.
_KILLS = ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events")
_REFUSALS = ("/sys/fs/cgroup/pids/pids.events", "/sys/fs/cgroup/pids.events")


def ignore(_data: bytes) -> None:
    """Drop output that nobody asked for."""


class Container:
    """A running container; made by :meth:`pytest_karatos.containers.Engine.container`."""

    def __init__(self, container_id: str, api: "APIClient") -> None:
        self.id = container_id
        self._api = api
        self._count = itertools.count(1)

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdout: Sink = ignore,
        stderr: Sink | None = None,
    ) -> Execution:
        """Start ``argv`` in the background; its output goes to the sinks, from a thread.

        Without a sink of its own stderr goes to ``stdout``, in the order of writing.

        :raises EngineDown: when the container, or the daemon, is no longer there.
        """
        pid_file = f"/tmp/.karatos-{os.getpid()}-{next(self._count)}"  # noqa: S108  in the container
        with daemon_errors(
            f"container {self.id[:12]} cannot run a command",
            why="it ended by its deadline, by its memory limit, or somebody removed it.",
        ):
            made = self._api.exec_create(
                self.id,
                wrapped(list(argv), pid_file, merged=stderr is None),
                workdir=cwd,
                environment=dict(env or {}),
            )
            execution = Execution(self._api, self.id, made["Id"], pid_file)
            execution.begin(stdout, stderr or stdout)
        return execution

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        on_output: Sink = ignore,
        timeout: float = 60.0,
    ) -> int | None:
        """Run ``argv`` to its end and return its status; None: killed after ``timeout`` seconds.

        stdout and stderr both go to ``on_output``, in the order in which they come.

        :raises EngineDown: when the daemon went away meanwhile, so that nobody knows the status.
        """
        execution = self.start(argv, cwd=cwd, env=env, stdout=on_output)
        status = self._awaited(execution, Deadline(timeout))
        if status is None:
            execution.kill()
        if execution.lost is not None:
            raise execution.lost
        return status

    def _awaited(self, execution: Execution, deadline: Deadline) -> int | None:
        """Wait for the end of ``execution``, and look now and then whether the daemon is there."""
        while (status := execution.wait(min(_ASK_EVERY, deadline.left))) is None:
            require_answer(
                self._api, f"it is not known how a command in container {self.id[:12]} goes"
            )
            if deadline.expired:
                break
        return status

    @property
    def ended(self) -> bool:
        """Whether nothing runs in the container any more: a command is tried.

        What the daemon says of it lags behind.

        :raises EngineDown: when the daemon does not answer.
        """
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        with daemon_errors(f"container {self.id[:12]} cannot be looked at"):
            try:
                found = self._api.exec_create(self.id, ["true"])
                self._api.exec_start(found["Id"])
                return bool(self._api.exec_inspect(found["Id"])["ExitCode"])
            except APIError:
                return True

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in here for taking more memory than the limit.

        The kernel's own count is asked: the daemon's ``OOMKilled`` is about the main process only.
        """
        return re.search(rb"oom_kill [1-9]", self._read(_KILLS)) is not None

    @property
    def out_of_processes(self) -> bool:
        """Whether the kernel refused to start a process in here, for there were too many."""
        refused = re.search(rb"^max [1-9]", self._read(_REFUSALS)) is not None
        return refused or self._is_full()

    def _is_full(self) -> bool:
        """Tell whether all processes are taken, so that not even one of ours could be started."""
        with ignoring_daemon():
            found = self._api.stats(self.id, stream=False, one_shot=True)["pids_stats"]
            return bool(found.get("current", 0) >= found.get("limit", math.inf))
        return False

    def _read(self, places: tuple[str, ...]) -> bytes:
        counts: list[bytes] = []
        with contextlib.suppress(EngineDown):
            # Without a shell, which would need a second process where none is left.
            self.run(["cat", *places], on_output=counts.append, timeout=10)
        return b"".join(counts)
