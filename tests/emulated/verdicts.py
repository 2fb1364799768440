"""Firmwares whose verdict is known, and what may happen on the host while it is found.

Each case is told by what a user would write; its verdict is "passed" or the name of the error. It
must be the same whatever the host does.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot, Machine
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import KaratosError
from pytest_karatos.exit_check import judge
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.booting import pid_of
from tests.emulated.tiny_guest import BOARDS, Step, image

#: Loops of a ``delay`` step in a guest millisecond: an instruction takes 32 ns.
LOOPS_A_MILLISECOND = 10_000
PASSED = "passed"
_RULES = WatchRules(faults=("panicked",), silence_seconds=1.0)


def _says(*words: bytes) -> Callable[[Machine], None]:
    def body(machine: Machine) -> None:
        for word in words:
            machine.console.expect_exact(word.decode())

    return body


def _gives_up(machine: Machine) -> None:
    machine.console.expect("never", timeout=0.5)


def _computes(machine: Machine) -> None:
    machine.console.expect("work\n")
    machine.console.expect("done\n", timeout=60)


def _types(machine: Machine) -> None:
    machine.console.expect_exact("> ")
    machine.run_for(0.05)
    machine.console.sendline("ls")
    machine.console.expect("ls\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A guest's steps, what a test does with it, and the one verdict."""

    name: str
    verdict: str
    steps: tuple[Step, ...]
    body: Callable[[Machine], None]


def delay(milliseconds: float) -> Step:
    """Compute for so many guest milliseconds without a word."""
    return ("delay", int(milliseconds * LOOPS_A_MILLISECOND))


def _late_panic(milliseconds: int) -> Case:
    steps = (("say", b"pass\n"), delay(milliseconds), ("say", b"panicked at x\n"), ("spin",))
    name = f"a panic {milliseconds} ms after the last line"
    return Case(name=name, verdict="Forbidden", steps=steps, body=_says(b"pass\n"))


_BOOT: Step = ("say", b"boot\n")
RED = (
    *map(_late_panic, (1, 10, 50, 90)),
    Case(name="silent for ever", verdict="Stuck", steps=(_BOOT, ("spin",)), body=_says(b"never")),
    Case(name="idles for ever", verdict="Stuck", steps=(_BOOT, ("idle",)), body=_says(b"never")),
    Case(name="never says it", verdict="NotSeen", steps=(_BOOT, ("spin",)), body=_gives_up),
    Case(
        name="exits with 3 after a while",
        verdict="WrongExit",
        steps=(_BOOT, delay(60), ("exit", 3)),
        body=_says(b"boot\n"),
    ),
    Case(
        name="ends before it says it",
        verdict="MachineEnded",
        steps=(_BOOT, delay(20), ("exit", 0)),
        body=_says(b"never"),
    ),
)
#: Silent computing lasts long enough to be silence in both clocks, were it not for the timeout.
HEALTHY = (
    Case(
        name="computes 8 s in silence",
        verdict=PASSED,
        steps=(("say", b"work\n"), delay(8000), ("say", b"done\n"), ("spin",)),
        body=_computes,
    ),
    Case(
        name="a prompt, a pause, then computing",
        verdict=PASSED,
        steps=(("say", b"> "), delay(300), ("say", b"work\n"), delay(600), ("say", b"done\n")),
        body=_says(b"> ", b"work\n", b"done\n"),
    ),
    Case(
        name="a shell at its prompt", verdict=PASSED, steps=(("say", b"> "), ("echo",)), body=_types
    ),
)
CASES = (*RED, *HEALTHY)


def verdict_of(case: Case, arch: str, folder: Path, *, stopped: float = 0.0) -> str:
    """Boot ``case`` below ``folder``, judge it as a test is judged, and return what came of it.

    QEMU is stopped for so many seconds at some moment of the first tenth of a second.
    """
    folder.mkdir(parents=True)
    elf = image(folder, arch, *case.steps)
    board = replace(BOARDS[arch], watch=_RULES)
    boot = Boot(board=board, elf=elf, folder=folder / "boot", rules=_RULES)
    try:
        with QemuEmulator().boot(boot, HostLauncher()) as machine, _stopping(machine, stopped):
            case.body(machine)
            judge(machine)
    except KaratosError as error:
        return type(error).__name__
    return PASSED


@contextlib.contextmanager
def _stopping(machine: Machine, seconds: float) -> Iterator[None]:
    if not seconds:
        yield
        return
    thread = threading.Thread(target=_stop, args=(pid_of(machine), seconds))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _stop(pid: int, seconds: float) -> None:
    time.sleep(time.monotonic_ns() % 100 / 1000)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep ``count`` processes busy for as long as the block lasts."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
