"""Run commands in a warm container that ends when we do, even by ``kill -9``."""

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_karatos.engine.execution import Execution, Sink, wrapped
from pytest_karatos.errors import EngineDown

if TYPE_CHECKING:
    from docker.api.client import APIClient

#: Where the kernel counts what it killed: cgroup version 1, and 2.
_KILLS = "/sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events"


def ignore(_data: bytes) -> None:
    """Drop output that nobody asked for."""


class Container:
    """A running container; made by :meth:`pytest_karatos.engine.Engine.container`."""

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

        :raises EngineDown: when the container is no longer there.
        """
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        pid_file = f"/tmp/.karatos-{os.getpid()}-{next(self._count)}"  # noqa: S108  in the container
        try:
            made = self._api.exec_create(
                self.id,
                wrapped(list(argv), pid_file, merged=stderr is None),
                workdir=cwd,
                environment=dict(env or {}),
            )
            execution = Execution(self._api, self.id, made["Id"], pid_file)
            execution.begin(stdout, stderr or stdout)
        except APIError as error:
            raise EngineDown(
                f"container {self.id[:12]} cannot run a command: {error}",
                why="it ended by its deadline, by its memory limit, or somebody removed it.",
            ) from error
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
        """
        execution = self.start(argv, cwd=cwd, env=env, stdout=on_output)
        status = execution.wait(timeout)
        if status is None:
            execution.kill()
        return status

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in here for taking more memory than the limit.

        The kernel's own count is asked: the daemon's ``OOMKilled`` is about the main process only.
        """
        counts: list[bytes] = []
        try:
            self.run(["sh", "-c", f"cat {_KILLS}"], on_output=counts.append, timeout=10)
        except EngineDown:
            return False
        return re.search(rb"oom_kill [1-9]", b"".join(counts)) is not None
