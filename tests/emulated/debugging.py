"""Images that break, built from ``crash/crash.rs``, and a debugger on a machine that runs one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.builders.host import managed_toolchain
from pytest_karatos.debug.debugger import Debugger
from pytest_karatos.debug.gdb import GdbClient
from pytest_karatos.emulators.protocol import Machine

CRASH = Path(__file__).parent / "crash"
#: Asked when this is imported: pytester gives each test a HOME of its own.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pytest-karatos"
TARGETS = {"arm": "thumbv7m-none-eabi", "riscv": "riscv32imac-unknown-none-elf"}


@dataclass(frozen=True)
class Build:
    """How an image is compiled: ``debug`` as cargo's key of a profile says it."""

    name: str
    optimisation: str
    debug: int
    flags: tuple[str, ...] = ()
    #: Whether it says 'F' at its start, and nothing when it breaks; whether the timer interrupts.
    quiet: bool = False
    ticking: bool = False
    #: Whether it ends its machine where it would spin; whether it says before where it broke.
    exits: bool = False
    prints: bool = False


DEBUG = Build("debug", "0", 2)
LINES = Build("release-with-lines", "s", 1)
FAT_LTO = Build("lto", "3", 1, ("-Clto=fat",))
BARE = Build("release-without", "s", 0)
V0 = Build("v0", "s", 1, ("-Csymbol-mangling-version=v0",))
LEGACY = Build("legacy", "s", 1, ("-Csymbol-mangling-version=legacy", "-Zunstable-options"))


def crash_image(folder: Path, arch: str, case: str, build: Build = DEBUG) -> Path:
    """Compile the image that breaks in the way of ``case``."""
    elf = folder / f"{arch}-{case}"
    script = CRASH / f"{arch}.x"
    subprocess.run(
        [
            *(managed_toolchain(_CACHE) / "bin" / "rustc", "--edition=2021", "--crate-type=bin"),
            *("--target", TARGETS[arch], "-Cpanic=abort", f"-Clink-arg=-T{script}"),
            *(f"-Copt-level={build.optimisation}", f"-Cdebuginfo={build.debug}", *build.flags),
            *(
                f"--cfg={one}"
                for one in ("quiet", "ticking", "exits", "prints")
                if getattr(build, one)
            ),
            *(f'--cfg=case="{case}"', "-Awarnings", "-o", elf, CRASH / "crash.rs"),
        ],
        check=True,
        env=os.environ | {"RUSTC_BOOTSTRAP": "1"},
    )
    return elf


def rv64_image(folder: Path, build: Build) -> Path:
    """Compile ``crash/rv64.rs``, which needs no library of its target."""
    elf = folder / "rv64"
    subprocess.run(
        [
            managed_toolchain(_CACHE) / "bin" / "rustc",
            *(
                "--edition=2021",
                "--crate-type=bin",
                "--target",
                "riscv64imac-unknown-none-elf",
                "-Cpanic=abort",
            ),
            *(f"-Clink-arg=-T{CRASH / 'rv64.x'}", "-Cdebug-assertions=off", "-Awarnings"),
            *(f"-Copt-level={build.optimisation}", f"-Cdebuginfo={build.debug}", *build.flags),
            *["--cfg=quiet"] * build.quiet,
            *("-o", elf, CRASH / "rv64.rs"),
        ],
        check=True,
        env=os.environ | {"RUSTC_BOOTSTRAP": "1"},
    )
    return elf


def marked(text: str, file: str = "crash.rs") -> int:
    """Return the line of ``file`` that bears ``text`` as its comment."""
    lines = (CRASH / file).read_text().splitlines()
    (number,) = [at for at, line in enumerate(lines, 1) if line.endswith(f"// {text}")]
    return number


@contextmanager
def attached(machine: Machine, folder: Path) -> Iterator[GdbClient]:
    """Stop the machine and attach to it, by a stub that QEMU opens only now."""
    del folder
    socket = machine._wires.pipes / "gdb"  # type: ignore[attr-defined]  # QEMU may make it there
    machine.pause()
    if not socket.exists():
        line = f"gdbserver unix:{socket},server=on,wait=off"
        machine._qmp.ask("human-monitor-command", **{"command-line": line})  # type: ignore[attr-defined]
    with GdbClient.connect(socket) as client:
        yield client


@contextmanager
def debugged(machine: Machine, elf: Path, folder: Path) -> Iterator[Debugger]:
    """Look into a machine that runs ``elf``."""
    with attached(machine, folder) as client:
        yield Debugger(client, elf)
