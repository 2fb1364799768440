"""However tests are handed out, their outcomes are the same and each firmware is built once."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from subprocess import DEVNULL
from xml.etree import ElementTree as ET

import pytest

from pytest_karatos.builders.locks import cores
from tests.plugin.tree import SLOTS, Tree

#: One that boots, one that reads the ELF, one that fails, one with another profile (each on its
#: boards), and one that is not about firmware.
TESTS = """
import pytest

@pytest.mark.xdist_group("boots")
def test_boot(console):
    console.expect("boot rtos=reference")

def test_flash(firmware):
    assert firmware.sizes.flash_bytes > 0

def test_profile(firmware):
    assert firmware.profile == "other"

@pytest.mark.karatos(arch="riscv", profile="release")
def test_release(firmware):
    assert firmware.profile == "release"

def test_plain():
    pass
"""
BUILDS = ["arm debug", "riscv debug", "riscv release"]
WRONG = "AssertionError: assert 'debug' == 'other'"
EXPECTED = Counter(
    {
        ("test_boot[arm]", "passed"): 1,
        ("test_boot[riscv]", "passed"): 1,
        ("test_flash[arm]", "passed"): 1,
        ("test_flash[riscv]", "passed"): 1,
        ("test_profile[arm]", WRONG): 1,
        ("test_profile[riscv]", WRONG): 1,
        ("test_release[riscv-release]", "passed"): 1,
        ("test_plain", "passed"): 1,
    }
)
#: Neighbours that only cost each worker its time here.
LEAN = ["-p", "no:html", "-p", "no:metadata", "-p", "no:hypothesispytest"]
MODES = ("load", "worksteal", "loadscope", "loadfile", "loadgroup", "each")
RUNS = [("0", "no"), ("8", ""), *((n, mode) for mode in ("", *MODES) for n in ("1", "2", "4"))]


def outcomes(path: Path) -> Counter[tuple[str, str]]:
    """Read each test's id, and 'passed' or the first words of its failure, from pytest's XML.

    Before pytest 9.2, --dist=loadgroup appends a test's group to its id.
    """
    return Counter(
        (case.attrib["name"].removesuffix("@boots"), next(_faults(case), "passed"))
        for case in ET.parse(path).iter("testcase")  # noqa: S314  # pytest wrote it
    )


def _faults(case: ET.Element) -> Iterator[str]:
    for word in ("failure", "error", "skipped"):
        for fault in case.iter(word):
            yield fault.attrib.get("message", "").partition("\n")[0]


@pytest.mark.parametrize(("workers", "mode"), RUNS)
def test_every_way_has_the_same_outcomes(tree: Tree, workers: str, mode: str) -> None:
    tree.tests(TESTS)
    how = [*LEAN, f"--dist={mode}"] if mode else LEAN
    tree.run("--arch=all", f"-n{workers}", *how, "--junitxml=x.xml")
    times = int(workers) if mode == "each" else 1
    assert outcomes(tree.path / "x.xml") == Counter(
        {one: count * times for one, count in EXPECTED.items()}
    )
    assert tree.builds == BUILDS


#: Notes which worker ran which board, in the order of each worker.
WHO_RAN_WHAT = """
import os, pathlib, time, pytest

@pytest.mark.parametrize("number", range(6))
def test_it(firmware, number):
    with pathlib.Path("ran-" + os.environ["PYTEST_XDIST_WORKER"]).open("a") as file:
        print(firmware.board.id, file=file)
    time.sleep(0.05)
"""


def ran(tree: Tree) -> list[list[str]]:
    """Return the boards that each worker ran, in order."""
    return [path.read_text().split() for path in sorted(tree.path.glob("ran-*"))]


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_begin_on_different_boards_and_stay(tree: Tree, workers: int) -> None:
    tree.tests(WHO_RAN_WHAT)
    tree.run("--arch=all", f"-n{workers}").assert_outcomes(passed=12)
    boards = ran(tree)
    half = ["arm"] * (workers // 2) + ["riscv"] * (workers // 2)
    assert sorted(first for first, *_ in boards) == half
    # A worker goes over to the other board when its own has no more tests, and never back.
    assert all(sum(a != b for a, b in pairwise(one)) <= 1 for one in boards)


CRASHES_ONCE = """
import os

def test_before(firmware): pass

def test_crash(firmware):
    with open("crashes", "a") as file:
        print(firmware.board.id, file=file)
    if firmware.board.id == "arm":
        os._exit(1)

