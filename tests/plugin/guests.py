"""A project for inner pytest runs whose firmware are guests of a few instructions each."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulated.tiny_guest import Step, image

#: By the word of ``karatos(features=...)``; without one it is ``echo``, which says what it is told.
GUESTS: dict[str, tuple[Step, ...]] = {
    "echo": (("say", b"boot\n"), ("echo",)),
    "panics": (("say", b"boot\npanicked at src/main.rs:7\npass\n"), ("idle",)),
    "exits0": (("say", b"boot\npass\n"), ("exit", 0)),
    "exits3": (("say", b"boot\npass\n"), ("exit", 3)),
    "hangs": (("spin",),),
    "ends": (("exit", 0),),
    "resets": (("reset once",),),
    "beside": (("hosted", b"boot\n"), ("idle",)),
    "locks_up": (("say", b"boot\npass\n"), ("die",)),
}
_SETTINGS = """
[run]
arch = ["arm"]
[build]
source = "fw"
command = "f={features}; cp ${f:-echo}.elf out.elf"
elf = "out.elf"
builder = "local"
"""
#: What each test module begins with.
HEAD = """
import contextlib, threading, time, unittest
import pexpect, pytest
from pytest_karatos.errors import Forbidden, MachineEnded, NotSeen, OverBudget, Stuck

PANIC = "panicked at src/main.rs:7\\n"

def guest(name):
    return pytest.mark.karatos(features=name)

@pytest.fixture
def panicked(console):
    console.expect("boot")
    console.send(PANIC)
    return console
"""


class Guests:
    """Writes the project, runs pytest in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        folder = pytester.mkdir("fw")
        for name, steps in GUESTS.items():
            image(folder, "arm", *steps).rename(folder / f"{name}.elf")
        self.settings("")

    def settings(self, more: str) -> None:
        """Write karatos.toml: what chooses a guest, and ``more``."""
        (self.pytester.path / "karatos.toml").write_text(_SETTINGS + more)

    def tests(self, **modules: str) -> None:
        """Write test modules: their texts by their names."""
        for name, text in modules.items():
            (self.pytester.path / f"{name}.py").write_text(HEAD + text)

    def run(self, *arguments: str) -> tuple[pytest.RunResult, dict[str, Any]]:
        """Run pytest as a user does; return what it said, and the ledger's tests by their names."""
        place = Path("ledger.json")
        result = self.pytester.runpytest_subprocess(
            "-p", "no:cacheprovider", f"--karatos-json={place}", *arguments
        )
        tests = json.loads(place.read_text())["tests"]
        return result, {test["test"].rpartition("::")[2]: test for test in tests}
