"""Share the processors among builds: so many at once on the machine, so many jobs in each.

A slot is a kernel file lock in the cache folder, so all processes and all runs of one user share
them, and a holder that is killed gives its slot back at once.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_karatos.build.turns import turn
from pytest_karatos.deadline import Deadline

#: How long one slot is watched before the next one is looked at, in seconds.
_LOOK_SECONDS = 0.1

Waiting = Callable[[str], None]


def cores() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def jobs_each(builds: int, processors: int) -> int:
    """Return how many jobs each of ``builds`` may run so that together they fill the processors.

    >>> jobs_each(2, 8), jobs_each(3, 8), jobs_each(8, 2)
    (4, 2, 1)
    """
    return max(1, processors // max(1, builds))


def environment(jobs: int) -> dict[str, str]:
    """Tell build tools how many jobs they may run.

    Cargo and CMake would take every processor. ``make`` takes one unless it is told otherwise, and
    not every makefile stands ``-j``: it is told by ``make -j$KARATOS_JOBS`` in the build command.

    >>> environment(2)["CARGO_BUILD_JOBS"]
    '2'
    """
    names = ("CARGO_BUILD_JOBS", "CMAKE_BUILD_PARALLEL_LEVEL", "KARATOS_JOBS")
    return dict.fromkeys(names, str(jobs))


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """``count`` slots whose locks are in ``folder``."""

    folder: Path
    count: int

    @contextmanager
    def taken(self, seconds: float, waiting: Waiting) -> Iterator[None]:
        """Hold a slot; ``waiting`` hears when there is none yet.

        A slot is courtesy, not correctness: who got none within ``seconds`` goes on without.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._free(0) or self._awaited(Deadline(seconds), waiting)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    @contextmanager
    def alone(self, wanted: bool, waiting: Waiting) -> Iterator[None]:  # noqa: FBT001  # data
        """Let builds that must not run side by side (``wanted``) take turns; others pass.

        Unlike a slot this is correctness: it is waited for as long as it takes.
        """
        if not wanted:
            yield
            return
        text = "waiting for another build that must run alone"
        with turn(self.folder / "serial.lock", lambda: waiting(text)):
            yield

    def _awaited(self, deadline: Deadline, waiting: Waiting) -> FileLock | None:
        waiting(f"waiting for a build slot, {self.count} of {self.count} taken")
        while not deadline.expired:
            lock = self._free(_LOOK_SECONDS / self.count)
            if lock is not None:
                return lock
        waiting(f"no build slot came free in {deadline.seconds:g} s, going on without")
        return None

    def _free(self, seconds: float) -> FileLock | None:
        for number in range(self.count):
            lock = FileLock(self.folder / f"slot-{number}.lock")
            try:
                lock.acquire(timeout=seconds)
            except Timeout:
                continue
            return lock
        return None
