"""Hold a wait over 32 MB of serial output that never matches against reading the raw pipe.

Two sources: QEMU itself (what a test meets; held to the limit), and a process that writes as fast
as a pipe takes it (what the console could bear; shown, not judged). Memory must stay flat: each
side runs in a process of its own, and its peak is printed.
Run it from the top of the tree: ``python -m benchmarks.bench_serial [MB] [PAIRS]``; QEMU makes
about 1 MB/s, so a pair over 32 MB takes a minute a board.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

from benchmarks.paired import compare
from pytest_karatos.board import Board
from pytest_karatos.console import Console, NamedPipes, Pump
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.command import command_for_people
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import Flooded
from pytest_karatos.settings import load
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.tiny_guest import BOARDS, image

LIMIT = 1.3
#: By how much four times the output may raise a process's peak memory, in KiB.
MEMORY_LIMIT = 1024
_TEXT = b"".join(
    b"[%05d] the quick brown fox jumps over the lazy dog, and again\n" % n for n in range(40)
)
_NEVER = r"Statistics: (\d+) rounds"
_FAULTS = ("panicked", "HardFault", "assertion failed", "stack overflow")


def rules_for(size: int) -> WatchRules:
    """Watch as a test would, with ``size`` bytes as the cap that ends the wait."""
    known = load(root=Path("/nowhere"), environ={}, typed={}).boards[0].watch.known
    return WatchRules(
        faults=_FAULTS, known_faults=known, total_bytes=size, repeats=10**9, restarts=10**9
    )


def raw_qemu(boot: Boot, size: int) -> None:
    """Read ``size`` bytes of QEMU's serial line from a plain pipe."""
    argv = shlex.split(command_for_people(boot))
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout  # noqa: S101 - it was asked for
        read_raw(process.stdout.fileno(), size)
        process.kill()


def read_raw(descriptor: int, size: int) -> None:
    """Read ``size`` bytes and look at none."""
    while size > 0:
        size -= len(os.read(descriptor, 65536))


def our_qemu(boot: Boot, size: int) -> None:
    """Wait on the same machine's console for a text that never comes."""
    del size  # it is the cap in the boot's rules
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        try:
            machine.console.expect(_NEVER, timeout=600)
        except Flooded:
            return
    raise AssertionError("the flood had no end")


_WRITER = """
import os, sys
data = (b"x" * 79 + b"\\n") * 800
for _ in range(int(sys.argv[1]) // len(data) + 1):
    os.write(1, data)
"""


def writer(size: int, out: int) -> "subprocess.Popen[bytes]":
    """Start a process that writes ``size`` bytes as fast as it can."""
    return subprocess.Popen([sys.executable, "-c", _WRITER, str(size)], stdout=out)


def raw_pipe(size: int) -> None:
    """Read what the writer writes."""
    reader, out = os.pipe()
    with writer(size, out) as process:
        os.close(out)
        while os.read(reader, 65536):
            pass
        process.wait()
    os.close(reader)


def our_pipe(folder: Path, size: int) -> None:
    """Wait on the console for what the writer never writes."""
    line = NamedPipes(folder / f"line-{time.monotonic_ns()}")
    pump = Pump(line, folder / "console.log", limit_bytes=2 * size)
    console = Console(pump, rules=rules_for(2 * size), timeout=600)
    out = os.open(f"{line.path}.out", os.O_WRONLY)
    with writer(size, out):
        os.close(out)
        console.expect([_NEVER, pexpect.EOF])
    console.close()
    pump.forget()


def bench_qemu(board: Board, folder: Path, size: int, pairs: int) -> bool:
    """Compare on one board."""
    elf = image(folder, board.arch, ("say", _TEXT), ("again", 0))
    boot = Boot(board=board, elf=elf, folder=folder / "boot", rules=rules_for(size))
    result = compare(
        f"{size / 1e6:g} MB of serial, {board.arch}",
        raw=lambda: raw_qemu(boot, size),
        ours=lambda: our_qemu(boot, size),
        pairs=pairs,
        limit=LIMIT,
    )
    print(result, flush=True)
    return result.ok


def bench_pipe(folder: Path, size: int) -> None:
    """Show the ratio against a pipe at full speed."""
    result = compare(
        f"{size / 1e6:g} MB at full speed (for information)",
        raw=lambda: raw_pipe(size),
        ours=lambda: our_pipe(folder, size),
        pairs=5,
        limit=float("inf"),
    )
    print(result, flush=True)


def peak_kib(action: Callable[[], object]) -> int:
    """Run ``action`` in a child of its own and return that child's peak memory in KiB."""
    reader, out = os.pipe()
    child = os.fork()
    if not child:
        action()
        status = Path("/proc/self/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        os.write(out, json.dumps(int(peak.split()[1])).encode())
        os._exit(0)
    os.close(out)
    os.waitpid(child, 0)
    with open(reader, "rb") as pipe:  # noqa: PTH123 - a descriptor
        return int(json.loads(pipe.read()))


def bench_memory(folder: Path, size: int) -> bool:
    """Hold the peak after ``size`` bytes against the peak after a quarter of it."""
    small = peak_kib(lambda: our_pipe(folder, size // 4))
    large = peak_kib(lambda: our_pipe(folder, size))
    ok = large - small <= MEMORY_LIMIT
    print(
        f"memory: {small} KiB after {size / 4e6:g} MB, {large} KiB after {size / 1e6:g} MB: "
        f"{'flat' if ok else 'NOT FLAT'}",
        flush=True,
    )
    return ok


def main(argv: list[str]) -> int:
    """Return 1 when something is over its limit."""
    size = int(float(argv[1]) * 1e6) if len(argv) > 1 else 32_000_000
    pairs = int(argv[2]) if len(argv) > 2 else 1  # noqa: PLR2004 - two optional words
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        verdicts = [bench_memory(folder, size)]
        bench_pipe(folder, size)
        verdicts += [bench_qemu(board, folder, size, pairs) for board in BOARDS.values()]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