def test_after(firmware): pass
"""


def test_a_test_that_kills_its_worker_runs_once(tree: Tree) -> None:
    tree.tests(CRASHES_ONCE)
    result = tree.run("--arch=all", "-n2")  # --dist=loadscope would run it again and again
    result.assert_outcomes(passed=5, failed=1)
    assert sorted((tree.path / "crashes").read_text().split()) == ["arm", "riscv"]
    assert tree.builds == ["arm debug", "riscv debug"]


@pytest.mark.parametrize("how", ["--dist=load", "--maxschedchunk=2"])
def test_what_was_typed_decides(tree: Tree, how: str) -> None:
    tree.tests(WHO_RAN_WHAT)
    tree.run("--arch=all", "-n2", how).assert_outcomes(passed=12)
    assert [first for first, *_ in ran(tree)] == ["arm", "arm"]  # as xdist does it


#: A build that ends only when builds of both archs are going on.
MEETING = """#!/bin/sh
touch "$ELVES/at-$1"
until [ -e "$ELVES/at-arm" ] && [ -e "$ELVES/at-riscv" ]; do sleep 0.1; done
cp "$ELVES/$1.elf" kernel.elf
"""


def test_builds_of_two_boards_run_side_by_side(tree: Tree) -> None:
    tree.tests("def test_flash(firmware): pass")
    (tree.path / "fw" / "build.sh").write_text(MEETING)
    (tree.path / "karatos.toml").write_text(SLOTS % (2, tree.elves))
    tree.run("--arch=all", "-n2").assert_outcomes(passed=2)


#: A build that takes a moment and fails when another one is going on.
ALONE = """#!/bin/sh
mkdir "$ELVES/busy" || exit 1
echo "jobs: $KARATOS_JOBS $CARGO_BUILD_JOBS"
sleep 0.5
rmdir "$ELVES/busy"
cp "$ELVES/$1.elf" kernel.elf
"""


def test_builds_wait_for_a_slot_and_say_so(tree: Tree) -> None:
    tree.tests("def test_flash(firmware): pass")
    (tree.path / "fw" / "build.sh").write_text(ALONE)
    (tree.path / "karatos.toml").write_text(SLOTS % (1, tree.elves))
    result = tree.run("--arch=all", "-n2")
    result.assert_outcomes(passed=2)
    result.stderr.fnmatch_lines(["karatos: *: waiting for a build slot, 1 of 1 taken"])
    # One build at a time may use all processors.
    (log, _) = (tree.path / ".karatos").glob("run-*/builds/*.log")
    assert log.read_text() == f"jobs: {cores()} {cores()}\n"


def test_two_runs_at_once_share_one_build(tree: Tree) -> None:
    tree.tests(TESTS)
    build = tree.path / "fw" / "build.sh"
    build.write_text(build.read_text().replace("set -e", "set -e; sleep 0.5"))
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--arch=all", "-n2"]
    runs = [
        tree.pytester.popen([*argv, f"--junitxml={name}.xml"], stdout=DEVNULL, stderr=DEVNULL)
        for name in "ab"
    ]
    assert [run.wait(120) for run in runs] == [1, 1]
    assert [outcomes(tree.path / f"{name}.xml") for name in "ab"] == [EXPECTED, EXPECTED]
    assert tree.builds == BUILDS


FAILS_FIRST = """
import pathlib

def test_again(console, board):
    console.expect("boot rtos=reference")
    flag = pathlib.Path("seen-" + board.id)
    assert flag.exists() or flag.touch(), "the first time"
"""


@pytest.mark.parametrize("workers", ["0", "2", "8"])
def test_reruns_boot_anew_and_build_nothing(tree: Tree, workers: str) -> None:
    tree.tests(FAILS_FIRST)
    result = tree.run("--arch=all", f"-n{workers}", "--reruns=1", "--karatos-json=out.json")
    result.stdout.fnmatch_lines(["*2 passed, 2 rerun*"])
    tests = json.loads((tree.path / "out.json").read_text())["tests"]
    assert [(test["outcome"], test["reruns"]) for test in tests] == [("passed", 1)] * 2
    assert tree.builds == ["arm debug", "riscv debug"]


@pytest.mark.parametrize("how", [("-x",), ("--maxfail=1",), ("-x", "-n2"), ("--maxfail=1", "-n2")])
def test_a_run_that_stops_early_has_no_other_outcomes(tree: Tree, how: tuple[str, ...]) -> None:
    tree.tests(TESTS)
    result = tree.run("--arch=all", "--junitxml=x.xml", *how)
    found = outcomes(tree.path / "x.xml")
    assert result.ret != 0
    assert found <= EXPECTED
    assert sum(count for (_, said), count in found.items() if said == WRONG) >= 1
    assert set(tree.builds) <= set(BUILDS)
    assert len(tree.builds) == len(set(tree.builds))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_last_failed_runs_those_and_builds_nothing(tree: Tree, workers: str) -> None:
    tree.tests(TESTS)
    run = tree.pytester.runpytest_subprocess
    run("--arch=all", f"-n{workers}")
    run("--arch=all", f"-n{workers}", "--lf", "--junitxml=x.xml")
    failed = {one: count for one, count in EXPECTED.items() if one[1] == WRONG}
    assert outcomes(tree.path / "x.xml") == failed
    assert tree.builds == BUILDS
