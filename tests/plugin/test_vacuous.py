"""A run about nothing is no success, and an assertion that held is watched to the test's end."""

import pytest

from tests.plugin.tree import Tree

PURE = """
import pytest

def test_one(): pass

@pytest.mark.skip
def test_boot(console): console.expect("boot")
"""
BOOTED_BY_HAND = """
def test_bench(karatos_bench):
    firmware = karatos_bench.firmware("arm")
    with karatos_bench.boot(firmware, "by hand") as machine:
        machine.console.expect("boot")
"""
STARVED_LATER = """
def test_watched(console, scheduler):
    scheduler.no_starvation("critical", "low", rounds=2)
    console.expect("pass")
"""
#: The task ``low`` seems to stop after its third round.
DIALECT = r"""
[console]
dialect = "mine"
[dialects]
mine = [
  { kind = "run", pattern = ' run task=(?P<task>critical) ' },
  { kind = "run", pattern = ' run task=(?P<task>low) n=[123]$' },
]
"""


@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_no_test_used_firmware(tree: Tree, more: tuple[str, ...]) -> None:
    tree.tests(PURE)
    result = tree.run("--arch=arm", *more)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(
        ["no test used a board: 0 firmware tests of 2 ran (1 skipped); --karatos-allow-none*"]
    )


#: What is collected for the board and comes to no firmware.
IDLE = {
    "skipped": "@pytest.mark.skip\ndef test_it(console): pass",
    "skips in the set-up": (
        "@pytest.fixture\ndef no(board): pytest.skip('no')\ndef test_it(no): pass"
    ),
    "skips with a firmware": "def test_it(firmware): pytest.skip('no')",
    "skips after a boot": "def test_it(console): console.expect('boot'); pytest.skip('no')",
    "not run": "@pytest.mark.xfail(run=False)\ndef test_it(console): pass",
    "of the board alone": "def test_it(board): assert board.name",
}


@pytest.mark.parametrize("code", IDLE.values(), ids=list(IDLE))
def test_no_test_came_to_a_firmware(tree: Tree, code: str) -> None:
    tree.tests(f"import pytest\n{code}\n")
    result = tree.run("--arch=arm")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["no test used *: 0 firmware tests of 1 ran (*"])


@pytest.mark.parametrize(
    "choice", [("-k", "nothing"), ("-m", "nothing"), ("--ignore=test_it.py",), ("-knothing", "-n2")]
)
def test_everything_was_left_out(tree: Tree, choice: tuple[str, ...]) -> None:
    tree.tests("def test_it(console): console.expect('boot')")
    assert tree.run("--arch=arm", *choice).ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("ask", ["--collect-only", "--setup-only", "--setup-plan"])
def test_what_only_shows_something_is_no_run(tree: Tree, ask: str) -> None:
    tree.tests("def test_it(console): console.expect('never')")
    result = tree.run("--arch=arm", ask)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*passed*")


@pytest.mark.parametrize("picks", ["--lf", "test_it.py::test_one"])
def test_a_part_without_firmware_is_red_too(tree: Tree, picks: str) -> None:
    tree.tests("def test_one(): assert False\ndef test_boot(console): console.expect('boot')")
    assert tree.pytester.runpytest_subprocess("--arch=arm").ret == pytest.ExitCode.TESTS_FAILED
    tree.tests("def test_one(): pass\ndef test_boot(console): console.expect('boot')")
    result = tree.pytester.runpytest_subprocess("--arch=arm", picks)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["no test used a board: 0 firmware tests of 1 ran (0 skipped)*"])


def test_it_may_be_allowed(tree: Tree) -> None:
    tree.tests(PURE)
    assert tree.run("--arch=arm", "--karatos-allow-none").ret == 0
    assert tree.run().ret == 0  # nobody asked for a board
    tree.settings("[run]\nallow_none = true\n")
    assert tree.run("--arch=arm").ret == 0


def test_a_boot_by_the_bench_is_one(tree: Tree) -> None:
    tree.tests(BOOTED_BY_HAND)
    assert tree.run("--arch=arm").ret == 0


def test_what_held_is_watched_to_the_end_of_the_test(tree: Tree) -> None:
    tree.tests(STARVED_LATER)
    tree.settings(DIALECT)
    result = tree.run("--arch=arm")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*starved: low did not run in 2 rounds of critical after console line *"]
    )
    result.stdout.fnmatch_lines(["*the console around line *", "*> @* run task=critical n=6"])
