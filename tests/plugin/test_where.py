"""Where the firmware was, in every report of a failure that had a machine."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.emulated.debugging import LINES, crash_image, marked
from tests.plugin.tree import Tree
from tests.unit.hand_made import SCHEMA

TESTS = """
import pytest

def test_wait(console):
    console.expect("never", timeout=1)

def test_assert(machine):
    machine.console.expect("F")
    machine.run_for(0.01)
    assert 1 == 2

@pytest.fixture
def ready(machine):
    machine.console.expect("never", timeout=1)

def test_set_up(ready): ...

def test_by_hand(karatos_bench, board):
    with karatos_bench.boot(board) as machine:
        machine.console.expect("F")
        machine.run_for(0.01)
        raise RuntimeError("by hand")
"""
CAUSE = {
    "arm": "unaligned load or store in crash::arch::load",
    "riscv": "load where nothing answers, or is not allowed in crash::arch::load",
}


@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_every_report_has_it(tree: Tree, arch: str) -> None:
    image = crash_image(tree.path, arch, "load", LINES)
    tree.tests(TESTS)
    result = tree.run(
        f"--karatos-elf={arch}={image}",
        *(f"--arch={arch}", "--karatos-json=out.json", "--junit-xml=out.xml", "--html=out.html"),
    )
    place = f"crash::breaks, crash.rs:{marked('BROKEN HERE: load')}"
    for name in ("test_wait", "test_assert", "test_set_up"):
        result.stdout.re_match_lines([rf".*{name}\[{arch}\] - .*"])
    ledger = json.loads((tree.path / "out.json").read_text())
    SCHEMA.validate(ledger)
    found = {test["test"].rpartition("::")[2]: test for test in ledger["tests"]}
    for name in ("test_wait", "test_assert", "test_set_up"):
        assert CAUSE[arch] in found[name]["message"], name
        assert place in found[name]["message"]
        where = found[name]["boots"][-1]["where"]
        assert (Path(where["file"]).name, where["cores"][0]["fault"][:5]) == (
            "crash.rs",
            {"arm": "HardF", "riscv": "trap "}[arch],
        )
    assert CAUSE[arch] in found["test_by_hand"]["details"]
    junit = ET.parse(tree.path / "out.xml").getroot().iter("failure")  # noqa: S314 - ours
    assert sum(place in (one.text or "") for one in junit) >= 3
    assert CAUSE[arch] in (tree.path / "out.html").read_text()
