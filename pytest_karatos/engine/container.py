"""Run commands in a warm container that ends when we do, even by ``kill -9``."""

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_karatos.engine.execution import Execution, Sink, wrapped

if TYPE_CHECKING:
    from docker.models.containers import Container as Raw


def ignore(_data: bytes) -> None:
    """Drop output that nobody asked for."""


class Container:
    """A running container; made by :meth:`pytest_karatos.engine.Engine.container`."""

    def __init__(self, raw: "Raw") -> None:
        self._raw = raw
        self._api = raw.client.api
        self._count = itertools.count(1)
        self.id: str = raw.id or ""

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdout: Sink = ignore,
        stderr: Sink = ignore,
    ) -> Execution:
        """Start ``argv`` in the background; its output goes to the sinks, from a thread.

        :raises EngineDown: when the container is no longer there.
        """
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        from pytest_karatos.engine.daemon import gone  # noqa: PLC0415  the daemon makes us

        pid_file = f"/tmp/.karatos-{os.getpid()}-{next(self._count)}"  # noqa: S108  in the container
        try:
            made = self._api.exec_create(
                self.id, wrapped(list(argv), pid_file), workdir=cwd, environment=dict(env or {})
            )
            execution = Execution(self._api, self.id, made["Id"], pid_file)
            execution.begin(stdout, stderr)
        except APIError as error:
            raise gone(self.id, error) from error
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
        execution = self.start(argv, cwd=cwd, env=env, stdout=on_output, stderr=on_output)
        status = execution.wait(timeout)
        if status is None:
            execution.kill()
        return status

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in here for taking more memory than the limit."""
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        try:
            return bool(self._api.inspect_container(self.id)["State"]["OOMKilled"])
        except APIError:
            return False
