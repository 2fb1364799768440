"""Tell our own containers from all others, and those whose owner is gone from those in use."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

OWNER_PID = "org.pytest-karatos.owner-pid"
OWNER_START = "org.pytest-karatos.owner-start"
HOST = "org.pytest-karatos.host"
DEADLINE = "org.pytest-karatos.deadline"

#: A container gets this long after its deadline to end by itself (``timeout -k``).
GRACE_SECONDS = 60


def labels(seconds: float) -> dict[str, str]:
    """Return what marks a container as ours, owned by this process, for ``seconds``."""
    return {
        OWNER_PID: str(os.getpid()),
        OWNER_START: started_at(os.getpid()),
        HOST: this_host(),
        DEADLINE: str(int(time.time() + seconds + GRACE_SECONDS)),
    }


def is_leftover(marks: Mapping[str, str]) -> bool:
    """Tell whether a container with these labels is ours and nobody needs it any more.

    >>> is_leftover({"some": "label"})
    False
    >>> is_leftover(labels(60)), is_leftover({**labels(60), OWNER_START: "0"})
    (False, True)
    >>> is_leftover({**labels(60), HOST: "elsewhere", OWNER_START: "0"})
    False
    """
    if not {OWNER_PID, OWNER_START, HOST, DEADLINE} <= marks.keys():
        return False
    if marks[DEADLINE].isdigit() and int(marks[DEADLINE]) < time.time():
        return True
    # A process number means something only where it was given out.
    if marks[HOST] != this_host() or not marks[OWNER_PID].isdigit():
        return False
    return started_at(int(marks[OWNER_PID])) != marks[OWNER_START]


def this_host() -> str:
    """Name the place where process numbers are counted: the host, and its pid namespace."""
    return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"


def started_at(pid: int) -> str:
    """Return when process ``pid`` started, in ticks since boot; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name, in parentheses, may hold spaces and parentheses: count from behind it.
    return stat.rpartition(")")[2].split()[19]
