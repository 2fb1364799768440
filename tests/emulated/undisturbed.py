"""All that a guest says, which is looked at on its way: a timer interrupts it all the time."""

from contextlib import suppress
from dataclasses import replace

from pytest_karatos.emulators.protocol import Boot, Launcher
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import MachineEnded
from tests.emulated.debugging import LINES

#: A build in which a timer interrupts the letters that are said.
CHATTER = replace(LINES, ticking=True, quiet=True)


#: So many of ten looks are enough: the guest may be at its end before the last.
ENOUGH = 3


def said(boot: Boot, launcher: Launcher, looks: int = 0) -> tuple[bytes, int]:
    """Return all that a guest says, which is looked at so many times, and how often it was."""
    seen = 0
    with QemuEmulator().boot(boot, launcher) as machine:
        with suppress(MachineEnded):
            while seen < looks and machine.where().frames:
                seen += 1
        assert machine.wait(60) == 3
    return machine.console.transcript.read_bytes(), seen
