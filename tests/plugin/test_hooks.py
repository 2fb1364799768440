"""The users' hooks: their examples run, what they say is recorded, and their errors are named."""

import inspect
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pytest_karatos.pytest_plugin import hookspec
from tests.docs_following import follow
from tests.plugin.tree import Tree

HOOKS = [name for name in vars(hookspec) if name.startswith("pytest_karatos_")]
ONE_TEST = "def test_boot(console): console.expect('boot rtos=')"
FIGURES = """
from pytest_karatos import Measurement

def pytest_karatos_measurement(firmware, machine, test):
    return Measurement(name="bytes \\udcff", value=len(machine.console.text), unit="B"{more})
"""


def conftest(tree: Tree, text: str, test: str = ONE_TEST) -> None:
    tree.tests(test)
    tree.pytester.makeconftest(text)


def ledger_of(tree: Tree) -> dict[str, Any]:
    ledger: dict[str, Any] = json.loads((tree.path / "out.json").read_text())
    return ledger


@pytest.mark.parametrize("name", HOOKS)
def test_the_example_of_each_hook_runs(tree: Tree, name: str) -> None:
    text = inspect.getdoc(getattr(hookspec, name))
    assert text is not None
    cache = {"KARATOS_CACHE": str(tree.path / "cache")}
    assert follow(text, tree.path, cache), "the example runs no command"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_figures_are_in_the_ledger_and_in_junit(tree: Tree, workers: str) -> None:
    conftest(tree, FIGURES.format(more=", limit=10_000"))
    result = tree.run("--arch=arm", f"-n{workers}", "--karatos-json=out.json", "--junit-xml=x.xml")
    result.assert_outcomes(passed=1)
    (figure,) = ledger_of(tree)["tests"][0]["measurements"]
    assert (figure["name"], figure["unit"], figure["limit"]) == ("bytes \\udcff", "B", 10_000)
    assert figure["value"] > 10
    found = {one.get("name"): one.get("value") for one in ET.parse(tree.path / "x.xml").iter()}  # noqa: S314 - our own
    assert found["karatos.measurement.bytes \\udcff"] == str(figure["value"])


def test_figures_are_on_the_page_and_no_markup(tree: Tree) -> None:
    conftest(tree, FIGURES.format(more="").replace("bytes", "<b>bytes"))
    tree.run("--arch=arm", "--html=report.html", "--self-contained-html").assert_outcomes(passed=1)
    page = (tree.path / "report.html").read_text()
    # Once beside the consoles, and once in pytest-html's row, inside of its JSON.
    assert "measured: <bdi>&lt;b&gt;bytes" in page
    assert "measured: &lt;bdi&gt;&amp;lt;b&amp;gt;bytes" in page
    assert "<b>bytes" not in page


def test_a_figure_over_its_limit_fails_the_test(tree: Tree) -> None:
    conftest(tree, FIGURES.format(more=", limit=1"))
    result = tree.run("--arch=arm", "--karatos-json=out.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*bytes * B of 'arm debug' is over its 1 B limit by *"])
    assert ledger_of(tree)["tests"][0]["measurements"][0]["limit"] == 1


def test_a_failed_test_is_measured_too_and_keeps_its_own_cause(tree: Tree) -> None:
    conftest(tree, FIGURES.format(more=""), "def test_red(console): assert 1 == 2")
    tree.run("--arch=arm", "--karatos-json=out.json").assert_outcomes(failed=1)
    (test,) = ledger_of(tree)["tests"]
    assert test["message"].startswith("assert 1 == 2")
    assert test["measurements"]
    conftest(tree, FIGURES.format(more=") + 1 / 0 #"), "def test_red(console): assert 1 == 2")
    result = tree.run("--arch=arm")
    result.stdout.fnmatch_lines(["E*assert 1 == 2", "E*measurement of conftest.py raised *"])


def test_arguments_are_in_the_command_file(tree: Tree) -> None:
    conftest(tree, 'def pytest_karatos_qemu_args(board): return ["-name", board.name + "-x"]')
    tree.run("--arch=arm").assert_outcomes(passed=1)
    (command,) = tree.path.rglob("command.txt")
    assert command.read_text().count("-name lm3s6965evb-x") == 2


