"""Boot known guests a thousand times, and one that prints without end, and look at what it costs.

Run it from the top of the tree: ``python -m benchmarks.soak_boots [BOOTS [GIGABYTES]]``. Each
boot of a guest whose timer interrupts its words must print the same bytes; every tenth is looked
at ten times on the way. Neither memory nor descriptors may grow, and no folder may be left. A flood
must be told in bounded time, memory and disk. Exit status 1 when one of that was not so.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import Flooded
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.debugging import crash_image
from tests.emulated.tiny_guest import BOARDS, image
from tests.emulated.undisturbed import CHATTER, said

_BOOTS, _GIGABYTES = 1000, 1.0
#: Boots before the first look at what is held, and what may come to it after: caches are warm then.
_WARM, _MORE_MIB, _MORE_DESCRIPTORS = 20, 16.0, 4
#: Bytes of a flood that are let through before it is one, host seconds that it may take for each
#: gigabyte, and what may be on the disk for each byte that was let through.
_LET_THROUGH, _SECONDS, _ON_DISK = 64 * 1024**2, 600.0, 1.5
_MIB = 1024**2


def held() -> tuple[float, int]:
    """Return what this process holds: MiB of memory, and open files."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / _MIB, len(list(Path("/proc/self/fd").iterdir()))


def left_in(folder: Path) -> list[str]:
    """List what is left of boots in the place for temporary files."""
    return [one.name for one in folder.glob("karatos-*")]


def boots(board: Board, times: int, folder: Path) -> Iterator[tuple[bytes, float, int]]:
    """Boot so many times; give what was printed, and what is held then."""
    elf = crash_image(folder, board.arch, "chatter", CHATTER)
    for number in range(times):
        place = folder / str(number)
        boot = Boot(board=board, elf=elf, folder=place)
        printed, _ = said(boot, HostLauncher(), looks=0 if number % 10 else 10)
        shutil.rmtree(place)
        yield printed, *held()


def soak(arch: str, times: int, folder: Path) -> bool:
    """Say what became of so many boots; False when something was not as it must be."""
    outputs: Counter[int] = Counter()
    memory, files = list[float](), list[int]()
    for printed, mib, descriptors in boots(BOARDS[arch], times, folder):
        outputs[hash(printed)] += 1
        memory.append(mib)
        files.append(descriptors)
    warm = min(_WARM, times - 1)
    more = (memory[-1] - memory[warm], files[-1] - files[warm])
    good = len(outputs) == 1 and more[0] < _MORE_MIB and more[1] < _MORE_DESCRIPTORS
    good &= not left_in(folder / "tmp")
    print(
        f"{arch}: {times} boots, {len(outputs)} transcript(s); memory {memory[warm]:.0f} MiB after "
        f"{warm}, {memory[-1]:.0f} MiB at the end; descriptors {files[warm]}, {files[-1]} "
        f"| {'ok' if good else 'WRONG'} (load {os.getloadavg()[0]:.0f})",
        flush=True,
    )
    return good


def flood(gigabytes: float, folder: Path) -> bool:
    """Let a guest print without end, and take so much of it; False when that costs too much."""
    total = int(gigabytes * 1024**3)
    rules = WatchRules(total_bytes=total, line_bytes=1 << 20, silence_seconds=600, repeats=1 << 30)
    elf = image(folder, "arm", ("say", b"0123456789abcdef0123456789abcde\n"), ("again", 0))
    boot = Boot(board=BOARDS["arm"], elf=elf, folder=folder / "flood", rules=rules)
    before, began, told = held()[0], time.monotonic(), ""
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        try:
            machine.console.expect("never", timeout=_SECONDS * max(1.0, gigabytes) * 5)
        except Flooded as error:
            told = str(error).partition("\n")[0]
    took, more = time.monotonic() - began, held()[0] - before
    disk = sum(one.stat().st_size for one in (folder / "flood").rglob("*") if one.is_file())
    good = bool(told) and more < 8 * _MORE_MIB and disk < total * _ON_DISK + _LET_THROUGH
    print(
        f"flood of {total / 1e6:.0f} MB: {told or 'not told'} after {took:.0f} s; {more:.0f} MiB "
        f"more memory, {disk / 1e6:.0f} MB on disk | {'ok' if good else 'WRONG'}",
        flush=True,
    )
    return good


def main(argv: list[str]) -> int:
    """Return 1 when something was not as it must be."""
    times = int(argv[1]) if len(argv) > 1 else _BOOTS
    gigabytes = float(argv[2]) if len(argv) > 2 else _GIGABYTES  # noqa: PLR2004 - the second word
    good = True
    for arch in BOARDS:
        with tempfile.TemporaryDirectory(prefix="soak-") as name:
            (Path(name) / "tmp").mkdir()
            tempfile.tempdir = str(Path(name) / "tmp")
            good &= soak(arch, times, Path(name))
            tempfile.tempdir = None
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        good &= flood(gigabytes, Path(name))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
