"""QEMU's gdb stub: opened when somebody first asks, on a socket in the boot's private folder.

The guest does not see it: QEMU stands already when a client comes, and nothing is written. A
contained QEMU may make the socket there, and no guest can open one.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pytest_karatos.deadline import is_done_within
from pytest_karatos.debug.debugger import Debugger
from pytest_karatos.debug.gdb import GdbClient
from pytest_karatos.debug.suspicion import State, Suspicion
from pytest_karatos.debug.where import Core, Where, look
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.emulators.qemu.pace import Pace
from pytest_karatos.emulators.qemu.registers import printed_registers
from pytest_karatos.errors import DebugFailed, KaratosError

_SOCKET = "gdb"
#: How long a look that nobody asked for may take: of processor time, and in all.
_CPU_SECONDS, _SECONDS = 2.0, 10.0
#: How often a machine is looked at that may be in a fault, how far it goes on in between in guest
#: seconds, and how many host seconds that may take.
_LOOKS, _BETWEEN, _LIMIT = 5, 0.001, 2.0


@dataclass(slots=True)
class _Found:
    """What a look that may be cut short has found so far."""

    cores: list[Core] = field(default_factory=list)
    trouble: str = ""

    def look(self, stub: "GdbStub", debugger: Debugger, client: GdbClient) -> None:
        try:
            for core in stub.cores(debugger, client):
                self.cores.append(core)
        except KaratosError as error:
            self.trouble = error.what
        except Exception as error:  # noqa: BLE001 - whatever breaks here must hide no failure
            self.trouble = f"looking into the machine failed: {type(error).__name__}: {error}"


class GdbStub:
    """The way into a machine that runs ``elf``; ``cache`` keeps what was read of its symbols."""

    def __init__(self, pace: Pace, wires: BootFiles, elf: Path, cache: Path | None) -> None:
        self._pace = pace
        self._folder = wires.pipes
        self._elf = elf
        self._cache = cache
        self._is_open = False

    @contextlib.contextmanager
    def debugger(self, timeout: float = 5.0) -> Iterator[tuple[Debugger, GdbClient]]:
        """Stop the machine, unless it stands, and look into it for as long as the block lasts.

        :raises MachineEnded: when it is gone, or does not answer within ``timeout`` seconds.
        """
        with self._pace.stopped():
            socket = self.open(timeout)
            with GdbClient.connect(socket, timeout=timeout) as client:
                yield Debugger(client, self._elf, cache=self._cache), client

    def where(self, timeout: float = 5.0) -> Where:
        """Look at every core.

        :raises DebugFailed: when the stub refuses. :raises MachineEnded: as :meth:`debugger`.
        """
        with self.debugger(timeout) as (debugger, client):
            return Where(cores=tuple(self.cores(debugger, client)))

    def where_soon(self) -> Where:
        """Look as :meth:`where` does, in short time; raises nothing, and says what it met."""
        found = _Found()
        try:
            with self.debugger(_CPU_SECONDS) as (debugger, client):
                look = partial(found.look, self, debugger, client)
                if not is_done_within(look, _CPU_SECONDS, _SECONDS):
                    found.trouble = f"more could not be told within {_CPU_SECONDS:g} s of work"
        except KaratosError as error:
            found.trouble = found.trouble or error.what
        return Where(cores=tuple(found.cores), trouble=found.trouble)

    def cores(self, debugger: Debugger, client: GdbClient) -> Iterator[Core]:
        """Look at one core after the other; one that is alone has no name."""
        threads = client.threads()
        if len(threads) <= 1:
            yield look(debugger)
            return
        for number, thread in enumerate(threads):
            client.select(thread)
            yield look(debugger, debugger.code.arch.core_name(number))

    def open(self, timeout: float = 5.0) -> Path:
        """Open the stub, if it is not yet, and return its socket.

        :raises DebugFailed: when QEMU opens none.
        """
        if self._is_open:
            return self._folder / _SOCKET
        # QEMU stands in the folder beside it: a socket's address has 107 bytes.
        line = f"gdbserver unix:../{self._folder.name}/{_SOCKET},server=on,wait=off"
        arguments: dict[str, Any] = {"command-line": line}
        said = self._pace.qmp.ask("human-monitor-command", timeout=timeout, **arguments).strip()
        if not (self._folder / _SOCKET).exists():
            raise DebugFailed(f"QEMU opens no gdb stub: {said or 'it does not say why'}.")
        self._is_open = True
        return self._folder / _SOCKET


def is_suspect(pace: Pace, suspicion: Suspicion) -> bool:
    """Tell whether a stopped machine is in a fault or a dead end, and is there still a bit later.

    One that serves an exception is let go on: what that interrupted shows when it is over.

    :raises MachineEnded: when it ends meanwhile.
    """
    suspected = 0
    for _ in range(_LOOKS):
        states = [suspicion.of(one) for one in _registers(pace)]
        if all(one is State.GOES_ON for one in states):
            return False
        suspected = suspected + 1 if State.SUSPECT in states else 0
        if suspected > 1:
            return True
        if pace.run(_BETWEEN, _LIMIT).ended:
            return False
    return False


def _registers(pace: Pace) -> Iterator[Mapping[str, int]]:
    arguments: dict[str, Any] = {"command-line": "info registers -a"}
    return printed_registers(pace.qmp.ask("human-monitor-command", **arguments))
