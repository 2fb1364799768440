"""Images that a timer breaks at one instruction, of ``race/race.rs``, and a project of them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.builders.host import managed_toolchain

_RACE = Path(__file__).parent / "race"
#: Asked when this is imported: pytester gives each test a HOME of its own.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pytest-karatos"
TARGETS = {"arm": "thumbv7m-none-eabi", "riscv": "riscv32imac-unknown-none-elf"}
_SETTINGS = """
[run]
arch = ["arm", "riscv"]
[build]
source = "fw"
command = "cp {features}-{arch}.elf out.elf"
elf = "out.elf"
builder = "local"
trace = false
"""


def race_image(folder: Path, arch: str, case: str, *, mended: bool = False) -> Path:
    """Compile the image that breaks in the way of ``case``, or its mended twin."""
    elf = folder / f"{case}{'-mended' if mended else ''}-{arch}.elf"
    subprocess.run(
        [
            *(managed_toolchain(_CACHE) / "bin" / "rustc", "--edition=2021", "--crate-type=bin"),
            *("--target", TARGETS[arch], "-Cpanic=abort", f"-Clink-arg=-T{_RACE / arch}.x"),
            *("-Copt-level=s", "-Cdebuginfo=1", f'--cfg=case="{case}"', "-Awarnings"),
            *(["--cfg=mended"] if mended else []),
            *("-o", elf, _RACE / "race.rs"),
        ],
        check=True,
    )
    return elf


class Races:
    """Writes the project of one test, and runs pytest in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.folder = pytester.mkdir("fw")
        (pytester.path / "karatos.toml").write_text(_SETTINGS)

    def explore(self, arch: str, case: str, *arguments: str, at: str) -> dict[str, Any]:
        """Explore ``at`` of the image, and of its mended twin; return the ledger's tests."""
        for mended in (False, True):
            race_image(self.folder, arch, case, mended=mended)
        (self.pytester.path / "test_it.py").write_text(
            f"""
import pytest

@pytest.mark.karatos(features="{case}")
@pytest.mark.karatos_explore({at})
def test_wrong(machine):
    assert machine.wait(20) == 0

@pytest.mark.karatos(features="{case}-mended")
@pytest.mark.karatos_explore({at})
def test_mended(machine):
    assert machine.wait(20) == 0
"""
        )
        return self.run(f"--arch={arch}", *arguments)

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run pytest as a user does, and return the ledger's tests by their names."""
        self.result = self.pytester.runpytest_subprocess(
            "-p", "no:cacheprovider", "--karatos-json=ledger.json", *arguments
        )
        ledger = json.loads((self.pytester.path / "ledger.json").read_text())
        return {one["id"].rpartition("::")[2]: one for one in ledger["tests"]}
