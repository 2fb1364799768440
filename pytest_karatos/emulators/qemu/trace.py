"""QEMU's own log of a boot, read while it is written: each instruction, each store to a device.

Nothing of it is seen by the guest, whose output stays the same byte for byte. It goes through a
pipe, so nothing of it is kept; QEMU waits for us where it is faster. That is also how a guest is
stopped at one instruction and no other (:meth:`Trace.run_to`): no breakpoint, which would move the
guest's time, but a pipe that has no room for the next line.
"""

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator

from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.qemu.keyboard import Keyboard
from pytest_karatos.emulators.qemu.log_pipe import PAGE, LogPipe
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.emulators.qemu.steps import LogReader
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.errors import MachineEnded, NotPossible

#: One instruction a block, by its name since QEMU 8.1 and by the one before: then the log has a
#: line for each instruction.
_SINGLE = ("one-insn-per-tb on", "singlestep on")
#: A log of what never happens in a machine: the file stays open.
_SILENT = "log strace"
_FREE = ("one-insn-per-tb off", "singlestep off")
_STORES = "memory_region_ops_write"
_LOG = f"log exec,nochain,trace:{_STORES}"
#: All lines but those of instructions. A block that is begun again, or is not begun after all, has
#: a line that counts for nothing.
_OTHERS = re.compile(
    rb"^(?:(cpu_io_recompile: rewound|Stopped execution)"
    rb"|memory_region_ops_write .*?addr (0x[0-9a-f]+) value (0x[0-9a-f]+) )",
    re.MULTILINE,
)
_INSTRUCTION = b"\nTrace "
#: About as long is a line of an instruction, in bytes; :class:`Counter` knows better.
_LINE = 64
#: How often at least a boot is begun anew that was stopped an instruction too late.
_ATTEMPTS = 5
#: So many instructions before its end a run is slowed down: a pipe of the usual size holds fewer
#: than half of them, and then one of a page.
_SLOW, _CRAWL = 6000, 300
#: So many instructions before its end a quick run is made slower, and then logged: more than are
#: executed on a busy host before it is stopped.
_FAST, _BRISK = 50_000_000, 2_000_000
#: Host seconds between two looks at a guest that hurries.
_SHORTEST, _LONGEST = 0.0005, 0.2
#: How long reading may lag behind the end of QEMU, in seconds: a pipe's content takes none of it.
_REST = 10.0
#: Seconds for an answer of a QEMU that has all the room it may want.
_ANSWER = 30.0
#: Seconds for one look at the pipe, for a step, and between QEMU's hearing and its heeding: where
#: a guest that gets room too early would come too far, and elsewhere.
_MOST_WAITS = 50
_LOOK, _STEP, _LAST_LAG, _LAG = 0.05, 0.05, 0.015, 0.003


class TooFar(NotPossible):
    """A guest was stopped too late; the next attempt may be better."""


def attempts(seconds: float) -> Iterator[bool]:
    """Yield for each attempt on a host that may be busy; true: it is the last, time is over."""
    deadline = Deadline(seconds)
    for number in itertools.count(1):
        yield number >= _ATTEMPTS and deadline.expired


class Counter:
    r"""Counts the instructions in the log, fed in pieces of any size.

    >>> stamps = Stamps()
    >>> counter = Counter(stamps)
    >>> counter.feed(b"Trace 0: 0x7f [1]\ncpu_io_recompile: rewound execution of ")
    >>> counter.feed(b"TB to 1e\nTrace 0: 0x7f [1]\nmemory_region_ops_write cpu 0 mr 0x5 ")
    >>> counter.feed(b"addr 0x4 value 0x68 size 1\n")
    >>> counter.instructions, stamps.at(b"h", 0)
    (1, 1)
    """

    def __init__(
        self, stamps: Stamps, instructions: int = 0, reader: LogReader | None = None
    ) -> None:
        self.instructions = instructions
        self._reader = reader
        #: How long the last line of an instruction was, in bytes.
        self.line = _LINE
        self._stamps = stamps
        self._torn = b""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        whole, end, self._torn = (self._torn + data).rpartition(b"\n")
        text = b"\n" + whole + end
        if self._reader is not None:
            self._reader.feed(text)
        at = 0
        for found in _OTHERS.finditer(text):
            self.instructions += text.count(_INSTRUCTION, at, found.start())
            at = found.start() - 1
            if found[1]:
                self.instructions -= 1
            else:
                self._stamps.note(found[2].decode(), int(found[3], 16), self.instructions)
        self.instructions += text.count(_INSTRUCTION, at)
        last = text.rfind(_INSTRUCTION)
        if last >= 0:
            self.line = text.find(b"\n", last + 1) - last


