"""What firmware prints cannot turn the text around it, wherever pytest shows it."""

import pytest

from tests.emulated.tiny_guest import image
from tests.plugin.tree import Tree

_TESTS = """
def test_printed(console):
    console.expect("up")
    print("captured", console.before, "\\x1b[1mbold\\x1b[0m")
    assert console.before == "a\\nsecond line", "told " + console.before

def test_asked(console):
    console.expect("never", timeout=0.2)

def test_by_itself(console):
    console.expect("up")
    raise ValueError(console.before)

def test_without_firmware():
    print("left \\u202ealone")
    assert False
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_no_direction_is_turned_on_the_terminal(tree: Tree, workers: str) -> None:
    turning = "x\u202edessap\u2066y".encode()
    elf = image(tree.path, "arm", ("say", turning + b"\nup\n"), ("spin",))
    tree.settings(f'[build.prebuilt]\narm = "{elf}"')
    tree.tests(_TESTS)
    shown = str(tree.run("--arch=arm", f"-n{workers}", "-vv", "-l").stdout)
    assert [line for line in shown.splitlines() if "\u202e" in line] == ["left \u202ealone"]
    assert "\u2066" not in shown
    assert shown.count(r"x\u202edessap\u2066y") >= 4
    assert "\x1b[1mbold" in shown
