"""A machine that is started while another one is still used, so that the next test need not wait.

It is started stopped: its guest has not executed an instruction when its test comes. It is used
once, by a boot that would have started the same, or by none.
"""

import contextlib
import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path

from pytest_karatos.emulators.protocol import Boot, Emulator, Launcher, StartsAhead, Stopped
from pytest_karatos.errors import KaratosError

#: The start of a boot, which file its ELF is, and what else a started program takes over.
_Likeness = tuple[Boot, tuple[int, int, int], Hashable]


#: After so many in a row that were started for nothing, no more are.
_MOST_MISFITS = 3


class Ahead:
    """Starts one machine ahead, in a thread, and hands it to the boot that it fits.

    ``surroundings`` tells what a started program takes over from this process (its environment):
    a machine that was started in others fits nobody. What one prints goes to files in ``outputs``
    until its boot has a folder.
    """

    def __init__(self, outputs: Path, surroundings: Callable[[], Hashable]) -> None:
        self._outputs = outputs
        self._surroundings = surroundings
        self._lock = threading.RLock()
        self._likeness: _Likeness | None = None
        self._machine: Stopped | None = None
        self._starter: threading.Thread | None = None
        self._unwanted = threading.Event()
        self._misfits = 0

    def begin(self, boot: Boot, emulator: Emulator, launcher: Launcher) -> None:
        """Start a machine for boots like ``boot``.

        Whatever goes wrong with it is nobody's failure: the boot itself will tell.
        """
        if self._misfits >= _MOST_MISFITS or not isinstance(emulator, StartsAhead):
            return
        with self._lock, contextlib.suppress(OSError, KaratosError):
            self.drop()
            likeness = self._likeness_of(boot)
            alike = replace(boot, folder=self._outputs)
            self._unwanted.clear()
            self._starter = threading.Thread(
                target=self._start, args=(emulator, alike, launcher), name="karatos-ahead"
            )
            self._starter.start()
            self._likeness = likeness

    def _start(self, emulator: StartsAhead, boot: Boot, launcher: Launcher) -> None:
        with contextlib.suppress(OSError, KaratosError):
            self._machine = emulator.ahead(boot, launcher)
            if self._machine is not None and not self._unwanted.is_set():
                self._machine.start(boot.folder)

    def take(self, boot: Boot) -> Stopped | None:
        """Return the machine that waits, if it is as one that ``boot`` would start; else end it."""
        with self._lock, contextlib.suppress(OSError, KaratosError):
            self._wait()
            machine = self._machine
            fits = self._likeness == self._likeness_of(boot)
            if fits and machine is not None and machine.is_ready:
                machine.start(boot.folder)
                self._machine = self._likeness = None
                self._misfits = 0
                return machine
        self.drop()
        return None

    def _likeness_of(self, boot: Boot) -> _Likeness:
        found = boot.elf.stat()
        elf = (found.st_ino, found.st_size, found.st_mtime_ns)
        return boot.start, elf, self._surroundings()

    def drop(self) -> None:
        """End the machine that waits, if one does."""
        with self._lock:
            self._unwanted.set()
            if self._machine is not None:
                self._machine.give_up()
            self._wait()
            machine, self._machine = self._machine, None
            self._misfits += self._likeness is not None
            self._likeness = None
            if machine is not None:
                machine.close()

    def _wait(self) -> None:
        if self._starter is not None:
            self._starter.join()
            self._starter = None
