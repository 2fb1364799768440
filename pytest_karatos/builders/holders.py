"""Who holds a lock that is waited for: the process, and whether it can go on at all."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.text import fitted, printable

_LOCKS = Path("/proc/locks")
_WIDTH = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A process that holds a lock; ``stopped``: somebody has suspended it (Ctrl-Z, SIGSTOP)."""

    pid: int
    command: str
    stopped: bool

    def __str__(self) -> str:
        who = f"process {self.pid} ({self.command})"
        if self.stopped:
            return f"{who}, which is stopped: kill -CONT {self.pid} lets it go on"
        return who


def holder_of(lock: Path) -> Holder | None:
    """Find who holds the file ``lock``; None where the kernel does not tell, or nobody does."""
    try:
        inode = lock.stat().st_ino
        lines = _LOCKS.read_text().splitlines()
    except OSError:
        return None
    return next((_holder(pid) for pid in _pids(lines, inode) if _has_open(pid, lock)), None)


def _pids(lines: list[str], inode: int) -> Iterator[int]:
    """Give the processes that hold a lock of that inode, whatever the file system."""
    for line in lines:
        words = line.split()
        # Who waits for one has an arrow: "1: -> FLOCK ADVISORY WRITE 42 08:01:1234 0 EOF".
        if "->" not in words and len(words) > 5 and words[5].rpartition(":")[2] == str(inode):  # noqa: PLR2004 - its columns
            yield int(words[4])


def _has_open(pid: int, path: Path) -> bool:
    wanted = os.path.realpath(path)
    try:
        return any(os.path.realpath(one) == wanted for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # another user's, or gone
        return False


def _holder(pid: int) -> Holder | None:
    place = Path(f"/proc/{pid}")
    try:
        words = (place / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        state = (place / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return None
    command = shlex.join(one.decode(errors="backslashreplace") for one in words)
    return Holder(pid=pid, command=fitted(printable(command), _WIDTH), stopped=state in "Tt")
