"""Follow one command in a container: its output as it comes, its status, its end."""

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_karatos.deadline import Deadline

if TYPE_CHECKING:
    from docker.api.client import APIClient

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
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        try:
            made = self._api.exec_create(self._container, argv)
            self._api.exec_start(made["Id"], detach=True)
        except APIError:  # the container is gone, and the command with it
            return False
        return True

    # The socket is the SDK's; its type depends on the transport and has no common base.
    def _drain(self, sock: object, stdout: Sink, stderr: Sink) -> None:
        from docker.utils.socket import frames_iter  # noqa: PLC0415  an optional dependency

        try:
            with contextlib.suppress(OSError):  # a reset connection is an end too
                frames = frames_iter(sock, tty=False)  # type: ignore[no-untyped-call]  # no stubs
                for stream, data in frames:
                    (stderr if stream == _STDERR else stdout)(data)
        finally:
            hang_up(sock)
            self._status = self._ask_status()
            self._ended.set()

    def _ask_status(self) -> int:
        """Ask the daemon; a container that is gone took the command with it by SIGKILL (137)."""
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency
        from requests.exceptions import RequestException  # noqa: PLC0415  comes with docker

        deadline = Deadline(5.0)
        try:
            # The stream may end a moment before the daemon has noted the status.
            while not deadline.expired:
                told = self._api.exec_inspect(self._id)
                if not told["Running"] and told["ExitCode"] is not None:
                    return int(told["ExitCode"])
                threading.Event().wait(0.01)
        except (APIError, RequestException, OSError):
            pass
        return 137


def hang_up(sock: object) -> None:
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
