"""Kernel file locks for builds: one at a time in a tree, so many at once on the machine."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_karatos.builders.holders import Holder, holder_of
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import CacheError

#: How long a lock is waited for before it is looked at who holds it, in seconds, and how long
#: somebody is waited for who is stopped.
_PATIENCE, _STOPPED_SECONDS = 1.0, 120.0


def acquired(path: Path, waiting: "Waiting", text: str) -> FileLock:
    """Return the lock at ``path``, held; ``waiting`` hears ``text``, and for whom, when it waits.

    Who builds is waited for as long as that takes; who is stopped is not.

    :raises OSError: when the file cannot be made.
    :raises CacheError: when it is held by a process that does not go on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _wait_for(lock, path, waiting, text)
    except NotImplementedError as no:  # of filelock, before it took a file for a lock instead
        raise OSError(errno.ENOSYS, "its file system has no locks") from no
    return lock


def _wait_for(lock: FileLock, path: Path, waiting: "Waiting", text: str) -> None:
    told, stopped = "", Deadline(_STOPPED_SECONDS)
    while not lock.is_locked:
        holder = holder_of(path)
        if holder is None or not holder.stopped:
            stopped = Deadline(_STOPPED_SECONDS)
        elif stopped.expired:
            raise CacheError(
                f"{path} is held by {holder}.",
                why=f"it has not gone on for {_STOPPED_SECONDS:g} s, and only one may build here.",
                fix=f"kill -CONT {holder.pid}, or end it: kill -9 {holder.pid}",
            )
        words = f"{text}: {holder}" if holder is not None else text
        if words != told and (told == "" or holder is not None):
            waiting(words)
            told = words
        with suppress(Timeout):
            lock.acquire(timeout=_PATIENCE)


@contextmanager
def locked(path: Path, waiting: "Waiting", text: str) -> Iterator[None]:
    """Hold the lock at ``path`` for as long as the block lasts (see :func:`acquired`)."""
    lock = acquired(path, waiting, text)
    try:
        yield
    finally:
        lock.release()


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
class JobSlots:
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
        """Let builds that must not run side by side (``wanted``) run in turn; others pass.

        Unlike a slot this is correctness: it is waited for as long as it takes.
        """
        if not wanted:
            yield
            return
        text = "waiting for another build that must run alone"
        with locked(self.folder / "serial.lock", waiting, text):
            yield

    def _awaited(self, deadline: Deadline, waiting: Waiting) -> FileLock | None:
        text = f"waiting for a build slot, {self.count} of {self.count} taken"
        waiting("; ".join([text, *map(str, self._stopped())]))
        while not deadline.expired:
            lock = self._free(_LOOK_SECONDS / self.count)
            if lock is not None:
                return lock
        waiting(f"no build slot came free in {deadline.seconds:g} s, going on without")
        return None

    def _stopped(self) -> list[Holder]:
        """List who holds a slot and does not go on."""
        found = map(holder_of, self.folder.glob("slot-*.lock"))
        return [one for one in found if one is not None and one.stopped]

    def _free(self, seconds: float) -> FileLock | None:
        for number in range(self.count):
            lock = FileLock(self.folder / f"slot-{number}.lock")
            try:
                lock.acquire(timeout=seconds)
            except Timeout:
                continue
            return lock
        return None
