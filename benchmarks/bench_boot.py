"""Hold one boot (start, a line on the console, end) against Popen of the same QEMU line.

Run it from the top of the tree: ``python -m benchmarks.bench_boot``.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.paired import compare
from pytest_karatos.board import Board
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.command import command_for_people
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from tests.emulated.tiny_guest import BOARDS, image

PAIRS = 21
LIMIT = 1.5
_READY = b"ready\n"


def raw_boot(boot: Boot) -> None:
    """Do by hand what a test would: start, read until the line is there, end, reap."""
    argv = shlex.split(command_for_people(boot))
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        seen = b""
        while _READY not in seen and process.stdout:
            seen += os.read(process.stdout.fileno(), 65536)
        process.terminate()


def our_boot(boot: Boot) -> None:
    """Do the same with a machine and its console."""
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        machine.console.expect("ready\n")


def bench(board: Board, folder: Path) -> bool:
    """Compare on one board; True when within the limit."""
    elf = image(folder, board.arch, ("say", _READY), ("spin",))
    boot = Boot(board=board, elf=elf, folder=folder / "boot")
    result = compare(
        f"boot {board.arch}",
        raw=lambda: raw_boot(boot),
        ours=lambda: our_boot(boot),
        pairs=PAIRS,
        limit=LIMIT,
    )
    print(result, flush=True)
    return result.ok


def main() -> int:
    """Return 1 when a board is over the limit."""
    with tempfile.TemporaryDirectory() as folder:
        verdicts = [bench(board, Path(folder)) for board in BOARDS.values()]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
