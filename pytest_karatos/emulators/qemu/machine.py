"""A machine that runs in QEMU: what a test can do to it, and an end that cannot hang."""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_karatos.board import Board
from pytest_karatos.choices import OFF
from pytest_karatos.console import Console
from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.suspicion import suspicion_of
from pytest_karatos.debug.symbols import Symbols, symbols_of
from pytest_karatos.debug.where import Where
from pytest_karatos.elf import Symbol
from pytest_karatos.emulators.answered_run import AnsweredRun
from pytest_karatos.emulators.consoles import Consoles
from pytest_karatos.emulators.exit_status import ExitStatus
from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.emulators.protocol import GuestRun, Handle
from pytest_karatos.emulators.qemu.again import Again, N, Starter, W
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.emulators.qemu.end import End
from pytest_karatos.emulators.qemu.inject import Breakable, Injector
from pytest_karatos.emulators.qemu.keyboard import Keyboard
from pytest_karatos.emulators.qemu.pace import Pace
from pytest_karatos.emulators.qemu.preempt import Preempted
from pytest_karatos.emulators.qemu.status import refused_command
from pytest_karatos.emulators.qemu.stub import GdbStub, is_suspect
from pytest_karatos.emulators.qemu.trace import Trace
from pytest_karatos.emulators.record import Record
from pytest_karatos.emulators.stamps import Stamp, note_stamps
from pytest_karatos.errors import (
    BadFirmware,
    DebugFailed,
    EngineDown,
    KaratosError,
    MachineEnded,
    WrongExit,
)
from pytest_karatos.text import printable

#: Seconds that each step of the end may take; together they are below one.
_QUIT, _QUIT_WAIT, _TERM = 0.2, 0.3, 0.15
#: How much host time a guest may take to come so far in its own: at least, and for each second.
_HOST_LIMIT, _HOST_FACTOR = 20.0, 100.0
#: How long the end of a process may lag behind the end of its line, and the other way round.
_LAG = 2.0


