"""--karatos-coverage: which lines of an unmodified firmware its tests executed."""

import json
from typing import Any

import pytest

from tests.plugin.tree import Tree, outer_cache
from tests.unit.hand_made import SCHEMA

ONE = "def test_boot(console): console.expect('boot rtos=')\n"
#: The reference firmware ends by itself, so two boots of it execute the same.
TO_THE_END = "def test_end(machine): assert machine.wait(30) == 0\n"
TWO = f"{TO_THE_END}{TO_THE_END.replace('test_end', 'test_again')}"


@pytest.fixture(autouse=True)
def built_elsewhere(tree: Tree) -> None:
    """Say where the ELFs come from: the outer run's cache, which the inner one does not know."""
    settings(tree, "")


def settings(tree: Tree, more: str) -> None:
    tree.settings(f'[coverage]\nroots = ["{outer_cache()}/trees/*"]\n{more}')


def coverage(tree: Tree, *arguments: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    result = tree.run("--karatos-coverage", "--karatos-json=out.json", *arguments)
    ledger: dict[str, Any] = json.loads((tree.path / "out.json").read_text())
    SCHEMA.validate(ledger)
    return result, ledger


def by_test(tree: Tree) -> dict[str, Any]:
    (path,) = (tree.path / ".karatos").glob("run-*/coverage/coverage.json")
    files: dict[str, Any] = json.loads(path.read_text())["files"]
    return files


def test_lines_of_both_archs_are_told_in_each_report(tree: Tree) -> None:
    tree.tests(ONE)
    result, ledger = coverage(tree, "--arch=all", "--html=report.html", "--self-contained-html")
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines(
        [
            r"lm3s6965evb \(arm\), debug +\d+\.\d % +\d+ of \d+ +\d+ of \d+",
            r"virt \(riscv\), debug +\d+\.\d %.*",
            r"together +\d+\.\d %.*",
            r"coverage report, with lcov.info .*coverage/index.html",
        ]
    )
    arm, riscv, everything = ledger["coverage"]
    assert everything["target"] == ""
    assert 0 < arm["covered"] < arm["lines"]
    assert max(arm["covered"], riscv["covered"]) <= everything["covered"]
    assert "Line by line" in (tree.path / "report.html").read_text()
    files = by_test(tree)
    assert "kernel/src/main.rs" in files
    # The panic handler never ran, and nothing of the language's library counts.
    assert not any(files["kernel/src/fault.rs"].values())
    assert all(name.startswith("kernel/") for name in files)


def test_workers_and_processes_tell_the_same(tree: Tree) -> None:
    tree.tests(TWO)
    _, alone = coverage(tree, "--arch=arm", "-n0")
    _, shared = coverage(tree, "--arch=arm", "-n2")
    counts = [
        [{key: one for key, one in row.items() if key != "page"} for row in ledger["coverage"]]
        for ledger in (alone, shared)
    ]
    assert counts[0] == counts[1]


def test_under_the_limit_a_green_run_is_red(tree: Tree) -> None:
    tree.tests(ONE)
    settings(tree, "fail_under = 99.5\n")
    result, _ = coverage(tree, "--arch=arm")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.re_match_lines(
        [r"coverage is \d+\.\d\d % .*, less than fail_under = 99.5 % \(karatos.toml:\d+\)"]
    )
    settings(tree, "fail_under = 20\n")
    assert coverage(tree, "--arch=arm")[0].ret == 0


def test_a_run_that_judged_no_line_is_red_where_a_limit_is_set(tree: Tree) -> None:
    tree.tests("def test_size(firmware): assert firmware\n")
    settings(tree, "fail_under = 0\n")
    result, ledger = coverage(tree, "--arch=arm")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["coverage: not one line could be judged*"])
    assert [row["lines"] for row in ledger["coverage"]] == [0]


def test_files_that_do_not_count_are_left_out(tree: Tree) -> None:
    tree.tests(ONE)
    settings(tree, 'exclude = ["kernel/src/arch/*"]\n')
    coverage(tree, "--arch=arm")
    assert not any("/arch/" in name for name in by_test(tree))


def test_an_elf_from_nobody_knows_where_is_told(tree: Tree) -> None:
    tree.tests(ONE)
    tree.settings("")
    result, ledger = coverage(tree, "--arch=arm")
    assert result.ret == 0
    assert ledger["coverage"][-1]["lines"] == 0
    result.stdout.fnmatch_lines(["coverage: none of the * source files of firmware.elf is in *"])
