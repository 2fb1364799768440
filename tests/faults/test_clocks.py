"""A clock on the wall that is set while something runs: nobody waits by it, nobody is judged."""

import ast
import time
from pathlib import Path

import pytest

from pytest_karatos.console import Resets
from pytest_karatos.containers.spec import OWNER_START, is_leftover, labels
from pytest_karatos.emulators.qemu.status import note_event

PACKAGE = Path(__file__).parents[2] / "pytest_karatos"
#: Where the clock on the wall is asked, and what for: ages of files, and times that people read.
WALL = {
    "artifacts/run.py": "the name of a run, and when it began",
    "cli/merge.py": "when a coverage was summed up",
    "console/resets.py": "when QEMU says that a reset was",
    "builders/image.py": "how long nobody used an image",
    "builders/old_trees.py": "how long nobody built in a tree",
    "containers/spec.py": "when a container of another host is overdue",
    "emulators/record.py": "when a boot began",
    "pytest_plugin/recorder.py": "when a run began",
}


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_container_in_use_is_no_leftover_when_the_clock_jumps(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    marks, now = labels(60), time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert not is_leftover(marks)
    assert is_leftover({**marks, OWNER_START: "1"})


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_reset_is_told_in_its_place_when_the_clock_jumps(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    began, resets = time.monotonic(), Resets()
    resets.typed()
    now = time.time()
    stamp = {"seconds": int(now), "microseconds": int(now % 1 * 1e6)}
    monkeypatch.setattr(time, "time", lambda: now + jump)
    note_event(resets, {"event": "RESET", "data": {"guest": True}, "timestamp": stamp})
    assert resets.since(began) == 1


def asks_the_wall(source: str) -> bool:
    """Tell whether code asks the clock on the wall: time.time(), datetime.now()."""
    calls = (one.func for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call))
    names = {ast.unparse(one) for one in calls}
    return bool(names & {"time.time", "datetime.now", "datetime.today", "datetime.utcnow"})


def test_nothing_waits_by_the_clock_on_the_wall() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if asks_the_wall(path.read_text())
    }
    assert found == WALL.keys()
    assert asks_the_wall("end = time.time() + 5")
