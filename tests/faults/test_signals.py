"""Signals to a run, and a fixture that breaks: nothing of it is left, whoever sent them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_karatos.deadline import Deadline
from tests.emulated.booting import HEEDING
from tests.emulated.test_killed_runs import _ENVIRON, folder, what_is_left

__all__ = ["folder"]

ARGV = [*HEEDING, sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]


def nothing_is_left(folder: Path, seconds: float = 5.0) -> bool:
    deadline = Deadline(seconds)
    while what_is_left(folder) and not deadline.expired:
        time.sleep(0.05)
    return not what_is_left(folder)


def begun(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    """Run the tests of ``folder`` until a guest is up, as the leader of a group of their own."""
    run = subprocess.Popen(
        [*ARGV, *words],
        cwd=folder,
        env=_ENVIRON | {"TMPDIR": str(folder / "tmp")},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = Deadline(60)
    while not list(folder.glob("up-*")) and not deadline.expired:
        time.sleep(0.05)
    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("workers", [0, 1])
def test_all_of_it_is_told_to_end(folder: Path, workers: int, number: signal.Signals) -> None:
    with begun(folder, "-n", str(workers)) as run:
        os.killpg(run.pid, number)
        run.wait(60)
    assert nothing_is_left(folder)


def test_an_impatient_user(folder: Path) -> None:
    with begun(folder) as run:
        for _ in range(3):
            run.send_signal(signal.SIGINT)
            time.sleep(0.1)
        run.wait(60)
    assert nothing_is_left(folder)


_BREAKS = """
import pytest

@pytest.fixture
def booted(karatos_bench, board):
    with karatos_bench.boot(board) as machine:
        machine.console.expect("up")
        raise RuntimeError("the fixture broke")

def test_it(booted): ...

@pytest.fixture
def never_ended(karatos_bench, board):
    block = karatos_bench.boot(board)
    block.__enter__()
    raise RuntimeError("this one too")

def test_another(never_ended): ...
"""


def test_a_fixture_that_breaks(folder: Path) -> None:
    (folder / "test_it.py").write_text(_BREAKS)
    done = subprocess.run(
        [*ARGV, "-q"],
        cwd=folder,
        env=_ENVIRON | {"TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "2 errors" in done.stdout
    assert "the fixture broke" in done.stdout
    assert nothing_is_left(folder)
