"""What must never be green, as a user sees it: each is red, for its own cause, and soon.

One run of pytest with a board for each; the fault images are in tests/emulated/test_faults.py.
"""

import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.emulated.tiny_guest import Step, image
from tests.plugin.tree import Tree, reference_elf

#: No cause takes longer to be named, on a loaded machine; each wait may take 60 s.
SOON_SECONDS = 20.0
WAIT = "console.expect('pass', timeout=60)"
KILL = "os.kill(machine._handle.pid, 9)"
PASS: Step = ("say", b"pass rounds=10\n")
PANIC = b"panicked at src/main.rs:7:1:\n"
MACHINES = {
    "arm": """arch = "arm"
qemu = ["-machine", "lm3s6965evb", "-cpu", "cortex-m3"]
semihosting = true
regions.flash = { start = 0x0, size = "%s" }
regions.ram = { start = 0x2000_0000, size = "64 KiB" }""",
    "riscv": """arch = "riscv"
qemu = ["-machine", "virt", "-cpu", "rv32", "-bios", "none"]
regions.ram = { start = 0x8000_0000, size = "%s" }""",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A board that must be red: ``elf`` makes its image out of the good one, ``body`` tests it."""

    name: str
    said: str
    body: str = WAIT
    outcome: str = "failed"
    elf: Callable[[bytes], bytes] = bytes
    emulator: str = ""
    memory: str = "256 KiB"


def for_another_machine(good: bytes) -> bytes:
    machine = {40: 243, 243: 40}[struct.unpack_from("<H", good, 18)[0]]
    return good[:18] + struct.pack("<H", machine) + good[20:]


#: Of an image that is good, in each profile.
OF_A_GOOD_ONE = [
    Case(
        name="garbage",
        elf=lambda good: good[::-1],
        outcome="error",
        said=r"is not an ELF: it begins with",
    ),
    Case(
        name="empty",
        elf=lambda _good: b"",
        outcome="error",
        said=r"is empty, so there is nothing to boot",
    ),
    Case(
        name="cut-off",
        elf=lambda good: good[: len(good) // 2],
        outcome="error",
        said=r"is truncated: .* ends at byte|is a broken ELF: its headers do not hold together",
    ),
    Case(
        name="cut-in-the-header",
        elf=lambda good: good[:40],
        outcome="error",
        said=r"is a broken ELF: its headers do not hold together|is truncated",
    ),
    Case(
        name="wrong-machine",
        elf=for_another_machine,
        outcome="error",
        said=r"is for (ARM|RISC-V), but board '.*' \((arm|riscv)\) needs",
    ),
    Case(name="emulator-exits-0", emulator="exit 0", outcome="error", said=r"QEMU did not start"),
    Case(
        name="emulator-prints-pass",
        emulator="echo pass rounds=10; echo pass rounds=10 >&2; exit 0",
        outcome="error",
        said=r"QEMU did not start",
    ),
    Case(
        name="emulator-writes-pass-to-the-console",
        # Its argument names the pipe whose other end is the console.
        emulator='for one in "$@"; do case "$one" in pipe,id=karatos-console,path=*) '
        'echo pass rounds=10 > "${one##*path=}.out";; esac; done; exit 0',
        outcome="error",
        said=r"QEMU did not start",
    ),
    Case(
        name="a-byte-over",
        body="size = firmware.sizes.flash_bytes; budget.check(firmware, flash=size); "
        "budget.check(firmware, flash=size - 1)",
        said=r"flash .* is over its .* budget by 1 B",
    ),
    Case(
        name="more-than-the-chip",
        memory="4 KiB",
        outcome="error",
        said=r"outside the memory|does not fit|more than|bytes? over|B over",
    ),
]

#: Of a few instructions each: the same in each profile.
TINY: dict[str, tuple[list[Step], str, str]] = {
    "forged-by-a-panic": (
        [("say", b"panicked at 'pass rounds=10', src/main.rs:1\n"), ("exit", 0)],
        WAIT,
        "panicked at 'pass rounds=10'",
    ),
    "panic-before-pass": ([("say", PANIC), PASS, ("exit", 0)], WAIT, "panicked at"),
    "panic-behind-pass": ([PASS, ("say", PANIC), ("exit", 0)], WAIT, "panicked at"),
    "panic-long-behind-pass": (
        [PASS, ("delay", 100_000), ("say", PANIC), ("spin",)],
        WAIT,
        "panicked at",
    ),
    "cut-off-panic": ([PASS, ("say", PANIC[:20]), ("exit", 0)], WAIT, "panicked at"),
    "exit-after-pass": ([PASS, ("exit", 3)], WAIT, "exit status 3"),
    "exit-0-without-pass": ([("say", b"up\n"), ("exit", 0)], WAIT, "ended with exit status 0"),
    "killed-in-a-wait": (
        [PASS, ("spin",)],
        f"{WAIT}; {KILL}; console.expect('never', timeout=60)",
        "killed by signal 9",
    ),
    "killed-and-waited-for": ([PASS, ("spin",)], f"{WAIT}; {KILL}; machine.wait()", "signal 9"),
    "killed-and-that-is-expected": (
        [PASS, ("spin",)],
        f"{WAIT}; {KILL}; assert machine.wait() == -9",
        "signal 9",
    ),
    "silent": (
        [("spin",)],
        "console.forbid('ERROR'); machine.settle(0.2); console.check()",
        "said nothing on any of its streams",
    ),
    "killed-behind-the-test": ([PASS, ("spin",)], f"{WAIT}; {KILL}", "signal 9|status -9"),
    "never-says-it": ([("say", b"up\n"), ("spin",)], "console.expect('pass', timeout=1)", "within"),
}


def rows(arch: str) -> Iterator[tuple[str, Case, bytes]]:
    """Name each board of ``arch``, and what it boots."""
    for profile in ("debug", "release"):
        good = reference_elf(arch, profile).read_bytes()
        for case in OF_A_GOOD_ONE:
            yield f"{arch}-{profile}-{case.name}", case, case.elf(good)


def tiny_rows(arch: str, folder: Path) -> Iterator[tuple[str, Case, bytes]]:
    for name, (steps, body, said) in TINY.items():
        case = Case(name=name, body=body, said=said)
        yield f"{arch}-tiny-{name}", case, image(folder, arch, *steps).read_bytes()


HEAD = "import os, pytest\n"
TEST = """
@pytest.mark.karatos(board="{board}")
def test_{word}(machine, console, firmware, budget):
    {body}
"""


def written(tree: Tree, boards: list[tuple[str, Case, bytes]]) -> list[str]:
    """Write settings, ELFs and tests; return the flags that name the ELFs."""
    settings, tests = [], [HEAD]
    for board, case, elf in boards:
        (tree.elves / board).write_bytes(elf)
        machine = MACHINES[board.partition("-")[0]] % case.memory
        settings.append(f"[boards.{board}]\n{machine}")
        if case.emulator:
            program = tree.elves / f"{board}.sh"
            program.write_text(f"#!/bin/sh\n{case.emulator}\n")
            program.chmod(0o755)
            settings.append(f'emulator = "{program}"')
        tests.append(TEST.format(board=board, word=board.replace("-", "_"), body=case.body))
    tree.settings("\n" + "\n".join(settings))
    tree.tests("".join(tests))
    return [f"--karatos-elf={board}={tree.elves / board}" for board, _, _ in boards]


@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_each_is_red_for_its_cause_and_soon(arch: str, tree: Tree) -> None:
    boards = [*rows(arch), *tiny_rows(arch, tree.path)]
    flags = written(tree, boards)
    chosen = ",".join(board for board, _, _ in boards)
    run = tree.run(f"--karatos-board={chosen}", "--karatos-json=l.json", "-n", "2", *flags)
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    told = {one["board"]: one for one in json.loads((tree.path / "l.json").read_text())["tests"]}
    wrong = []
    for board, case, _ in boards:
        one = told[board]
        right = one["outcome"] == case.outcome and re.search(case.said, one["message"])
        if not right or one["seconds"] > SOON_SECONDS:
            wrong.append((board, one["outcome"], one["seconds"], one["message"]))
    assert not wrong