class Trace:
    """The log of one QEMU, which is stopped at first; between two calls the guest stands.

    ``alive`` tells whether QEMU runs, ``clock`` the time of a guest that stands.
    """

    def __init__(
        self,
        pipe: LogPipe,
        qmp: Qmp,
        stamps: Stamps,
        *,
        alive: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._pipe = pipe
        self._clock = clock
        self._qmp = qmp
        self._alive = alive
        self._stamps = stamps
        self._counter = Counter(stamps)
        self._make_reader: Callable[[int], LogReader] | None = None
        self._log = _LOG
        #: Instructions that faulted: each is in the log, and QEMU does not count it.
        self.faulted = 0
        self._time: float | None = None
        #: Whether the machine ended by itself while it was let go on.
        self.ended = False
        self._follower: threading.Thread | None = None

    @property
    def instructions(self) -> int:
        """How many were executed, and those that faulted since it stood last."""
        return self.begun - self.faulted

    @property
    def begun(self) -> int:
        """How many have been begun: those that faulted too."""
        return self._counter.instructions

    @property
    def seconds(self) -> float:
        """The guest's time where it stands."""
        if self._time is None:  # QEMU tells it once for each time that the guest stands
            self._time = self._clock()
        return self._time

    def begin(self, reader: Callable[[int], LogReader] | None = None, words: str = "") -> None:
        """Let QEMU log from here on, and ``words`` besides the instructions.

        ``reader`` makes what reads it, each time that the log begins after so many instructions.

        :raises NotPossible: when this QEMU cannot.
        """
        self._make_reader, self._log = reader, ",".join(filter(None, (_LOG, words)))
        make_single(self._qmp)
        for one in (f"logfile {self._pipe.path}", self._log):
            if not self._qmp.obeys(one):
                raise NotPossible(f"this QEMU refuses '{one.partition('/')[0]}'.")
        self._pipe.forget_name()
        self._count_from_here()

    def _count_from_here(self) -> None:
        asked = self._asked()
        reader = self._make_reader(asked) if self._make_reader else None
        self._counter = Counter(self._stamps, asked, reader)
        self.faulted = 0

    def come_near(self, instructions: int, seconds: float) -> None:
        """Let the guest go on quickly, to some way before so many instructions; none is logged.

        :raises TooFar: when it was stopped too late.
        """
        if instructions - self.instructions < _BRISK:
            return
        deadline = Deadline(seconds)
        for one in (_SILENT, *_FREE):
            self._qmp.obeys(one)
        self._hurry(instructions - _FAST, deadline)
        make_single(self._qmp)
        self._hurry(instructions - _BRISK, deadline)
        self._qmp.obeys(self._log)
        self._count_from_here()
        if self.instructions > instructions:
            raise TooFar(
                f"the guest was stopped {self.instructions - instructions} instructions too late: "
                "a busy host."
            )

    def _hurry(self, instructions: int, deadline: Deadline) -> None:
        at, pause = self._asked(), _SHORTEST
        while at < instructions and not deadline.expired:
            self._qmp.ask("cont")
            time.sleep(pause)
            self._qmp.ask("stop")
            before, at = at, self._asked()
            went, left = max(1, at - before), instructions - at
            pause = min(_LONGEST, 2 * pause, max(_SHORTEST, pause * left / (2 * went)))

    def end(self) -> None:
        """Log no more: whoever lets the guest go on now does it at full speed."""
        for one in ("log none", *_FREE):
            self._qmp.obeys(one)
        self._pipe.take()

    def follow(self) -> None:
        """Read in a thread of its own what a guest does that others let go; until QEMU ends."""
        self._follower = threading.Thread(target=self._read, name="karatos-trace", daemon=True)
        self._follower.start()

    def _read(self) -> None:
        while (data := self._pipe.read(_LOOK)) is not None:
            self._counter.feed(data)

    def close(self) -> None:
        """Read what is left, when QEMU is gone."""
        if self._follower is not None:
            self._follower.join(_REST)
        self._pipe.close()

    def run_until(self, is_enough: Callable[[], bool], seconds: float) -> bool:
        """Let the guest go on until ``is_enough``, or its end; False when ``seconds`` are over."""
        deadline = Deadline(seconds)
        self._pipe.widen()
        try:
            self._go()
            self._read_until(is_enough, deadline)
            is_found = is_enough()
            self._stop()
        except MachineEnded:
            self.ended = is_found = True
            while data := self._pipe.read(0):
                self._counter.feed(data)
        return is_found

    def _read_until(self, is_enough: Callable[[], bool], deadline: Deadline) -> None:
        while not (is_enough() or deadline.expired):
            data = self._pipe.read(_LOOK)
            if data is None or (not data and not self._alive()):
                raise MachineEnded("QEMU ended, as its guest wanted.")
            self._counter.feed(data)

    def run_to(self, instructions: int, seconds: float) -> None:
        """Let the guest go on until it has executed so many instructions, and not one more.

        :raises TooFar: when it was stopped too late.
        :raises NotPossible: when it is further already, or does not come so far.
        """
        self._run_to(instructions, lambda: self.instructions, Deadline(seconds))

    def run_to_begun(self, instructions: int, seconds: float) -> None:
        """Let the guest go on as :meth:`run_to` does, where those count that faulted too."""
        self._run_to(instructions, lambda: self.begun, Deadline(seconds))

    def _run_to(self, wanted: int, came: Callable[[], int], deadline: Deadline) -> None:
        try:
            self._come_to(wanted, came, deadline)
        except MachineEnded as error:
            # It ends a few instructions behind the wanted one, and was not stopped in time.
            raise TooFar(f"the guest came to its end instead of {wanted} instructions.") from error

    def _come_to(self, wanted: int, came: Callable[[], int], deadline: Deadline) -> None:
        if came() > wanted:
            raise NotPossible(
                f"the guest has executed {came()} instructions already, more than {wanted}."
            )
        if wanted - came() > 2 * _SLOW:
            self._pipe.widen()
            self._go_on_to(wanted - _SLOW, came, deadline)
        # While the guest stands: one that runs may fill the pipe faster than it can be narrowed.
        self._counter.feed(self._pipe.narrow())
        if wanted - came() > 2 * _CRAWL:
            self._go_on_to(wanted - _CRAWL, came, deadline)
        # A store's line would take the room of an instruction's, and QEMU would wait there deaf.
        self._log_stores(on=False)
        while came() < wanted and not deadline.expired:
            self._step(wanted - came())
        self._log_stores(on=True)
        if came() > wanted:
            far = came() - wanted
            raise TooFar(f"the guest was stopped {far} instructions too late: a busy host.")
        if came() < wanted:
            raise NotPossible("the guest did not come so far.")

    def _go_on_to(self, wanted: int, came: Callable[[], int], deadline: Deadline) -> None:
        """Let the guest go on to ``wanted``, and as much further as the pipe has room for."""
        self._go()
        self._read_up_to(wanted, came, deadline)
        self._stop()

    def _go(self) -> None:
        self._read_while_waiting(self._qmp.begin("cont"), _LAG)

    def _read_while_waiting(self, is_done: Callable[[float], bool], lag: float) -> None:
        """Read until QEMU has answered, which it does not while a store waits for room in the log.

        :raises NotPossible: when it never does.
        """
        deadline = Deadline(_ANSWER)
        while not is_done(lag):
            self._counter.feed(self._pipe.take())
            if deadline.expired:
                raise NotPossible(f"QEMU did not answer within {_ANSWER:g} s.")

    def wait_for_time(self, seconds: float) -> None:
        """Let time pass for a guest that waits for it, until its clock says ``seconds``.

        :raises NotPossible: when it is later, or the guest does not wait.
        """
        at = self.instructions
        for _ in range(_MOST_WAITS):
            if self.seconds >= seconds or self.instructions != at:
                break
            self._step(0)
        if (self.instructions, self.seconds) != (at, seconds):
            raise NotPossible(
                f"the guest's time was {self.seconds:.6f} s after {self.instructions} instructions,"
                f" not {seconds:.6f} s after {at}."
            )

    def press(self, keyboard: Keyboard, data: bytes) -> None:
        """Let typed ``data`` arrive where the guest stands.

        :raises NotPossible: when its UART does not take all of it, as it did before.
        """
        if keyboard.press(data, self._qmp) != len(data):
            raise NotPossible(f"the guest did not take {data!r} a second time.")

    def _read_up_to(self, wanted: int, came: Callable[[], int], deadline: Deadline) -> None:
        while came() < wanted:
            data = self._pipe.read(_LOOK)
            if data is None or (not data and not self._alive()):
                raise MachineEnded("QEMU ended before the guest had come so far.")
            self._counter.feed(data)
            if deadline.expired:
                raise NotPossible("the guest did not come so far.")

    def _step(self, most: int) -> None:
        """Let the guest go on by ``most`` instructions, or as many as a page has room for."""
        line = self._counter.line
        room = min(most * line, PAGE)
        self._pipe.leave(room)
        self._qmp.ask("cont")
        self._pipe.wait_until_full(line, _STEP)
        self._stop(_LAST_LAG if most * line < PAGE else _LAG)

    def _stop(self, lag: float = _LAG) -> None:
        """Stop the guest, which may wait for room: it gets some when QEMU has heard us."""
        self._time = None
        is_stopped = self._qmp.begin("stop")
        self._qmp.wait_until_heard(_STEP)
        self._read_while_waiting(is_stopped, lag)
        self._counter.feed(self._pipe.take())
        self._pipe.end_filling()
        asked = self._asked()
        if asked > self.begun:
            raise NotPossible(f"QEMU counts {asked} instructions, its log {self.begun}.")
        self.faulted = self.begun - asked

    def _log_stores(self, *, on: bool) -> None:
        self._qmp.ask("trace-event-set-state", name=_STORES, enable=on)

    def _asked(self) -> int:
        return int(self._qmp.ask("query-replay")["icount"])


def make_single(qmp: Qmp) -> None:
    """Let QEMU translate, and log, one instruction at a time.

    :raises NotPossible: when this QEMU cannot.
    """
    if not any(qmp.obeys(one) for one in _SINGLE):
        raise NotPossible("this QEMU cannot count single instructions.")
