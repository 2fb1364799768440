"""What an ELF shows of a firmware that cannot work, or may not, before any boot; told once."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.plugin.tree import Tree
from tests.unit.elf_builder import ALLOC, WRITE, Part, build_elf
from tests.unit.hand_made import SCHEMA

#: Prints "up" and loops: movw r0, #0xC000; movt r0, #0x4000; then each letter; b .
CODE = bytes.fromhex("4cf20000c4f20000") + bytes.fromhex("7521 0170 7021 0170 0a21 0170 fee7")
TEXT = Part(name=".text", address=0x40, data=CODE)
DATA = Part(name=".data", address=0x2000_0000, data=b"\2" * 16, flags=ALLOC | WRITE)
TESTS = """
def test_one(console):
    console.expect("up")
def test_two(console):
    console.expect("up")
"""


def vectors(stack: int = 0x2001_0000) -> Part:
    return Part(name=".vectors", data=struct.pack("<2I", stack, 0x41))


def image(tree: Tree, *parts: Part) -> Path:
    path = tree.path / "kernel"
    path.write_bytes(build_elf(*parts, machine=40))
    return path


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_may_not_work_is_a_warning_once(tree: Tree, workers: str) -> None:
    tree.tests(TESTS)
    elf = image(tree, vectors(), TEXT, replace(DATA, load_address=0x82))
    said = "the load address of '.data', 0x82 in 'flash', is not a multiple of 4"
    result = tree.run(
        *("--arch=arm", f"--karatos-elf=arm={elf}", f"-n{workers}"),
        *("--karatos-json=out.json", "--html=out.html"),
    )
    result.assert_outcomes(passed=2)
    assert str(result.stdout).count(said) == 1
    ledger = json.loads((tree.path / "out.json").read_text())
    SCHEMA.validate(ledger)
    (firmware,) = ledger["firmwares"].values()
    assert said in firmware["warnings"][0]
    assert "multiple of 4" in (tree.path / "out.html").read_text()


#: The same, but then r2 = 0x82; ldrd r0, r1, [r2]; the handler of the fault is at the end.
BREAKS = bytes.fromhex("4cf20000c4f20000 4621 0170 8222 d2e90001 fee7")


def test_what_is_to_blame_is_in_the_first_line(tree: Tree) -> None:
    tree.tests("def test_one(console):\n    console.expect('never', timeout=1)\n")
    table = Part(name=".vectors", data=struct.pack("<4I", 0x2001_0000, 0x41, 0x53, 0x53))
    text = replace(TEXT, data=BREAKS)
    elf = image(tree, table, text, replace(DATA, load_address=0x82))
    result = tree.run("--arch=arm", f"--karatos-elf=arm={elf}")
    cause = "*An unaligned load or store at 0x0000004e (HardFault): the load address of '.data', "
    cause += "0x82 in 'flash', is not a multiple of 4, as its content needs."
    result.stdout.fnmatch_lines([cause])


def test_what_cannot_work_is_an_error_before_any_boot(tree: Tree) -> None:
    tree.tests(TESTS)
    elf = image(tree, vectors(stack=0x100), TEXT)
    result = tree.run("--arch=arm", f"--karatos-elf=arm={elf}")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [
            "*the initial stack pointer, the word at 0x0, is 0x100*outside RAM*",
            "*why: the first function that pushes a register*",
            "*fix: set it to the end of RAM in the linker script*",
        ]
    )
    assert not list(tree.path.glob(".karatos/run-*/tests/*/console.log"))
