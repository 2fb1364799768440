"""A tree of several binaries as its user sees it: ids, one red of many, one row for all."""

from pathlib import Path

import pytest

from tests.emulated.tiny_guest import image
from tests.integration.test_firmwares import BUILD
from tests.plugin.tree import Tree

SETTINGS = """\
[run]
arch = ["riscv"]
[build]
source = "fw"
builder = "local"
exclude = ["*.txt"]
env = { COUNT = "%s" }
[firmware.apps]
command = "./build.sh"
elf = "out/{binary}.elf"
expected = "expected/{binary}.txt"
[firmware.twin]
command = "./build.sh"
elf = "out/idle.elf"
"""
TEST = """
import pytest

@pytest.mark.karatos(firmware="apps")
def test_prints(console, expected_output):
    console.expect("\\n")
    assert console.before + "\\n" == expected_output
"""


def app(fw: Path, name: str) -> None:
    image(fw, "riscv", ("say", f"{name}\n".encode() * (1 + len(name)))).rename(
        fw / "apps" / f"{name}.app"
    )


@pytest.fixture
def fw(tree: Tree) -> Path:
    fw = tree.path / "fw"
    for folder in ("apps", "expected"):
        (fw / folder).mkdir()
    for name in ("idle", "init", "longer"):
        app(fw, name)
        (fw / "expected" / f"{name}.txt").write_text(f"{name}\n")
    (fw / "build.sh").write_text(BUILD)
    (tree.path / "karatos.toml").write_text(SETTINGS % (tree.path / "count"))
    tree.tests(TEST)
    return fw


def test_one_build_one_red_one_row(tree: Tree, fw: Path) -> None:
    result = tree.run("-v", "--html=page.html")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*test_prints?riscv-apps-idle? PASSED*",
            "*test_prints?riscv-apps-longer? PASSED*",
            "virt (riscv) * 3 of 3 passed * to * B (apps/longer)*",
            "1 built, 0 cached (3 binaries)",
        ]
    )
    page = (tree.path / "page.html").read_text()
    assert "(apps/longer)" in page
    assert "test_prints[apps-idle]" in page
    (fw / "expected" / "idle.txt").write_text("other\n")
    result = tree.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["0 built, 1 cached (3 binaries)", "FAILED *test_prints?riscv-apps-idle?*"]
    )
    (fw / "expected" / "idle.txt").write_text("idle\n")
    (fw / "apps" / "init.app").write_text("broken")
    result = tree.run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*'init' did not come out of a build that failed*"])


def test_the_words_of_marker_and_flags(tree: Tree, fw: Path) -> None:
    tree.tests(
        TEST
        + """
@pytest.mark.karatos(firmware="apps", binary="i*")
def test_some(firmware):
    assert firmware.binary in {"idle", "init"}

@pytest.mark.karatos(firmware="twin")
def test_twin(console):
    console.expect("idle")

def test_each(firmware):
    assert firmware.name in {"apps", "twin"}
"""
    )
    chosen = tree.run("-v", "--karatos-firmware=apps", "--karatos-binary=i*", "-n2")
    chosen.assert_outcomes(passed=6)
    chosen.stdout.fnmatch_lines(["1 built, 0 cached (2 binaries)"])
    (fw / "apps" / "init.app").write_text("broken")
    unseen = tree.run("--karatos-firmware=apps", "--karatos-binary=idle")
    assert unseen.ret == 4
    unseen.stdout.fnmatch_lines(["building 'riscv debug apps' failed, and no test is red for it*"])
