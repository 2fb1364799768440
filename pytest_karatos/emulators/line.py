"""A machine of which only the console is known: a board on a serial port, or any program.

The boot of such a machine is recorded, watched and judged as every other: :func:`line_machine` is
all that an emulator of one's own needs around its start.
"""

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.board import Board
from pytest_karatos.console import Console, GuestLook, OtherStream, Source, Streams, pump_for
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.debug.where import Where
from pytest_karatos.elf import Symbol
from pytest_karatos.emulators.answered_run import AnsweredRun
from pytest_karatos.emulators.consoles import Consoles
from pytest_karatos.emulators.exit_status import ExitStatus
from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.emulators.protocol import Boot, GuestRun, Handle
from pytest_karatos.emulators.record import Record
from pytest_karatos.errors import MachineEnded, NotPossible, WrongExit
from pytest_karatos.text import tail

_LINES = 60
#: How long the end of a process may lag behind that of its line, and that of reading, in seconds.
_LAG = 2.0


class LineStatus:
    """What ``handle``, if there is a program, and its files in ``folder`` tell."""

    def __init__(self, name: str, folder: Path, handle: Handle | None) -> None:
        self.stderr_title = f"stderr of {name}"
        self._folder = folder
        self._handle = handle

    def status_within(self, seconds: float) -> int | None:
        """Return the exit status of the program; None without one."""
        return self._handle.wait(seconds) if self._handle is not None else None

    def stderr_tail(self) -> str:
        """Return the last lines of the program's stderr."""
        return "\n".join(tail(self._folder / "stderr.log", _LINES)) if self._handle else ""

    def idle_reason(self) -> str:
        """Know nothing."""
        return ""

    def streams(self) -> list[OtherStream]:
        """Know none."""
        return []

    def look(self) -> GuestLook | None:
        """Know nothing: hardware cannot be stopped to be looked at."""
        return None

    def exit_reason(self, status: int | None) -> str:
        """Know nothing of any ``status``."""
        del status
        return ""


