"""One ledger, many renderings: JSON by its schema, JUnit, and the row of a crashed worker."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.plugin.guests import Guests
from tests.plugin.tree import Tree
from tests.unit.hand_made import SCHEMA

MIXED = """
import os
import pytest

def test_boot(console):
    console.expect("boot rtos=reference")

def test_red(console):
    console.expect("no such words", timeout=5)

@pytest.mark.skip(reason="not today")
def test_skipped(console): ...

def test_setup(firmware, request):
    request.getfixturevalue("nothing")

@pytest.fixture
def broken(board):
    raise RuntimeError("the bench is on fire")

def test_error(broken): ...
"""


def ledger_of(tree: Tree, *arguments: str) -> dict[str, Any]:
    tree.run("--karatos-json=out.json", *arguments)
    ledger: dict[str, Any] = json.loads((tree.path / "out.json").read_text())
    SCHEMA.validate(ledger)
    return ledger


def outcomes(ledger: dict[str, Any]) -> dict[str, str]:
    return {test["id"].partition("::")[2]: test["outcome"] for test in ledger["tests"]}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_json_keeps_every_outcome_with_its_cause(tree: Tree, workers: str) -> None:
    tree.tests(MIXED)
    ledger = ledger_of(tree, "--arch=arm", f"-n{workers}")
    assert outcomes(ledger) == {
        "test_boot[arm]": "passed",
        "test_red[arm]": "failed",
        "test_skipped[arm]": "skipped",
        "test_setup[arm]": "failed",
        "test_error[arm]": "error",
    }
    red = next(test for test in ledger["tests"] if "test_red" in test["id"])
    assert (
        red["message"].startswith("Waited for 'no such words'") or "MachineEnded" in red["message"]
    )
    assert (red["file"], red["line"]) == ("test_it.py", 8)
    assert red["boots"][0]["log"][0]["text"].startswith("@0 boot rtos=reference")
    (board,) = ledger["boards"]
    assert (board["passed"], board["failed"], board["errors"], board["skipped"]) == (1, 2, 1, 1)
    assert board["verdict"] == "2 failed, 1 error"


def test_a_crashed_worker_is_in_the_ledger(tree: Tree) -> None:
    tree.tests(
        """
        import os
        import pytest
        @pytest.fixture
        def dying(console):
            console.expect("start")
            os._exit(1)
        def test_crash(dying): ...
        def test_boot(console):
            console.expect("boot")
        """
    )
    ledger = ledger_of(tree, "--arch=arm", "-n2")
    crashed = [test for test in ledger["tests"] if test["outcome"] == "crashed"]
    assert [test["id"] for test in crashed] == ["test_it.py::test_crash[arm]"]
    assert "crashed while running" in crashed[0]["message"]
    (boot,) = crashed[0]["boots"]
    assert boot["log"][0]["text"].startswith("@0 boot rtos=reference")
    (row,) = ledger["boards"]
    assert (row["passed"], row["failed"]) == (1, 1)
    assert ledger["run"]["exit_status"] == 1


def test_a_board_on_which_nothing_ran_is_listed(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        @pytest.mark.karatos(arch="arm")
        def test_boot(console):
            console.expect("boot")
        """
    )
    verdicts = {row["board"]: row["verdict"] for row in ledger_of(tree, "--arch=all")["boards"]}
    assert verdicts == {"lm3s6965evb": "passed", "virt": "no test ran"}


def test_junit_has_the_figures_as_properties(tree: Tree) -> None:
    tree.tests("def test_boot(console): console.expect('boot')")
    tree.run("--arch=riscv", "--junit-xml=out.xml", "-n1").assert_outcomes(passed=1)
    case = ET.parse(tree.path / "out.xml").getroot().find(".//testcase")  # noqa: S314 - our own
    assert case is not None
    found = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert found["karatos.board"] == "virt"
    assert int(found["karatos.measurement.flash"] or 0) > 1000


def test_a_json_that_cannot_be_written_is_no_success(tree: Tree) -> None:
    tree.tests("def test_boot(console): console.expect('boot')")
    result = tree.run("--arch=arm", "--karatos-json=karatos.toml/out.json")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["the JSON report * cannot be written: *", "*fix: pass --kara*"])


def test_github_gets_a_summary_and_annotations_and_no_other_command(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.tests(MIXED)
    summary = tree.path / "summary.md"
    summary.write_text("from an earlier step\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tree.path.parent))
    result = tree.run("--arch=arm")
    lines = result.stdout.lines
    start = next(line for line in lines if line.startswith("::stop-commands::"))
    end = lines.index(f"::{start.removeprefix('::stop-commands::')}::")
    assert not [line for line in lines[lines.index(start) + 1 : end] if line.startswith("::")]
    errors = [line for line in lines[end + 1 :] if line]
    assert len(errors) == 3
    assert all(
        line.startswith(f"::error file={tree.path.name}/test_it.py,line=") for line in errors
    )
    text = summary.read_text()
    assert text.startswith("from an earlier step\n")
    assert "lm3s6965evb" in text


def test_outside_of_github_no_command_is_printed(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    tree.tests("def test_boot(console): console.expect('boot')")
    tree.run("--arch=arm").stdout.no_fnmatch_line("::*")


def test_resets_of_a_firmware_by_itself_are_in_json_and_page(guests: Guests) -> None:
    guests.tests(
        test_it="""
@pytest.mark.karatos(features="resets", expect_resets=1)
def test_resets(machine): machine.settle(0.1)
"""
    )
    result, ledger = guests.run("--html=r.html")
    result.assert_outcomes(passed=1)
    (boot,) = ledger["test_resets"]["boots"]
    assert (boot["resets"], boot["own_resets"], boot["unasked_resets"]) == (0, 1, 1)
    page = (guests.pytester.path / "r.html").read_text()
    assert "reset itself 1 time, unasked" in page
