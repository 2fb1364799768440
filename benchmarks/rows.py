"""The same row of tests in each of the ways that a user has: what is run, in a folder of its own.

Each test boots a firmware that prints ``ready`` and then runs on, or exits. Raw QEMU is run to the
guest moment up to which pytest-karatos judges: 100 guest milliseconds after that line, or the end.
The other two stop at the line.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.choices import CONTAINER, HOST
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.command import command_for_people
from tests.emulated.tiny_guest import BOARDS, Step, image

RUNS_ON, EXITS = "runs on", "exits"
#: Loops of a ``delay`` step in 100 guest milliseconds: an instruction takes 32 ns.
_SETTLES = 1_000_000
_STEPS: Mapping[str, tuple[Step, ...]] = {
    RUNS_ON: (("say", b"ready\n"), ("delay", _SETTLES), ("say", b"later\n"), ("spin",)),
    EXITS: (("say", b"ready\n"), ("exit", 0)),
}
_LAST = {RUNS_ON: b"later\n", EXITS: b"ready\n"}
#: What a caller runs under must not reach the rows, which would join as a worker, and each way has
#: the plugins that it needs.
_ENVIRON = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "PYTHONDONTWRITE"))
    },
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}

_SETTINGS = """
[run]
arch = ["arm"]
[build]
source = "."
builder = "{builder}"
[build.prebuilt]
arm = "arm.elf"
[emulator]
launcher = "{launcher}"
"""
_OURS = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_row(console, number):
    console.expect("ready\\n")
"""
_PEXPECT = """
import pexpect, pytest

@pytest.fixture
def console():
    child = pexpect.spawn({program}, {arguments}, timeout=30, echo=False)
    yield child
    child.close(force=True)

@pytest.mark.parametrize("number", range({count}))
def test_row(console, number):
    console.expect("ready\\r?\\n")
"""
_EMBEDDED = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_row(dut, number):
    dut.expect("ready\\r?\\n")
"""
#: pytest-embedded always adds a flash drive, which these boards do not have.
_WITHOUT_DRIVE = """#!/bin/sh
cut=$#
for one; do cut=$((cut-1)); [ $cut -lt 2 ] || set -- "$@" "$one"; shift; done
exec {program} "$@"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """So many tests of one kind of firmware, by so many workers (0: in pytest's own process)."""

    kind: str
    count: int
    workers: int = 0


class Rows:
    """Makes a row's project below ``folder`` and runs it, by a ``python`` that has all of them."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder = folder
        self._python = python

    def _place(self, way: str, row: Row) -> Path:
        place = self._folder / f"{way}-{row.kind.replace(' ', '-')}-{row.count}"
        place.mkdir(exist_ok=True)
        return place

    def _argv(self, place: Path, row: Row) -> list[str]:
        board = BOARDS["arm"]
        elf = place / f"{board.arch}.elf"
        if not elf.exists():
            image(place, board.arch, *_STEPS[row.kind])
        return shlex.split(command_for_people(Boot(board=board, elf=elf, folder=place)))

    def raw(self, row: Row) -> None:
        """Run QEMU so many times, by as many threads as the others have workers."""
        argv = self._argv(self._place("raw", row), row)
        with ThreadPoolExecutor(max(1, row.workers)) as threads:
            for _ in threads.map(lambda _: _raw(argv, row.kind), range(row.count)):
                pass

    def ours(self, row: Row) -> None:
        """Run pytest-karatos."""
        self._karatos("ours", row, builder="prebuilt", launcher=HOST)

    def in_container(self, row: Row) -> None:
        """Run pytest-karatos with its machines in a container of the builder image."""
        self._karatos("container", row, builder=CONTAINER, launcher=CONTAINER)

    def _karatos(self, way: str, row: Row, **where: str) -> None:
        place = self._place(way, row)
        self._argv(place, row)
        (place / "karatos.toml").write_text(_SETTINGS.format(**where))
        self._pytest(place, row, _OURS, "-p", "pytest_karatos.plugin")

    def pexpect(self, row: Row) -> None:
        """Run a fixture as most people write it."""
        place = self._place("pexpect", row)
        program, *arguments = self._argv(place, row)
        text = _PEXPECT.replace("{program}", repr(program)).replace("{arguments}", repr(arguments))
        self._pytest(place, row, text)

    def embedded(self, row: Row) -> None:
        """Run pytest-embedded with its service for QEMU."""
        place = self._place("embedded", row)
        program, *arguments = self._argv(place, row)
        wrapper = place / "qemu"
        wrapper.write_text(_WITHOUT_DRIVE.format(program=program))
        wrapper.chmod(0o755)
        flags = [
            *("--embedded-services", "qemu", "--qemu-prog-path", str(wrapper)),
            *("--qemu-image-path", str(place / "arm.elf")),
            f"--qemu-cli-args={shlex.join(arguments)}",
        ]
        self._pytest(place, row, _EMBEDDED, "-p", "pytest_embedded.plugin", *flags)

    def _pytest(self, place: Path, row: Row, text: str, *flags: str) -> None:
        (place / "test_row.py").write_text(text.replace("{count}", str(row.count)))
        (place / "pytest.ini").write_text("[pytest]\n")
        argv = [str(self._python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags]
        argv += ["-p", "xdist.plugin", "-n", str(row.workers)] if row.workers else []
        done = subprocess.run(
            argv, cwd=place, env=_ENVIRON, check=False, capture_output=True, text=True
        )
        if f"{row.count} passed" not in done.stdout:
            raise RuntimeError(f"{shlex.join(argv)} in {place}:\n{done.stdout}{done.stderr}")


def _raw(argv: list[str], kind: str) -> None:
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        seen = b""
        while _LAST[kind] not in seen and process.stdout:
            seen += os.read(process.stdout.fileno(), 65536)
        if kind == RUNS_ON:
            process.terminate()
