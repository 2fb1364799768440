"""A suspicion from a few registers that a core is in a fault, or where no firmware is on purpose.

It costs no walk up the stack, so that every test can have it; who is suspected is looked at whole.
"""

import bisect
import functools
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from pytest_karatos.debug.archs import Arch, arch_of
from pytest_karatos.debug.dead_ends import Stretch, stretches
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import read


class State(Enum):
    """What a few registers show: it goes on, or serves an exception, or is suspected."""

    GOES_ON = "goes on"
    #: Nobody knows what it interrupted.
    SERVES = "serves an exception"
    SUSPECT = "suspect"


class Suspicion:
    """What is suspicious in a firmware for ``arch`` that has dead ends at ``ranges``."""

    def __init__(self, arch: Arch, ranges: tuple[Stretch, ...]) -> None:
        self._arch = arch
        self._ranges = ranges

    def of(self, registers: Mapping[str, int]) -> State:
        """Judge one core by its registers."""
        serves, faulted = self._exception(registers)
        places = (registers.get(name, 0) for name in (self._arch.pc, self._arch.lr))
        if faulted or any(self._is_dead_end(at, serves=serves) for at in places):
            return State.SUSPECT
        return State.SERVES if serves else State.GOES_ON

    def _exception(self, registers: Mapping[str, int]) -> tuple[bool, bool]:
        """Tell whether an exception is served, and whether it is a fault."""
        stacked, trap = self._arch.stacked, self._arch.trap
        if stacked is not None:
            number = stacked.number.of(registers)
            return bool(number), number in stacked.faults
        if trap is not None:
            serves = trap.serving.of(registers) == trap.serving.mask
            return serves, serves and registers.get(trap.cause, 0) in trap.faults
        return False, False

    def _is_dead_end(self, address: int, *, serves: bool) -> bool:
        at = bisect.bisect_right(self._ranges, address, key=_start) - 1
        found = self._ranges[at] if at >= 0 else None
        return bool(found and address < found.end and (serves or not found.kind.handler))


def _start(stretch: Stretch) -> int:
    return stretch.start


@functools.lru_cache(maxsize=8)
def suspicion_of(path: Path, symbols: Symbols) -> Suspicion:
    """Read what is suspicious in the ELF at ``path``, once for the same ``symbols``.

    :raises BadFirmware: when it cannot be read.
    :raises DebugFailed: for an architecture that is not described.
    """
    return Suspicion(arch_of(read(path)), stretches(symbols.table))
