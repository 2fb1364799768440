"""What tests of running machines share: a way to boot a tiny guest, and a look at processes."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.tiny_guest import BOARDS

Start = Callable[..., AbstractContextManager[Machine]]
RULES = WatchRules(faults=("panicked",), silence_seconds=3.0)
both = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
#: Before a program's words: a shell lets what it starts in the background ignore Ctrl-C, and each
#: child inherits that.
HEEDING = ("env", "--default-signal=INT,TERM")


def pid_of(machine: Machine) -> int:
    return machine._handle.pid  # type: ignore[attr-defined,no-any-return]


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = Deadline(seconds)
    while not deadline.expired:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False
