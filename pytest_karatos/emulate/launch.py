"""Say what it takes to start QEMU somewhere; the host is one place, a container another."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Handle(Protocol):
    """A started QEMU."""

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs; negative is a signal."""

    def wait(self, timeout: float) -> int | None:
        """Wait up to ``timeout`` seconds for the end; None when it still runs."""

    def end(self, grace_seconds: float) -> int:
        """Make sure it is gone, with SIGKILL after ``grace_seconds``; may be called again."""


class Launcher(Protocol):
    """A place where QEMU can be started."""

    def launch(
        self, argv: Sequence[str], *, cwd: Path, folder: Path
    ) -> AbstractContextManager[Handle]:
        """Start ``argv`` in ``cwd``; its output goes to ``stdout.log`` and ``stderr.log``.

        It is gone when the block ends, however that happens.
        """
