"""Firmware and builds that print workflow commands command nothing."""

from pathlib import Path

import pytest

from tests.emulated.tiny_guest import image
from tests.plugin.tree import Tree
from tests.workflow.runner import Obeyed, obeyed

PAYLOAD = (
    "::add-mask::a",
    "   ::error file=x.c,line=1::forged",
    "x ##[add-mask]e",
    "\x1b[1m::warning::w",
    "##\x1b[0m[error]v1",
    "::stop-commands::t",
    "::endgroup::\r::notice::cr",
)
#: Each fails in another way, and the firmware's words are in the message of each.
TESTS = """
def test_expect(console):
    console.expect("no such words", timeout=5)

def test_forbid(console):
    console.forbid("add-mask")
    console.expect("the end", timeout=5)

def test_exit(machine):
    machine.console.expect("the end", timeout=5)
"""
#: And these are a user's own echoes, which pytest shows as they are.
ECHOES = """
def test_print(console):
    console.expect("the end", timeout=5)
    print(console.text)
    assert False

def test_assert(console):
    console.expect("the end", timeout=5)
    assert console.text.splitlines() == ["something else"]

def test_raise(console):
    console.expect("the end", timeout=5)
    raise RuntimeError("\\n" + console.text)
"""


@pytest.fixture
def tree(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Tree:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KARATOS_CACHE", str(pytester.path / "cache"))
    return Tree(pytester)


def _elf(tree: Tree) -> str:
    printed = "\r\n".join([*PAYLOAD, "the end", ""]).encode()
    return f"--karatos-elf=arm={image(tree.path, 'arm', ('say', printed), ('exit', 3))}"


def test_what_we_echo_is_no_command(tree: Tree) -> None:
    tree.tests(TESTS)
    result = tree.run("--arch=arm", _elf(tree), "-rA")
    result.assert_outcomes(failed=3)
    log = result.stdout.str() + result.stderr.str()
    assert "| ::add-mask::a" in log
    assert r"| x ##\x5badd-mask]e" in log
    assert obeyed(log) == []


def test_a_build_that_prints_commands_commands_nothing(tree: Tree) -> None:
    tree.tests(TESTS)
    lines = "\n".join(f"echo '{line}'" for line in PAYLOAD)
    (tree.path / "fw" / "build.sh").write_text(f"#!/bin/sh\n{lines}\nexit 1\n")
    result = tree.run("--arch=arm", "-rA")
    result.assert_outcomes(errors=3)
    log = result.stdout.str() + result.stderr.str()
    assert r"##\x5badd-mask]e" in log
    assert obeyed(log) == []


@pytest.mark.parametrize("workers", ["0", "2"])
def test_on_github_nothing_is_obeyed_but_our_annotations(
    tree: Tree, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tree.path / "summary.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tree.path.parent))
    tree.tests(TESTS + ECHOES)
    result = tree.run("--arch=arm", _elf(tree), f"-n{workers}", "-rA")
    result.assert_outcomes(failed=6)
    log = result.stdout.str()
    assert {one.name for one in obeyed(log)} == {"error"}
    files = {one.properties.get("file") for one in obeyed(log)}
    assert files == {f"{tree.path.name}/test_it.py"}
    assert 4 <= len(obeyed(log)) <= 6
    assert "forged" not in {one.message for one in obeyed(log)}
    assert "### <code>" in (tree.path / "summary.md").read_text()
    unpaused = "\n".join(line for line in log.splitlines() if "::stop-commands::" not in line)
    assert Obeyed("add-mask", {}, "e") in obeyed(unpaused)  # so the pause is what holds it


def test_commands_work_again_after_a_usage_error(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(Path("/") / "no" / "such" / "place"))
    tree.tests("def test_it(board): ...")
    for words in (["--arch=arm", "no_such_file.py"], ["--arch=arm", "-q"], ["--arch=arm", "--co"]):
        log = tree.run(*words).stdout.str()
        assert obeyed(f"{log}\n::notice::later") == [Obeyed("notice", {}, "later")]
        assert "INTERNALERROR" not in log
    log = tree.run("--arch=arm").stdout.str()
    assert "karatos: the step summary cannot be written: " in log
