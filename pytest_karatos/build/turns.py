"""Take turns by kernel file locks, and say so before waiting; a killed holder frees its lock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


def acquired(path: Path, waiting: Callable[[], None]) -> FileLock:
    """Return the lock at ``path``, held; ``waiting`` is called first when another holds it.

    :raises OSError: when the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    return lock


@contextmanager
def turn(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at ``path`` for as long as the block lasts (see :func:`acquired`)."""
    lock = acquired(path, waiting)
    try:
        yield
    finally:
        lock.release()
