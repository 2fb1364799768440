"""Budgets in karatos.toml: whoever takes a figure, its budget judges it, and the ledger says so."""

import json
from typing import Any

import pytest

from tests.plugin.tree import Tree
from tests.unit.hand_made import SCHEMA

ONE_TEST = "def test_boot(console): console.expect('boot rtos=')\n"
CHECKED = f"{ONE_TEST}def test_fits(firmware, budget): budget.check(firmware)\n"
STACK = """
from pytest_karatos import Measurement

def pytest_karatos_measurement(firmware, machine, test):
    return Measurement(name="stack", value=412, unit="B")
"""


def run(tree: Tree, test: str, budgets: str, *arguments: str) -> tuple[Any, dict[str, Any]]:
    tree.tests(test)
    tree.settings(f"[budget.arm]\n{budgets}\n")
    result = tree.run("--arch=arm", "--karatos-json=out.json", *arguments)
    ledger: dict[str, Any] = json.loads((tree.path / "out.json").read_text())
    SCHEMA.validate(ledger)
    return result, ledger


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_hooks_figure_has_its_budget_in_the_settings(tree: Tree, workers: str) -> None:
    tree.pytester.makeconftest(STACK)
    result, ledger = run(tree, ONE_TEST, "stack = '412 B'", f"-n{workers}")
    assert result.ret == 0
    (test,) = ledger["tests"]
    (verdict,) = test["verdicts"]
    assert (verdict["name"], verdict["limit"], verdict["ok"]) == ("stack", 412, True)
    assert verdict["origin"].startswith("karatos.toml:")
    assert [one["limit"] for one in test["measurements"]] == [412]
    assert ledger["unjudged"] == []


def test_over_it_the_test_fails_and_page_and_ledger_say_by_how_much(tree: Tree) -> None:
    tree.pytester.makeconftest(STACK)
    arguments = ("--html=report.html", "--self-contained-html")
    result, ledger = run(tree, ONE_TEST, "stack = 400", *arguments)
    result.assert_outcomes(failed=1)
    said = "stack 412 B of 'arm debug' is over its 400 B budget by 12 B (3.0 %); budget set in"
    result.stdout.fnmatch_lines([f"*{said} karatos.toml:*"])
    assert [one["ok"] for one in ledger["tests"][0]["verdicts"]] == [False]
    assert "✗ stack 412 B of" in (tree.path / "report.html").read_text()


def test_a_budget_whose_figure_nobody_delivers_is_not_green(tree: Tree) -> None:
    result, ledger = run(tree, ONE_TEST, "stack = 400")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["karatos.toml:*: budget 'stack' judged nothing: no pytest_kar*"])
    assert [one["name"] for one in ledger["unjudged"]] == ["stack"]
    # Somebody who picks a test need not have picked the one that delivers.
    result, _ = run(tree, ONE_TEST, "stack = 400", "-k", "boot")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["karatos.toml:*: budget 'stack' judged nothing: *"])


def test_a_budget_that_no_test_asks_for_is_told(tree: Tree) -> None:
    result, _ = run(tree, ONE_TEST, "flash = '1 MiB'")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*budget 'flash' judged nothing: no test called budget.check*"])
    result, ledger = run(tree, CHECKED, "flash = '1 MiB'")
    result.stdout.no_fnmatch_line("*judged nothing*")
    names = [one["name"] for test in ledger["tests"] for one in test["verdicts"]]
    assert names[0] == "flash"
    assert {"flash", "ram"} <= set(names)


def test_what_is_measured_of_a_boot_has_budgets_too(tree: Tree) -> None:
    result, ledger = run(tree, ONE_TEST, "console_bytes = 10")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*console_bytes * B of 'arm debug' is over its 10 B budget by *"])
    (boot,) = ledger["tests"][0]["boots"]
    figures = {one["name"]: one for one in boot["measurements"]}
    assert figures["console_bytes"]["value"] == boot["bytes"] > 10
    assert figures["console_bytes"]["limit"] == 10


def test_instructions_of_the_boot_are_counted_where_a_budget_names_them(tree: Tree) -> None:
    result, ledger = run(tree, CHECKED, "boot_instructions = 100_000", "--html=report.html")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["board * RAM * boot * build *", "lm3s6965evb* of 100,000 instr*"])
    (firmware,) = ledger["firmwares"].values()
    figures = {one["name"]: one for one in firmware["measurements"]}
    count = figures["boot_instructions"]["value"]
    assert 100 < count < 100_000
    assert f"{count:,} instructions" in (tree.path / "report.html").read_text()
    assert "boot_instructions" in [v["name"] for t in ledger["tests"] for v in t["verdicts"]]
    result, _ = run(tree, CHECKED, f"boot_instructions = {count - 1}")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [f"*boot_instructions {count:,} instructions of 'arm debug' is ov*"]
    )


def test_an_ordinary_run_does_not_boot_twice(tree: Tree) -> None:
    run(tree, CHECKED, "flash = '1 MiB'")
    (folder,) = tree.path.glob(".karatos/run-*/tests")
    assert len(list(folder.iterdir())) == 1


def test_a_test_may_ask_for_any_measurement_of_a_firmware(tree: Tree) -> None:
    tree.tests("""
        def test_it(karatos_bench, board, budget):
            firmware = karatos_bench.firmware(board)
            first = karatos_bench.measure(firmware, "boot_instructions")
            assert karatos_bench.measure(firmware, "boot_instructions") is first
            budget.check(firmware, boot_instructions=first.value)
    """)
    tree.run("--arch=riscv").assert_outcomes(passed=1)