class QemuMachine(Breakable):
    """A QEMU with its console and control line. Made by :func:`booted`, used once.

    ``start`` boots the same once more.
    """

    def __init__(  # noqa: PLR0913 - the parts of a machine
        self,
        record: Record,
        consoles: Consoles,
        *,
        pace: Pace,
        handle: Handle,
        wires: BootFiles,
        start: Starter,
    ) -> None:
        self.board: Board = record.boot.board
        self.consoles = consoles
        self.console: Console = consoles[self.board.console]
        self._record = record
        self._status: ExitStatus | None = None
        self._qmp = pace.qmp
        self._handle = handle
        self._wires = wires
        self._pace = pace
        named = record.boot.origin or record.boot.elf
        self._stub = GdbStub(pace, wires, named, record.boot.symbols)
        self.injector = Injector(self.board, pace, self._stub, wires, lambda: self._symbols)
        #: The log of a boot in which instructions are counted one by one.
        self.trace: Trace | None = None
        #: Where time was let pass before the test began.
        self.preempted: Preempted | None = None
        #: What its console is typed on.
        self.keyboard: Keyboard | None = None
        self._again = Again(record.boot, self, start)
        self._end = End(record.boot, self, start)

    @property
    def exit_status(self) -> int | None:
        """What the machine ended with; None while it runs. A signal is negative."""
        return self._handle.status

    def status_within(self, seconds: float) -> int | None:
        """Wait up to ``seconds`` for its end, and return the exit status; judge nothing."""
        return self._handle.wait(seconds)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the machine ends by itself; the default timeout is the console's.

        :raises WrongExit: when it still runs after ``timeout`` seconds.
        :raises Misbehaved: what the console sees meanwhile: a fault, silence, a loop, a flood.
        """
        with self.console.outstanding:
            self.console.wait_end(*(() if timeout is None else (timeout,)))
            status = self._handle.wait(_LAG, due=True)
            if status is None:
                raise WrongExit("The machine's console has ended, but QEMU still runs.")
            if status == -signal.SIGSYS:
                raise refused_command()
        self._status = self._status or ExitStatus(status)
        return self._status

    @property
    def judged(self) -> bool:
        """Whether the test has looked at the status that :meth:`wait` returned."""
        return self._status is not None and self._status.judged

    @property
    def time(self) -> float:
        """The guest's seconds since the boot; exact while it is paused.

        With ``icount = "off"`` it is QEMU's clock, which goes with the host's.

        :raises MachineEnded: when there is no machine any more.
        """
        return self._pace.look().seconds

    @property
    def looked_into(self) -> bool:
        """Whether a test has taken something of it that is no text."""
        return self.console.outstanding.looks > 0

    def run_for(self, seconds: float) -> GuestRun:
        """Let the guest go on by ``seconds`` of its own time, and no more than it must."""
        return AnsweredRun.of(self._run(seconds, drain=False), self.console.outstanding.look)

    def settle(self, seconds: float) -> GuestRun:
        """Let the guest go on as :meth:`run_for` does; the console then has every byte of it."""
        return self._run(seconds, drain=True)

    def _run_paused(self, seconds: float, deadline: Deadline, *, typing: bool) -> GuestRun:
        """Let it go on; with ``typing`` by so much behind the last of what was typed before."""
        keyboard = self.keyboard
        while True:
            arrivals = keyboard.arrivals if keyboard else 0
            run = self._pace.run(seconds, deadline.left)
            if not typing or keyboard is None or run.ended:
                return run
            if not keyboard.is_due and keyboard.arrivals == arrivals:
                return run
            if deadline.expired:
                return replace(run, enough=False, idle=False)

    def _run(self, seconds: float, *, drain: bool) -> GuestRun:
        limit = max(_HOST_LIMIT, _HOST_FACTOR * seconds)
        try:
            with self._pace.stopped():
                run = self._run_paused(seconds, Deadline(limit), typing=drain)
                if drain and not (run.ended or self._drain(limit)):
                    run = replace(run, enough=False, idle=False)
        except MachineEnded:
            run = GuestRun(seconds=0.0, ended=True)
        return self._ended(run) if run.ended else run

    def _drain(self, seconds: float) -> bool:
        left = Deadline(seconds)
        return all(one.drain(left.left) for one in self.consoles.values())

    def _wait_for_last_bytes(self, seconds: float) -> bool:
        left = Deadline(seconds)
        return all(one.wait_for_last_byte(left.left) for one in self.consoles.values())

    def _ended(self, run: GuestRun) -> GuestRun:
        """Wait for the last byte of a machine that has ended; one that is only mute has not."""
        gone = self._handle.wait(_LAG) is not None and self._wait_for_last_bytes(_LAG)
        self._qmp.hear_rest()
        return run if gone else replace(run, ended=False)

    def pause(self) -> None:
        """Stop the guest's time.

        :raises MachineEnded: when there is no machine any more.
        """
        self._pace.pause()
        self._record.pauses += 1

    def resume(self) -> None:
        """Let the guest's time go on (see :meth:`pause`)."""
        self._pace.resume()

    def reset(self) -> None:
        """Press the reset button; the boot text may come once more (see :meth:`pause`).

        What was printed before is consumed: ``expect`` finds what the firmware says after it.
        """
        with self._pace.stopped():
            self._drain(_HOST_LIMIT)
            for one in self.consoles.values():
                one.note_reset()
            self._qmp.ask("system_reset")
        self._record.resets += 1

    def symbol(self, name: str) -> Symbol:
        """Find a function or variable of the firmware; also when the machine has ended."""
        self.console.outstanding.look()
        return self._symbols.named(name)

    @property
    def _symbols(self) -> Symbols:
        return symbols_of(self._record.boot.elf, self._record.boot.symbols)

    def read_memory(self, address: int | str, size: int = 0) -> bytes:
        """Read physical memory: ``size`` bytes at ``address``, or those of a variable.

        :raises MachineEnded: when there is no machine any more.
        """
        self.console.outstanding.look()
        if isinstance(address, str):
            address, size = self._symbols.stretch(address, size)
        if size <= 0:
            raise ValueError(f"size must be positive, not {size}")
        path = self._wires.memory
        self._qmp.ask("pmemsave", val=address, size=size, filename=str(path))
        try:
            return path.read_bytes()
        finally:
            os.truncate(path, 0)

    @property
    def registers(self) -> Mapping[str, int]:
        """The processor's registers at this moment (of the first core), by the names of gdb."""
        self._require_running("its registers are gone")
        self.console.outstanding.look()
        with self._stub.debugger() as (debugger, _):
            return debugger.registers()

    @property
    def gdb_socket(self) -> Path:
        """The socket at which a gdb finds the machine; opened now.

        :raises DebugFailed: when QEMU opens none.
        """
        self.console.outstanding.look()
        return self.open_stub()

    def open_stub(self) -> Path:
        """Open the gdb stub for ourselves: no test has looked.

        :raises DebugFailed: when QEMU opens none.
        """
        return self._stub.open()

    def disassembled(self, address: int) -> str:
        """Return the instruction at ``address`` of a guest that stands, as QEMU writes it."""
        line: dict[str, Any] = {"command-line": f"x/1i {address:#x}"}
        text: str = self._qmp.ask("human-monitor-command", **line)
        return printable(" ".join(text.split()))

    def where(self) -> Where:
        """Say where the firmware is at this moment."""
        self._require_running("it is nowhere any more")
        self.console.outstanding.look()
        return self._stub.where()

    def post_mortem(self) -> Where:
        """Look into the machine for its test's failure: within seconds, whatever is there."""
        found = self.where_soon() if self._handle.status is None else Where()
        try:  # its lines end a moment before the process does
            status = self._handle.wait(_LAG if self._qmp.has_ended else 0)
        except EngineDown as error:
            found, status = Where(trouble=found.trouble or error.what), None
        if status is not None and not found.cores:
            found, self._record.instructions = self._end.look(status)
        self._record.where = found.facts()
        return found

    def where_soon(self) -> Where:
        """Say where the firmware is, within two seconds of work; raises nothing."""
        try:
            with self._pace.stopped():
                if self.board.icount != OFF:
                    # The moment of the failure: a boot like this one can be taken there once more.
                    self._record.instructions = self._pace.look().instructions
                return self._stub.where_soon()
        except KaratosError as error:
            return Where(trouble=error.what)

    def faulted(self) -> Where | None:
        """Look whether the processor is in a fault, or where no firmware is on purpose."""
        if self._handle.status is not None:
            return None
        with contextlib.suppress(DebugFailed, BadFirmware, MachineEnded), self._pace.stopped():
            suspicion = suspicion_of(self._record.boot.elf, self._symbols)
            if is_suspect(self._pace, suspicion):
                found = self._stub.where_soon()
                return found if found.headline else None
        return None

    def _require_running(self, but: str) -> None:
        if self._handle.status is not None:
            raise MachineEnded(
                f"The machine has ended with exit status {self._handle.status}; {but}.",
                fix="look before that: while a test waits for a text, or from a breakpoint of gdb",
            )

    @property
    def instructions(self) -> int | None:
        """How many instructions the guest has executed; after its end, those counted last."""
        self.console.outstanding.look()
        if self._handle.status is None and self.board.icount != OFF:
            with contextlib.suppress(KaratosError):
                # Of a guest that runs QEMU tells a count that is not its last.
                self._record.instructions = self._pace.look().instructions
        return self._record.instructions

    def stamps(self, offsets: Sequence[int], *, times: bool = False) -> Mapping[int, Stamp]:
        """Tell when the bytes at ``offsets`` of the console left, by a second boot like the first.

        :raises NotPossible: where no boot is like the first.
        """
        found = self._again.stamps(offsets, times=times)
        note_stamps(self._record.boot.folder, found)
        return found

    def observe(self, offset: int, make: Callable[[], W]) -> W:
        """Show each instruction up to the byte at ``offset`` of the console, in a second boot.

        What ``make`` makes is shown them, and is returned; it may be made anew.

        :raises NotPossible: where no boot is like the first.
        """
        return self._again.observe(offset, make)

    def interrupts(self, offset: int, make: Callable[[], N]) -> N:
        """Tell what ``make`` makes of the interrupts up to the byte at ``offset``, as observed.

        :raises NotPossible: where no boot is like the first, or interrupts cannot be followed.
        """
        return self._again.interrupts(offset, make)

    def memory_at(self, offset: int, places: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read memory as it was when the byte at ``offset`` of the console left: in a second boot.

        ``places`` are addresses and sizes.

        :raises NotPossible: where no boot is like the first.
        """
        return self._again.at(
            offset, lambda held: [held.read_memory(at, size) for at, size in places]
        )

    def facts(self) -> MachineFacts:
        """Return what is known of this boot by now, as plain values."""
        self._note_end()
        return self._record.facts()

    def _note_end(self) -> None:
        if self._record.state == "running" and self._handle.status is not None:
            self._record.state, self._record.exit_status = "ended", self._handle.status

    def _count(self, timeout: float) -> None:
        # Without -icount the same question is answered with 0.
        if self.board.icount != OFF:
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
        self._wait_for_last_bytes(_LAG)
        for one in self.consoles.values():
            one.close()

    def _quit(self) -> None:
        # Who does not answer this would not answer the next one either.
        if self._record.where is None:
            self._count(_QUIT)
        self._qmp.ask("quit", timeout=_QUIT)
        self._record.state = "stopped"
        # The line's end wakes us at once; waiting for a process is polling in Python.
        self.console.wait_for_last_byte(_QUIT_WAIT)
        self._handle.wait(_QUIT_WAIT)
