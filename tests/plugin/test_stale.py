"""A user sees which change builds firmware, and which does not."""

from tests.plugin.tree import Tree

GREEN = """
def test_boot(console):
    console.expect("boot rtos=reference")
"""


def test_what_a_run_writes_builds_nothing(tree: Tree) -> None:
    tree.tests(GREEN)
    flags = (
        *("--arch=arm", "--html=fw/seen.page", "--junitxml=fw/out/verdicts"),
        *("--karatos-json=fw/facts", "--log-file=fw/said", "--karatos-artifacts=fw/kept"),
    )
    for counted in ("1 built, 0 cached", "0 built, 1 cached"):
        result = tree.run(*flags)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([counted])
    for name in ("seen.page", "out/verdicts", "facts", "said", "kept"):
        assert (tree.path / "fw" / name).exists()


def test_one_change_that_causes_many_builds_is_named(tree: Tree) -> None:
    tree.tests(GREEN)
    (tree.path / "fw" / "notes.txt").write_text("one")
    tree.run("--arch=all").assert_outcomes(passed=2)
    (tree.path / "fw" / "notes.txt").write_text("two")
    result = tree.run("--arch=all")
    result.stdout.fnmatch_lines(["2 built, 0 cached: notes.txt changed; exclude it*"])
    text = (tree.path / "karatos.toml").read_text()
    more = text.replace("[build]", '[build]\nexclude = ["*.txt"]')
    (tree.path / "karatos.toml").write_text(more)
    tree.run("--arch=all").assert_outcomes(passed=2)
    (tree.path / "fw" / "notes.txt").write_text("three")
    (tree.path / "fw" / "test_more.py").write_text("# besides the packaged patterns")
    tree.run("--arch=all").stdout.fnmatch_lines(["0 built, 2 cached"])
