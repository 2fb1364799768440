"""Real processes: their ends, their children, and a parent that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import MissingTool
from pytest_karatos.process import find_tool, output_of, running


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = Deadline(seconds)
    while alive(pid) and not deadline.expired:
        time.sleep(0.01)
    return not alive(pid)


def test_the_block_ends_the_program() -> None:
    with running(["sleep", "60"]) as child:
        assert child.status is None
    assert gone(child.pid)


def test_children_of_the_program_go_too(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {note}.new; mv {note}.new {note}; wait"
    with running(["sh", "-c", script]):
        deadline = Deadline(5)
        while not note.exists():
            assert not deadline.expired
    assert gone(int(note.read_text()))


def test_a_program_that_ignores_sigterm_is_killed() -> None:
    started = time.monotonic()
    with running(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]) as child:
        pass
    assert gone(child.pid)
    assert time.monotonic() - started < 10


def test_kill_dash_9_of_the_parent_leaves_nothing() -> None:
    script = (
        "import time\n"
        "from pytest_karatos.process import running\n"
        "with running(['sleep', '600']) as child:\n"
        "    print(child.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    assert gone(pid)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(MissingTool, match="no-such-tool") as caught:
        find_tool("no-such-tool", needed_for="this test.", fix="none")
    assert "why: this test." in str(caught.value)
    with pytest.raises(MissingTool, match="no-such-tool"):
        output_of(["no-such-tool"])


def test_a_short_command_that_hangs_is_ended() -> None:
    assert output_of(["sleep", "60"], timeout=0.2).status == -signal.SIGKILL
