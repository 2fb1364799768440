"""The keyboard of a guest: what is typed arrives at a moment of the guest's that is noted.

QEMU takes bytes from a pipe when its main loop comes to it, between any two instructions. So the
guest is stopped for it, which it does not notice: what its UART takes while it stands arrives
between two instructions that are known, and can arrive there once more. What the UART does not take
is taken back before the guest goes on, and tried again a little later.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.console import NamedPipes
from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.qemu.pace import Pace
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.errors import KaratosError

NAME = "console.typed"
#: Host seconds that a guest goes on between two attempts: at first, and when it takes nothing.
_FIRST, _LONGEST = 0.0005, 0.05
#: Instructions that a guest has for what was typed, or printed, before more is typed. When the boot
#: is repeated nobody sees what it prints in the few hundred before something arrives
#: (``trace.Trace.run_to``).
_APART = 2000
#: Rounds of QEMU's main loop in which it takes what it can.
_ROUNDS = 4
#: Bytes that may wait for the guest; of more than a screenful at once nobody asks when it arrived.
_ROOM, _EXACT, _BULK = 64 * 1024, 4096, 2048
#: Longest file that is read; another's may be endless.
_LONGEST_FILE = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """Bytes that arrived together: after so many ``instructions`` and guest's ``seconds``.

    ``printed`` is how many bytes of the console had been read by then.
    """

    instructions: int
    seconds: float
    printed: int
    data: bytes


class Keyboard(NamedPipes):
    """A console's pipes at ``path``; without :meth:`attach` they are pipes like others."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.typed: list[Typed] = []
        #: Whether something was typed of which nobody knows when it arrived.
        self.is_loose = False
        self._notes = path
        self._pace: Pace | None = None
        self._printed = 0
        self._waiting = bytearray()
        self._more = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        #: How many instructions there were at the last attempt to type, and since when nothing has
        #: arrived that the guest could answer; None until somebody looks.
        self._tried_at = -1
        self._quiet_since: int | None = None
        #: How often something has arrived.
        self.arrivals = 0
        #: Whether the UART took nothing of what waits, when that was tried last.
        self._is_refused = False

    def attach(self, pace: Pace, notes: Path) -> None:
        """Let ``pace`` stop the guest each time something arrives; that goes to ``notes``."""
        self._pace, self._notes = pace, notes

    def read_into(self, buffer: memoryview) -> int:
        """Block for at least one byte; 0 when the other end is closed for good."""
        size = super().read_into(buffer)
        self._printed += size
        return size

    def untaken(self) -> int:
        """Return how many bytes were typed that the guest has not taken yet."""
        return super().untaken() + len(self._waiting)

    def send(self, data: bytes, timeout: float) -> int:
        """Let ``data`` arrive; return how many bytes had room within ``timeout`` seconds."""
        if self._pace is None:
            return super().send(data, timeout)
        deadline, sent = Deadline(timeout), 0
        with self._more:
            while sent < len(data) and not self._closing:
                part = data[sent : sent + _ROOM - len(self._waiting)]
                self._waiting += part
                self._is_refused = False
                sent += len(part)
                self._begin(self._pace)
                self._more.notify_all()
                if sent < len(data) and not self._more.wait(deadline.left):
                    break
        return sent

    @property
    def is_due(self) -> bool:
        """Whether something was typed that could arrive, and has not been tried yet."""
        with self._more:
            return bool(self._waiting) and not (self._is_refused or self._closing)

    def press(self, data: bytes, qmp: Qmp) -> int:
        """Let ``data`` arrive at a guest that stands; return how many bytes its UART took."""
        sent = super().send(data, 1.0)
        for _ in range(_ROUNDS):
            qmp.ask("query-status")
            if not super().untaken():
                break
        return sent - self._take_back()

    def rest(self) -> None:
        """Let nothing arrive any more: the machine is about to end."""
        with self._more:
            self._closing = True
            self._more.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _begin(self, pace: Pace) -> None:
        if self._thread is None:
            run = threading.Thread(
                target=self._run, args=[pace], name="karatos-keyboard", daemon=True
            )
            self._thread = run
            run.start()

    def _run(self, pace: Pace) -> None:
        pause = _FIRST
        with contextlib.suppress(KaratosError, OSError):  # there is no machine any more
            while self._wait_for_more():
                pause = _FIRST if self._type(pace) else min(2 * pause, _LONGEST)
                with self._more:
                    self._more.wait_for(lambda: self._closing, pause)

    def _wait_for_more(self) -> bool:
        with self._more:
            self._more.wait_for(lambda: self._closing or bool(self._waiting))
            return not self._closing

    def _type(self, pace: Pace) -> bool:
        """Let arrive what the guest takes now; False when it takes nothing."""
        with self._more:
            self.is_loose = self.is_loose or len(self._waiting) > _EXACT
            data = bytes(self._waiting[: _BULK if self.is_loose else _EXACT])
        is_tried = True
        if self.is_loose:
            taken = super().send(data, _LONGEST)
        else:
            with pace.standing() as look:
                is_tried = self._is_time(look.instructions)
                taken = self.press(data, pace.qmp) if is_tried else 0
                if taken:
                    self._quiet_since = look.instructions
                    self._note(look.instructions, look.seconds, data[:taken])
        with self._more:
            del self._waiting[:taken]
            self.arrivals += bool(taken)
            self._is_refused = is_tried and not taken
            if not self._waiting:
                self._quiet_since = None
            self._more.notify_all()
        return bool(taken)

    def _is_time(self, instructions: int) -> bool:
        """Tell whether the guest has had time for what came before, or waits for more."""
        waits, self._tried_at = instructions == self._tried_at, instructions
        if self._quiet_since is None:
            self._quiet_since = instructions
        return waits or instructions - self._quiet_since >= _APART

    def _note(self, instructions: int, seconds: float, data: bytes) -> None:
        one = Typed(instructions=instructions, seconds=seconds, printed=self._printed, data=data)
        self.typed.append(one)
        line = json.dumps([one.instructions, one.seconds, one.printed, one.data.hex()])
        # A disk that takes no more costs the notes, and nothing else.
        with contextlib.suppress(OSError), self._notes.open("a") as file:
            file.write(f"{line}\n")

    def _take_back(self) -> int:
        """Take out of the pipe what nobody has read; return how many bytes that was."""
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while super().untaken():
                taken += len(os.read(self._writer, _ROOM))
        return taken


def read_typed(folder: Path) -> Sequence[Typed]:
    """Read what was typed in the boot of ``folder``; other lines are skipped."""
    try:
        with (folder / NAME).open("rb") as file:
            lines = file.read(_LONGEST_FILE).splitlines()
    except OSError:
        return ()
    return tuple(_entries(lines))


def _entries(lines: Sequence[bytes]) -> Iterator[Typed]:
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, OverflowError, RecursionError):
            instructions, seconds, printed, data = json.loads(line)
            yield Typed(
                instructions=int(instructions),
                seconds=float(seconds),
                printed=int(printed),
                data=bytes.fromhex(data),
            )
