"""Builds share the processors: so many at once on the machine, and each is told its share."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_karatos.builders.locks import JobSlots, cores, environment, jobs_each

HOLDER = """
import sys
from pathlib import Path
from pytest_karatos.builders.locks import JobSlots
with JobSlots(folder=Path(sys.argv[1]), count=1).taken(60, print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the only slot of ``tmp_path``."""
    argv = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_free_slot_is_taken_in_silence(tmp_path: Path) -> None:
    said: list[str] = []
    slots = JobSlots(folder=tmp_path, count=2)
    with slots.taken(60, said.append), slots.taken(60, said.append):
        assert said == []


def test_who_waits_says_so_and_a_killed_holder_frees_its_slot(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    said: list[str] = []

    def waiting(text: str) -> None:
        said.append(text)
        holder.kill()

    with JobSlots(folder=tmp_path, count=1).taken(60, waiting):
        assert said == ["waiting for a build slot, 1 of 1 taken"]


@pytest.mark.usefixtures("holder")
def test_a_slot_that_never_comes_does_not_stop_a_build(tmp_path: Path) -> None:
    said: list[str] = []
    with JobSlots(folder=tmp_path, count=1).taken(0.3, said.append):
        assert said[1:] == ["no build slot came free in 0.3 s, going on without"]


@pytest.mark.usefixtures("holder")
def test_another_slot_is_enough(tmp_path: Path) -> None:
    said: list[str] = []
    with JobSlots(folder=tmp_path, count=2).taken(60, said.append):
        assert said == []


def test_a_slot_is_given_back_after_an_error(tmp_path: Path) -> None:
    said: list[str] = []
    slots = JobSlots(folder=tmp_path, count=1)
    with pytest.raises(ZeroDivisionError), slots.taken(60, said.append):
        raise ZeroDivisionError
    with slots.taken(60, said.append):
        assert said == []


@pytest.mark.parametrize(
    ("builds", "processors", "each"), [(1, 8, 8), (2, 8, 4), (3, 8, 2), (16, 8, 1), (0, 8, 8)]
)
def test_builds_share_the_processors(builds: int, processors: int, each: int) -> None:
    assert jobs_each(builds, processors) == each


def test_build_tools_are_told_their_share() -> None:
    assert environment(3) == {
        "CARGO_BUILD_JOBS": "3",
        "CMAKE_BUILD_PARALLEL_LEVEL": "3",
        "KARATOS_JOBS": "3",
    }
    assert cores() >= 1
