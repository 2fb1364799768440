"""A small project for inner pytest runs: a build that counts itself, and real ELFs to boot."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pytest_karatos.settings import load

REPOSITORY = Path(__file__).parents[2]
_BUILD = """#!/bin/sh
# arch profile: takes the ELF that the outer run built, and counts how often it was asked.
set -e
echo "compiling $1 $2"
[ ! -e broken ] || { echo "error[E0425]: cannot find value 'ticks'"; exit 101; }
mkdir -p out
cp "$ELVES/$1.elf" "out/$1-$2.elf"
echo "$1 $2" >> "$ELVES/builds"
"""
_SETTINGS = """
[build]
source = "fw"
command = "./build.sh {arch} {profile}"
elf = "out/{arch}-{profile}.elf"
builder = "local"
[build.env]
ELVES = "%s"
"""

#: Settings of a build that leaves one ELF, with so many builds at once, and the folder of the ELFs.
SLOTS = """
[build]
source = "fw"
command = "./build.sh {arch} {profile}"
elf = "kernel.elf"
builder = "local"
timeout = 30
jobs = %d
[build.env]
ELVES = "%s"
"""


class Tree:
    """Writes the project, runs pytest in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.elves = self.path / "elves"
        self.elves.mkdir()
        (self.path / "fw").mkdir()
        (self.path / "fw" / "build.sh").write_text(_BUILD)
        (self.path / "fw" / "build.sh").chmod(0o755)
        self.settings("")
        for arch in ("arm", "riscv"):
            (self.elves / f"{arch}.elf").symlink_to(reference_elf(arch))

    def settings(self, more: str) -> None:
        """Write karatos.toml: the small build, and ``more``."""
        (self.path / "karatos.toml").write_text(_SETTINGS % self.elves + more)

    def tests(self, text: str) -> None:
        """Write the project's test file."""
        self.pytester.makepyfile(test_it=text)

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest as a user does, in a process of its own."""
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    @property
    def builds(self) -> list[str]:
        """The builds that really ran."""
        note = self.elves / "builds"
        return sorted(note.read_text().splitlines()) if note.exists() else []


# pytester gives each test a HOME of its own; cache and toolchain are below the real one.
_ENVIRON = dict(os.environ)


def outer_cache() -> Path:
    """Return the cache of the run around the inner ones, where the ELFs were built."""
    return load(root=REPOSITORY, environ=_ENVIRON, typed={}).cache


@cache
def reference_elf(arch: str, profile: str = "debug") -> Path:
    """Return the reference firmware's ELF, built at most once on this machine."""
    code = (
        "import os, sys; from pathlib import Path; from pytest_karatos import Bench\n"
        "with Bench.here(environ=os.environ, builder='local') as bench:\n"
        "    print(bench.firmware(bench.board(sys.argv[1]), sys.argv[2]).elf)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, arch, profile],
        cwd=REPOSITORY,
        env=_ENVIRON,
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(done.stdout.strip())
