"""The fixture ``measure``: instructions of a boot, the same number each time."""

import json
from typing import Any

from tests.plugin.tree import Tree

ROUNDS = """
from pathlib import Path

def test_rounds(console, measure):
    console.expect("pass rounds=10")
    whole = measure.instructions("boot rtos=", "pass rounds=10")
    rounds = measure.every("run task=critical")
    assert len(rounds) == 9
    assert sum(rounds) < whole < measure.instructions(until="pass rounds=10")
    choose = measure.entry("Scheduler::choose"), measure.leaving("Scheduler::choose")
    once = measure.instructions(*choose)
    profile = measure.profile()
    assert profile.instructions >= whole
    assert 0 < once < profile["Scheduler::choose"].whole
    Path("boot.svg").write_text(profile.flame())
    measure.record("whole", whole)
    measure.record("once", once)
"""


def figures(tree: Tree) -> dict[str, float]:
    ledger: dict[str, Any] = json.loads((tree.path / "out.json").read_text())
    return {
        f"{test['arch']} {one['name']}": one["value"]
        for test in ledger["tests"]
        for one in test["measurements"]
        if one["name"] in ("whole", "once")
    }


def test_the_same_numbers_alone_and_beside_others(tree: Tree) -> None:
    tree.tests(ROUNDS)
    found = []
    for workers in ("-n0", "-n4"):
        result = tree.run("--arch=all", "--karatos-json=out.json", workers)
        result.assert_outcomes(passed=2)
        found.append(figures(tree))
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert "Scheduler::choose" in (tree.path / "boot.svg").read_text()


def test_one_more_than_its_budget_is_red(tree: Tree) -> None:
    tree.tests(ROUNDS)
    tree.run("--arch=arm", "--karatos-json=out.json").assert_outcomes(passed=1)
    whole = int(figures(tree)["arm whole"])
    tree.settings(f"[budget.arm]\nwhole = {whole}\n")
    tree.run("--arch=arm", "--karatos-json=out.json").assert_outcomes(passed=1)
    tree.settings(f"[budget.arm]\nwhole = {whole - 1}\n")
    result = tree.run("--arch=arm", "--karatos-json=out.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*whole {whole:,} instructions * is over its *budget*by 1 *"])


NEVER = """
import pytest
from pytest_karatos.errors import NotSeen, TooLittle, UnknownName

def test_it(console, measure):
    console.expect("pass rounds=10")
    with pytest.raises(NotSeen, match="'never printed' was not passed"):
        measure.instructions(until="never printed")
    with pytest.raises(NotSeen, match="'boot rtos=' was not passed after"):
        measure.instructions("pass rounds=10", "boot rtos=")
    with pytest.raises(TooLittle, match="'pass rounds=10' was passed 1 times"):
        measure.every("pass rounds=10")
    with pytest.raises(UnknownName, match="no symbol 'chose'"):
        measure.instructions(until=measure.entry("chose"))
    with pytest.raises(ValueError, match="until="):
        measure.instructions("boot")

def test_nothing_was_printed(measure):
    with pytest.raises(TooLittle, match="has printed nothing yet"):
        measure.profile()

@pytest.mark.karatos(icount="off")
def test_no_two_boots_alike(console, measure):
    console.expect("pass rounds=10")
    measure.instructions(until="boot")
"""


def test_what_cannot_be_measured_is_said(tree: Tree) -> None:
    tree.tests(NEVER)
    result = tree.run("--arch=arm")
    result.stdout.fnmatch_lines(['*icount = "off", and so no two boots alike*'])
    result.stdout.fnmatch_lines(["*test_no_two_boots_alike*NotPossible*"])
    assert result.parseoutcomes()["failed"] <= 2


STACKS = """
import re
import pytest
from pytest_karatos.errors import DebugFailed, UnknownName

def test_depth(console, measure):
    console.expect("exit status")
    said = re.findall(r"stats task=.* stack=(\\d+)", console.transcript.read_text())
    found = measure.stack("STACKS", count=8, guard=128)
    assert [one.used for one in found][:7] == [int(one) for one in said]
    assert [one.size for one in found] == [1920] * 8
    assert not any(one.is_full for one in found)
    (main,) = measure.stack()
    assert main.size == 2048
    assert 100 < main.used < 2048
    assert measure.stack() == (main,)
    assert main.below
    ram = measure.ram()
    assert 0 < ram.sections[".bss"] < ram.used + 1
    heap = measure.heap("STACKS")
    # Its highest stack begins at its end.
    assert (heap.size, 15_000 < heap.used <= heap.size) == (8 * 2048, True)
    with pytest.raises(UnknownName, match="where its heap is"):
        measure.heap()
    with pytest.raises(DebugFailed, match="which are not 7 stacks"):
        measure.stack("STACKS", count=7)
    with pytest.raises(UnknownName):
        measure.stack("STACKZ")
"""


def test_stacks_are_as_deep_as_the_rtos_says_that_paints_them(tree: Tree) -> None:
    tree.tests(STACKS)
    tree.run("--arch=all").assert_outcomes(passed=2)
