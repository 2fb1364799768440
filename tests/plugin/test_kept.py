"""What is left below ``.karatos`` for people, whether the firmware was built now or long ago."""

import json
from pathlib import Path

from tests.plugin.tree import Tree

TEST = """
def test_boots(console):
    console.expect("pass rounds")
"""


def kept(tree: Tree) -> Path:
    """Return the build that the latest run kept."""
    folders = [
        path
        for path in (tree.path / ".karatos/latest/builds").glob("lm3s*-debug-*")
        if path.is_dir()
    ]
    assert len(folders) == 1
    return folders[0]


def test_the_elf_that_was_tested_is_kept_with_map_log_and_origin(tree: Tree) -> None:
    script = tree.path / "fw" / "build.sh"
    script.write_text(script.read_text() + 'echo symbols > "out/$1.map"\n')
    settings = tree.path / "karatos.toml"
    settings.write_text(settings.read_text().replace("elf =", 'map = "out/*.map"\nelf ='))
    tree.tests(TEST)
    for fresh in (True, False):
        tree.run("--arch=arm").assert_outcomes(passed=1)
        folder = kept(tree)
        origin = json.loads((folder / "provenance.json").read_text())
        assert origin["provenance"]["fresh"] is fresh
        assert (folder / "firmware.elf").read_bytes() == (tree.elves / "arm.elf").read_bytes()
        assert (folder / "firmware.map").read_text() == "symbols\n"
        assert "compiling arm debug" in (folder / "build.log").read_text()
    assert tree.builds == ["arm debug"]