def test_the_nearest_conftest_speaks_last_and_for_its_folder_only(tree: Tree) -> None:
    hook = 'def pytest_karatos_qemu_args(): return ["-name", "{}"]'
    conftest(tree, hook.format("outer"))
    for folder in ("inner", "other"):
        (tree.path / folder).mkdir()
        (tree.path / folder / "conftest.py").write_text(hook.format(folder))
        (tree.path / folder / f"test_{folder}.py").write_text(ONE_TEST)
    tree.run("--arch=arm").assert_outcomes(passed=3)
    texts = [path.read_text() for path in tree.path.rglob("command.txt")]
    assert sum("-name outer -name inner" in text for text in texts) == 1
    assert sum("inner" in text and "-name other" in text for text in texts) == 0


def test_boards_see_the_settings_and_are_listed_with_their_origin(tree: Tree) -> None:
    conftest(
        tree,
        """
        def pytest_karatos_boards(settings):
            assert settings["build.builder"] == "local"
            return {"mine": {"arch": "riscv", "qemu": ("-machine", "virt", "-bios", "none")}}
        """,
    )
    result = tree.run("--karatos-settings", "--karatos-board=mine")
    result.stdout.fnmatch_lines(["boards.mine.arch = 'riscv'  # pytest_karatos_boards of conf*.py"])
    tree.run("--karatos-board=mine", "-n2").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{'m': {'arhc': 'arm'}}", "*unknown key 'arhc' in *m*. Did you mean 'arch'?*"),
        ("{'m': {'arch': 3}}", "*boards.m.arch must be a text, not 3.*"),
        ("{'m': {'arch': 'arn'}}", "*'arn'*Did you mean 'arm'?*"),
        ("{1: {}}", "*returned the key 1, which is not a string.*"),
        ("['m']", "*returned *'m'*, not a mapping of boards.*"),
        ("settings['nope']", "*raised KeyError: 'nope'*"),
    ],
)
def test_a_wrong_board_is_one_sentence_that_names_the_hook(
    tree: Tree, body: str, said: str
) -> None:
    conftest(tree, f"def pytest_karatos_boards(settings): return {body}")
    result = tree.run("--arch=arm")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest_karatos_boards of conftest.py{said}"])
    result.stderr.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("hook", "outcome"),
    [
        ("qemu_args(): return '-s'", {"errors": 1}),
        ("qemu_args(): return ['-s', 3]", {"errors": 1}),
        ("qemu_args(): raise OSError('gone')", {"errors": 1}),
        ("measurement(): return 412", {"failed": 1}),
        ("measurement(): import math; return M(name='x', value=math.nan)", {"failed": 1}),
        ("measurement(machine): machine.console.expect('never', timeout=1)", {"failed": 1}),
    ],
)
def test_a_hook_that_breaks_is_one_test_and_is_named(
    tree: Tree, hook: str, outcome: dict[str, int]
) -> None:
    imports = "from pytest_karatos import Measurement as M"
    conftest(tree, f"{imports}\ndef pytest_karatos_{hook}", f"{ONE_TEST}\ndef test_other(): pass")
    result = tree.run("--arch=arm")
    result.assert_outcomes(passed=1, **outcome)
    name = hook.partition("(")[0]
    result.stdout.fnmatch_lines([f"*pytest_karatos_{name} of conftest.py *"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_report_that_raises_loses_nothing_but_the_exit_status(tree: Tree, workers: str) -> None:
    conftest(
        tree,
        """
        def pytest_karatos_report(ledger):
            raise OSError(f"no route to {ledger['boards'][0]['board']}")
        """,
    )
    result = tree.run("--arch=arm", "--karatos-json=out.json", f"-n{workers}")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(
        [
            "lm3s6965evb (arm)*passed",
            "pytest_karatos_report of conftest.py raised OSError: no route to lm3s6965evb",
            "*why: conftest.py:2: raise OSError(*",
        ]
    )
    assert ledger_of(tree)["boards"][0]["passed"] == 1


def test_lines_of_a_report_are_printed_once_and_escaped(tree: Tree) -> None:
    conftest(tree, "def pytest_karatos_report(ledger): return ['one\\x1b[31m', 'two']")
    result = tree.run("--arch=arm", "-n2")
    result.stdout.fnmatch_lines(["one\\x1b[[]31m", "two"])
    assert result.stdout.str().count("two\n") == 1


def test_a_report_that_returns_no_lines(tree: Tree) -> None:
    conftest(tree, "def pytest_karatos_report(ledger): return 3")
    result = tree.run("--arch=arm")
    result.stdout.fnmatch_lines(
        ["pytest_karatos_report of conftest.py returned 3, not lines of text*"]
    )


def test_collecting_asks_no_hook_of_the_run(tree: Tree) -> None:
    conftest(tree, "def pytest_karatos_report(ledger): raise RuntimeError")
    result = tree.run("--arch=arm", "--collect-only")
    assert result.ret == 0
