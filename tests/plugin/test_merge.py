"""Three shards, merged, are one run: the same tests, verdicts, figures and covered lines."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.plugin.tree import Tree, outer_cache

TESTS = """
def test_boots(console):
    console.expect("boot rtos=reference")

def test_rounds(console):
    console.expect("pass rounds")

def test_flash(firmware, budget):
    budget.check(firmware)

def test_wrong(firmware):
    assert firmware.profile == "other"

def test_plain():
    pass
"""
LEAN = ("-p", "no:html", "-p", "no:metadata", "-p", "no:hypothesispytest", "--arch=arm")
#: Where the ELFs of these tests were built.
ROOTS = f'[coverage]\nroots = ["{outer_cache()}/trees/*"]\n'


def facts(path: Path) -> dict[str, Any]:
    """Return what a reader of the ledger goes by; times and names of processes differ anyway."""
    made = json.loads(path.read_text())
    tests = {
        one["id"]: (
            one["outcome"],
            one["message"],
            [(each["name"], each["value"]) for each in one["measurements"]],
            [(each["name"], each["value"], each["ok"]) for each in one["verdicts"]],
            [(boot["elf_sha256"], boot["bytes"] > 0) for boot in one["boots"]],
        )
        for one in made["tests"]
    }
    sizes = {
        (one["board"], one["profile"]): [(each["name"], each["value"]) for each in
                                         one["measurements"] if each["name"] in ("flash", "ram")]
        for one in made["firmwares"].values()
    }  # fmt: skip
    rows = [
        {word: row[word] for word in ("board", "passed", "failed", "verdict")}
        for row in made["boards"]
    ]
    covered = [(row["target"], row["lines"], row["covered"]) for row in made["coverage"]]
    return {"tests": tests, "sizes": sizes, "rows": rows, "covered": covered,
            "status": made["run"]["exit_status"], "unjudged": made["unjudged"]}  # fmt: skip


def lines(folder: Path) -> dict[str, dict[str, bool]]:
    """Return which lines ran; who ran them depends on how far a guest gets behind its test."""
    told = json.loads((folder / "coverage.json").read_text())["files"]
    return {name: {line: bool(who) for line, who in one.items()} for name, one in told.items()}


def test_three_shards_merged_are_one_run(tree: Tree) -> None:
    tree.settings('[budget.arm]\nflash = "1 MiB"\n[run]\ncoverage = true\n' + ROOTS)
    tree.tests(TESTS)
    whole = tree.path / "whole"
    keep = [f"--karatos-json={whole}/karatos.json", f"--karatos-artifacts={whole}/.karatos"]
    tree.run(*LEAN, *keep).assert_outcomes(passed=4, failed=1)
    for number in (1, 2, 3):
        place = tree.path / f"shard-{number}"
        artifacts = tree.path / "elsewhere" / str(number)
        tree.run(
            *(*LEAN, f"--karatos-shard={number}/3", f"--karatos-json={place}/karatos.json"),
            f"--karatos-artifacts={artifacts}",
        )
        # As a CI does: another machine made it, and here it lies elsewhere.
        artifacts.rename(place / ".karatos")
    shards = [f"shard-{number}" for number in (1, 2, 3)]
    done = tree.pytester.run(sys.executable, "-m", "pytest_karatos", "merge", *shards, "--to=all")
    assert done.ret == 1
    done.stdout.no_fnmatch_line("red: *")
    assert facts(tree.path / "all/karatos.json") == facts(whole / "karatos.json")
    assert facts(whole / "karatos.json")["covered"][0][2] > 50
    (coverage,) = whole.glob(".karatos/run-*/coverage")
    assert lines(tree.path / "all/coverage") == lines(coverage)
    # Links of the page lead to files that are there.
    page = (tree.path / "all/report.html").read_text()
    assert "../shard-1/.karatos/run-" in page
    for one in shards:
        (tree.path / one / ".karatos").rename(tree.path / f"lost-{one}")
    done = tree.pytester.run(sys.executable, "-m", "pytest_karatos", "merge", *shards)
    done.stdout.fnmatch_lines(["*keep its .karatos folder*"])
