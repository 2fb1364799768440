"""Be a running machine: what a test can do to it, and an end that cannot hang."""

import contextlib
from typing import Any

from pytest_karatos.board import Board
from pytest_karatos.console import Console
from pytest_karatos.emulate.launch import Handle
from pytest_karatos.emulate.qmp import Qmp
from pytest_karatos.emulate.record import Record
from pytest_karatos.emulate.wires import Wires
from pytest_karatos.errors import KaratosError, WrongExit

#: Seconds that each step of the end may take; together they are below one.
_QUIT, _QUIT_WAIT, _TERM = 0.2, 0.3, 0.15
#: Seconds that a question of a test may take.
_COUNT = 5.0
#: How long the end of a process may lag behind the end of its line, and the other way round.
_LAG = 2.0


class QemuMachine:
    """A QEMU with its console and control line. Made by :func:`booted`, used once."""

    def __init__(
        self, record: Record, console: Console, *, qmp: Qmp, handle: Handle, wires: Wires
    ) -> None:
        self.board: Board = record.boot.board
        self.console = console
        self._record = record
        self.waited = False
        self._qmp = qmp
        self._handle = handle
        self._wires = wires

    @property
    def exit_status(self) -> int | None:
        """What the machine ended with; None while it runs. A signal is negative."""
        return self._handle.status

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the machine ends by itself; the default timeout is the console's.

        :raises WrongExit: when it still runs after ``timeout`` seconds.
        :raises Misbehaved: what the console sees meanwhile: a fault, silence, a loop, a flood.
        """
        self.console.wait_end(self.console.timeout if timeout is None else timeout)
        status = self._handle.wait(_LAG)
        if status is None:
            raise WrongExit("The machine's console has ended, but QEMU still runs.")
        self.waited = True
        return status

    def settle(self, seconds: float) -> int | None:
        """Give the machine up to ``seconds`` to end by itself; None when it runs on.

        When it ended, the console has all of its bytes.
        """
        status = self._handle.wait(seconds)
        if status is not None:
            self.console.wait_for_last_byte(_LAG)
        return status

    def pause(self) -> None:
        """Stop the guest's time.

        :raises MachineEnded: when there is no machine any more.
        """
        self._qmp.ask("stop")
        self._record.pauses += 1

    def resume(self) -> None:
        """Let the guest's time go on (see :meth:`pause`)."""
        self._qmp.ask("cont")

    def reset(self) -> None:
        """Press the reset button; the boot text may come once more (see :meth:`pause`)."""
        self.console.note_reset()
        self._qmp.ask("system_reset")
        self._record.resets += 1

    def read_memory(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes of physical memory at ``address``.

        :raises MachineEnded: when there is no machine any more.
        """
        if size <= 0:
            raise ValueError(f"size must be positive, not {size}")
        path = self._wires.memory
        self._qmp.ask("pmemsave", val=address, size=size, filename=str(path))
        try:
            return path.read_bytes()
        finally:
            path.unlink(missing_ok=True)

    @property
    def instructions(self) -> int | None:
        """How many instructions the guest has executed, by the last answer that QEMU gave."""
        if self._handle.status is None:
            with contextlib.suppress(KaratosError):
                self._count(_COUNT)
        return self._record.instructions

    def facts(self) -> dict[str, Any]:
        """Return what is known of this boot by now, as plain values."""
        self._note_end()
        return self._record.facts()

    def _note_end(self) -> None:
        if self._record.state == "running" and self._handle.status is not None:
            self._record.state, self._record.exit_status = "ended", self._handle.status

    def _count(self, timeout: float) -> None:
        # Without -icount the same question is answered with 0.
        if self.board.icount != "off":
            self._record.instructions = self._qmp.ask("query-replay", timeout=timeout)["icount"]

    def end(self) -> None:
        """End it: QMP quit, SIGTERM, SIGKILL, each with a deadline.

        The console is drained until QEMU is gone: a PL011 whose bytes nobody takes blocks QEMU's
        main loop, and with it ``quit`` and SIGTERM.
        """
        self._note_end()
        if self._record.state == "running":
            with contextlib.suppress(KaratosError):
                self._quit()
            self._note_end()
        if self._record.state == "running":
            self._record.state = "stopped"
        self._handle.end(_TERM)
        self.console.wait_for_last_byte(_LAG)
        self.console.close()

    def _quit(self) -> None:
        # Who does not answer this would not answer the next one either.
        self._count(_QUIT)
        self._qmp.ask("quit", timeout=_QUIT)
        self._record.state = "stopped"
        # The line's end wakes us at once; waiting for a process is polling in Python.
        self.console.wait_for_last_byte(_QUIT_WAIT)
        self._handle.wait(_QUIT_WAIT)
