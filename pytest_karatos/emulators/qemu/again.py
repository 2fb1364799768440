"""The same boot once more, with instruments: when each byte left the console, in the guest's terms.

The first boot pays nothing for it. The second one prints the same bytes, or nothing is told of it:
they are compared. Where the guest waited in between, its time is not its count of instructions;
then a third boot is stopped behind each byte that is asked for, and its clock is read.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from pytest_karatos.console import Console
from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.archs import arch_of
from pytest_karatos.debug.interrupts import interrupts_of
from pytest_karatos.debug.where import Where
from pytest_karatos.elf import read, read_image
from pytest_karatos.elf.nameless import nameless
from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.interrupts import InterruptLog, words_of
from pytest_karatos.emulators.qemu.keyboard import Keyboard, Typed
from pytest_karatos.emulators.qemu.schedule import schedule_of
from pytest_karatos.emulators.qemu.steps import Steps
from pytest_karatos.emulators.qemu.trace import TooFar, Trace, attempts
from pytest_karatos.emulators.stamps import Stamp, Stamps
from pytest_karatos.emulators.steps import InterruptObserver, Observer
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import NotPossible

#: Host seconds that all of it may take.
_SECONDS = 120.0
#: How long bytes may lag behind the store that sent them, in seconds.
_LAG = 10.0
_SHIFT = re.compile(r"(?:^|,)shift=(\d+)(?:,|$)")
_NANO, _MICRO = 1e9, 1e6

T = TypeVar("T")
#: What looks at each instruction.
W = TypeVar("W", bound=Observer)
#: What looks at interrupts.
N = TypeVar("N", bound=InterruptObserver)


class Printed(Protocol):
    """A console of which the bytes are kept."""

    @property
    def transcript(self) -> Path:
        """The file with them."""


class Typing(Protocol):
    """What a guest was typed on."""

    @property
    def typed(self) -> Sequence[Typed]:
        """What arrived, and when."""

    @property
    def is_loose(self) -> bool:
        """Whether something was typed of which nobody knows when it arrived."""


class First(Protocol):
    """The machine whose boot is repeated, or what is left of it."""

    @property
    def console(self) -> Printed:
        """What it printed."""

    @property
    def keyboard(self) -> Typing | None:
        """What was typed."""

    def facts(self) -> MachineFacts:
        """Return what is known of it."""


class Held(Protocol):
    """A machine that stands wherever its trace has let it come."""

    console: Console
    keyboard: Keyboard | None
    trace: Trace | None

    def status_within(self, seconds: float) -> int | None:
        """Wait up to ``seconds`` for its end, and return the exit status."""

    def where_soon(self) -> Where:
        """Say where the firmware is; raises nothing."""

    def read_memory(self, address: int | str, size: int = 0) -> bytes:
        """Read physical memory."""


#: What boots a machine that is held.
Starter = Callable[[Boot], AbstractContextManager[Held]]


class Again:
    """Repeats ``boot`` of the machine ``first``; ``start`` boots."""

    def __init__(self, boot: Boot, first: First, start: Starter) -> None:
        self._boot = boot
        self._first = first
        self._start = start
        self._counts: Sequence[int] = ()
        self._never_waited = False
        self._is_sure = False
        self._times: dict[int, float] = {}

    def stamps(self, offsets: Sequence[int], *, times: bool) -> Mapping[int, Stamp]:
        """Return the stamps of the bytes at ``offsets`` of the console; with their ``times``.

        :raises NotPossible: where the boot cannot be repeated, or was another one this time.
        """
        self.require()
        if offsets and max(offsets) >= len(self._counts):
            self._count_up_to(max(offsets))
        if times:
            self._tell_times([one for one in offsets if one not in self._times])
        return {
            one: Stamp(instructions=self._counts[one], seconds=self._times[one] if times else None)
            for one in offsets
        }

    def observe(self, offset: int, make: Callable[[], W]) -> W:
        """Show each instruction up to the byte at ``offset``, or some more, to what ``make`` makes.

        :raises NotPossible: as :meth:`stamps` does.
        """
        self.require()
        made: list[W] = []

        def begin(trace: Trace) -> None:
            made.append(make())
            trace.begin(partial(Steps, made[-1]))

        self._count_up_to(offset, begin)
        return made[-1]

    def interrupts(self, offset: int, make: Callable[[], N]) -> N:
        """Tell what ``make`` makes of the interrupts up to the byte at ``offset``, or some more.

        :raises NotPossible: as :meth:`stamps` does, and where interrupts cannot be followed.
        """
        self.require()
        if self._typed(offset):
            raise NotPossible(
                "interrupts cannot be followed in a boot in which something was typed.",
                fix="measure before the test types",
            )
        elf = read(self._boot.elf)
        rules, image = interrupts_of(arch_of(elf)), read_image(elf)
        made: list[N] = []

        def begin(trace: Trace) -> None:
            made.append(make())
            trace.begin(partial(InterruptLog, rules, image, made[-1]), words_of(rules))

        self._count_up_to(offset, begin)
        return made[-1]

    def at(self, offset: int, ask: Callable[[Held], T]) -> T:
        """Ask a machine that stands right behind the byte at ``offset`` of the console.

        :raises NotPossible: as :meth:`stamps` does.
        """
        self.stamps([offset], times=False)
        return self._several(lambda held, _: self._ask_at(held, offset, ask))

    def _ask_at(self, held: Held, offset: int, ask: Callable[[Held], T]) -> T:
        self._behind(held, offset)
        self.compare_so_far(held.console)
        return ask(held)

    def _count_up_to(self, offset: int, begin: Callable[[Trace], None] = Trace.begin) -> None:
        self._counts = self._several(lambda held, stamps: self._count(held, stamps, offset), begin)
        if not self._is_sure:
            self._several(lambda held, _: self._require_no_fault(held, offset))

    def require(self) -> None:
        """Raise NotPossible where the boot cannot be repeated."""
        board, facts = self._boot.board, self._first.facts()
        if schedule_of(self._boot.variation) is not None:
            raise NotPossible(
                f"time was let pass in this boot ({self._boot.variation}), which is not done where "
                "instructions are counted."
            )
        if not _SHIFT.search(board.icount) or "sleep=off" not in board.icount:
            raise NotPossible(
                f"board '{board.name}' has icount = \"{board.icount}\", and so no two boots alike.",
                why="when a line came is told by a second boot that is the same as the first.",
                fix='let the board have icount = "shift=5,sleep=off"',
            )
        if board.watch.filter:
            raise NotPossible(
                f"the console of board '{board.name}' is what a filter made of its bytes.",
                why="when a line of it left the guest is not known.",
            )
        if self._first.keyboard is not None and self._first.keyboard.is_loose:
            raise NotPossible(
                "so much was typed at once that it is not known when each byte of it arrived.",
                fix="type less than 4 KiB at a time",
            )
        if facts["resets"]:
            raise NotPossible("the machine was reset, at a moment that cannot be repeated.")

    def _tell_times(self, offsets: Sequence[int]) -> None:
        wanted = sorted(set(offsets))
        if self._never_waited:
            found = [self._time_of(self._counts[one]) for one in wanted]
        elif wanted:
            found = self._several(lambda held, _: self._visit(held, wanted))
        self._times.update(zip(wanted, found, strict=True) if wanted else ())

    def _several(
        self, ask: Callable[[Held, Stamps], T], begin: Callable[[Trace], None] = Trace.begin
    ) -> T:
        """Boot and ask, and again where a busy host stopped the guest too late."""
        for is_last in attempts(_SECONDS):
            try:
                return self._once(ask, begin)
            except TooFar:
                if is_last:
                    raise
        raise AssertionError

    def _once(self, ask: Callable[[Held, Stamps], T], begin: Callable[[Trace], None]) -> T:
        stamps = Stamps()
        with private_folder() as folder, self._start(held_boot(self._boot, folder, stamps)) as held:
            begin(trace_of(held))
            return ask(held, stamps)

    def _count(self, held: Held, stamps: Stamps, last: int) -> Sequence[int]:
        trace, came = trace_of(held), held.console.transcript
        deadline = Deadline(_SECONDS)
        for one in self._typed(last):
            self._type(held, one, deadline)
        if not trace.run_until(lambda: came.stat().st_size > last, deadline.left):
            raise self._late()
        held.console.drain(_LAG)
        printed = came.read_bytes()
        self._compare(printed, last)
        found = stamps.all_of(printed, last)
        self._is_sure = not trace.ended  # who stands tells of faults; one that has ended does not
        _refuse_faults(trace)
        self._never_waited = not trace.ended and trace.seconds == self._time_of(trace.instructions)
        return found

    def _require_no_fault(self, held: Held, offset: int) -> None:
        """Raise NotPossible when an instruction faulted before the byte at ``offset``."""
        _refuse_faults(self._behind(held, offset))

    def _behind(self, held: Held, offset: int) -> Trace:
        """Let ``held`` come right behind the byte at ``offset``; return its log."""
        deadline, trace = Deadline(_SECONDS), trace_of(held)
        for one in self._typed(offset):
            self._type(held, one, deadline)
        trace.run_to_begun(self._counts[offset], deadline.left)
        return trace

    def _visit(self, held: Held, offsets: Sequence[int]) -> list[float]:
        """Stop behind each of the bytes at ``offsets``, and read the clock."""
        deadline, trace = Deadline(_SECONDS), trace_of(held)
        times, typed = [], deque(self._typed(offsets[-1]))
        for offset in offsets:
            while typed and typed[0].instructions < self._counts[offset]:
                self._type(held, typed.popleft(), deadline)
            trace.run_to(self._counts[offset], deadline.left)
            _refuse_faults(trace)
            times.append(trace.seconds)
        held.console.drain(_LAG)
        self._compare(held.console.transcript.read_bytes(), offsets[-1])
        return times

    def _typed(self, last: int) -> Sequence[Typed]:
        """Return what was typed before the byte ``last`` of the console came."""
        keyboard = self._first.keyboard
        return [one for one in keyboard.typed if one.printed <= last] if keyboard else []

    def _type(self, held: Held, one: Typed, deadline: Deadline) -> None:
        """Let something typed arrive at the moment at which it did."""
        trace_of(held).run_to(one.instructions, deadline.left)
        let_arrive(held, one)

    def _time_of(self, instructions: int) -> float:
        """Return the time of a guest that never waited, as its clock says it."""
        (shift,) = _SHIFT.findall(self._boot.board.icount)
        return (instructions << int(shift)) // 1000 / _MICRO

    def compare_so_far(self, console: Console) -> None:
        """Compare all that a guest that stands has printed with what the first one did.

        :raises NotPossible: when that is something else.
        """
        console.drain(_LAG)
        printed = console.transcript.read_bytes()
        self._compare(printed, len(printed) - 1)

    def compare_all(self, console: Console) -> None:
        """Compare all that a guest has printed that has ended too with all of the first one.

        :raises NotPossible: when that is something else.
        """
        console.wait_for_last_byte(_LAG)
        printed = console.transcript.read_bytes()
        self._compare(printed, max(len(printed), self._first.console.transcript.stat().st_size))

    def _compare(self, again: bytes, last: int) -> None:
        with self._first.console.transcript.open("rb") as file:
            first = file.read(last + 1)
        if again[: last + 1] == first:
            return
        same = next(
            (at for at, (one, other) in enumerate(zip(first, again, strict=False)) if one != other),
            min(len(first), len(again)),
        )
        raise NotPossible(
            f"the boot was another one when it was repeated, from byte {same} of the console on: "
            f"{first[same : same + 16]!r} was {again[same : same + 16]!r}.",
            why="when a line came is told by a second boot that is the same as the first.",
        )

    def _late(self) -> NotPossible:
        return NotPossible(
            f"to repeat the boot with each instruction counted took more than {_SECONDS:g} s.",
            fix="ask for events that come earlier",
        )


def held_boot(boot: Boot, folder: Path, stamps: Stamps) -> Boot:
    """Return ``boot`` once more, held before its first instruction, its files in ``folder``."""
    elf, origin = nameless(boot.elf, folder / "firmware.elf"), boot.origin or boot.elf
    return replace(boot, elf=elf, origin=origin, folder=folder / "boot", stamps=stamps, held=True)


def _refuse_faults(trace: Trace) -> None:
    """Raise NotPossible where the log has more instructions than were executed."""
    if trace.faulted:
        raise NotPossible(
            f"{trace.faulted} instructions faulted, and it is not known which were counted twice."
        )


def let_arrive(held: Held, one: Typed) -> None:
    """Type into a machine that stands after as many instructions as when that was typed first.

    :raises NotPossible: where it cannot be, at that time or at all.
    """
    trace = trace_of(held)
    trace.wait_for_time(one.seconds)
    if held.keyboard is None:
        raise NotPossible("nothing can be typed into this machine.")
    trace.press(held.keyboard, one.data)


def trace_of(held: Held) -> Trace:
    """Return the log of a machine that is held.

    :raises NotPossible: when it keeps none.
    """
    if held.trace is None:
        raise NotPossible("this machine keeps no log of its instructions.")
    return held.trace