class LineMachine:
    """A machine without any control but a reset; its time is the host's. Used once."""

    def __init__(
        self,
        record: Record,
        console: Console,
        *,
        handle: Handle | None = None,
        reset: Callable[[], None] | None = None,
    ) -> None:
        self.board: Board = record.boot.board
        self.console = console
        self.consoles = Consoles({self.board.console: console})
        self._status: ExitStatus | None = None
        self._record = record
        self._handle = handle
        self._reset = reset
        self._began = time.monotonic()

    @property
    def exit_status(self) -> int | None:
        """What the program ended with; None while it runs, and always without a program."""
        return self._handle.status if self._handle is not None else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the program ends by itself.

        :raises NotPossible: when there is no program that could end.
        """
        if self._handle is None:
            raise self._not_possible(
                "never ends by itself, so that there is no exit status to wait for",
                fix=f"wait for a text with console.expect, and where an exit status is expected "
                f'everywhere, write [boards.{self.board.name}] expect_exit = "never"',
            )
        with self.console.outstanding:
            self.console.wait_end(self.console.timeout if timeout is None else timeout)
            status = self._handle.wait(_LAG)
            if status is None:
                raise WrongExit("The machine's console has ended, but its program still runs.")
        self._status = self._status or ExitStatus(status)
        return self._status

    @property
    def judged(self) -> bool:
        """Whether the test has looked at the status that :meth:`wait` returned."""
        return self._status is not None and self._status.judged

    @property
    def time(self) -> float:
        """Seconds since the boot, by the host's clock."""
        return time.monotonic() - self._began

    @property
    def looked_into(self) -> bool:
        """Whether a test has taken something of it that is no text."""
        return self.console.outstanding.looks > 0

    def run_for(self, seconds: float) -> GuestRun:
        """Let ``seconds`` pass, or less when the line ends.

        :raises MachineEnded: when the line of a machine that has no end of its own was closed.
        """
        return AnsweredRun.of(self._run(seconds), self.console.outstanding.look)

    def _run(self, seconds: float) -> GuestRun:
        began = time.monotonic()
        ended = self.console.wait_for_last_byte(seconds)
        if ended and self._handle is None:
            raise MachineEnded(f"The line of board '{self.board.name}' was closed.")
        return GuestRun(seconds=time.monotonic() - began, enough=not ended, ended=ended)

    def settle(self, seconds: float) -> GuestRun:
        """Let ``seconds`` pass (see :meth:`run_for`)."""
        run = self._run(seconds)
        if run.ended and self._handle is not None:
            self._handle.wait(_LAG)
        return run

    def pause(self) -> None:
        """Refuse: :raises NotPossible: always."""
        raise self._not_possible("cannot be paused")

    def resume(self) -> None:
        """Refuse: :raises NotPossible: always."""
        raise self._not_possible("cannot be paused")

    def reset(self) -> None:
        """Press the reset button; what has come before is consumed.

        :raises NotPossible: when nobody said how.
        """
        if self._reset is None:
            raise self._not_possible(
                "cannot be reset", fix='say how in the settings of the board: reset = ["..."]'
            )
        self.console.note_reset()
        self._reset()
        self._record.resets += 1

    def symbol(self, name: str) -> Symbol:
        """Find a function or variable of the firmware.

        :raises UnknownName: when nothing, or more than one thing, is called so.
        """
        self.console.outstanding.look()
        return symbols_of(self._record.boot.elf, self._record.boot.symbols).named(name)

    def read_memory(self, address: int | str, size: int = 0) -> bytes:
        """Refuse: :raises NotPossible: always."""
        del address, size
        raise self._not_possible("does not let its memory be read")

    @property
    def registers(self) -> Mapping[str, int]:
        """Refuse: :raises NotPossible: always."""
        raise self._not_possible("does not let its registers be read")

    def where(self) -> Where:
        """Refuse: :raises NotPossible: always."""
        raise self._not_possible("does not tell where its firmware is")

    def faulted(self) -> Where | None:
        """Know nothing."""
        return None

    def post_mortem(self) -> Where:
        """Know nothing."""
        return Where()

    @property
    def instructions(self) -> int | None:
        """None: nobody counts."""
        return None

    def facts(self) -> MachineFacts:
        """Return what is known of this boot by now, as plain values."""
        if self._record.state == "running" and self.exit_status is not None:
            self._record.state, self._record.exit_status = "ended", self.exit_status
        return self._record.facts()

    def end(self) -> None:
        """Stop listening; a program is ended by who has started it."""
        self.facts()
        if self._record.state == "running":
            self._record.state = "stopped"
        self.console.close()

    def _not_possible(self, what: str, *, fix: str = "") -> NotPossible:
        kind = self.board.kind
        return NotPossible(f"board '{self.board.name}', of kind '{kind}', {what}.", fix=fix)


@contextlib.contextmanager
def line_machine(  # noqa: PLR0913  # what such a machine may have
    boot: Boot,
    source: Source,
    *,
    emulator: str,
    commands: Sequence[Sequence[str]] = (),
    handle: Handle | None = None,
    start: Callable[[], None] = lambda: None,
    reset: Callable[[], None] | None = None,
) -> Iterator[LineMachine]:
    """Run a machine whose console is ``source``, for as long as the block lasts.

    ``emulator`` is its name and version, ``commands`` what people type to boot the same. ``handle``
    is the program, when there is one that can end. ``start`` lets the guest go, once the console is
    attached. ``source`` is closed with the block, or when it cannot be attached.
    """
    boot.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        pump = pump_for(boot.rules, source, boot.folder / "console.log")
        argv = [word for one in commands[:1] for word in one]
        record = Record(boot=boot, argv=argv, pump=pump, emulator=emulator)
        stack.callback(record.finish)
        stack.callback(pump.forget)
        stack.callback(pump.close)
        _note_commands(record, commands)
        status = LineStatus(emulator, boot.folder, handle)
        console = Console(pump, rules=boot.rules, streams=Streams(status))
        _let_go(record, start)
        machine = LineMachine(record, console, handle=handle, reset=reset)
        stack.callback(machine.end)
        record.write()
        yield machine


def _let_go(record: Record, start: Callable[[], None]) -> None:
    record.begin()
    try:
        start()
    except BaseException:
        record.state = "failed"
        raise


def _note_commands(record: Record, commands: Sequence[Sequence[str]]) -> None:
    line = " && ".join(map(shlex.join, commands))
    record.command = line
    text = f"# The same boot by hand:\n{line}\n"
    try:
        write_whole(record.boot.folder / "command.txt", text.encode(errors="surrogateescape"))
    except OSError as error:
        record.lose("command.txt", error)
