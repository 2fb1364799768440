"""What a test measures of its boot, in instructions: exact, and the same on each machine."""

import itertools
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from pytest_karatos.debug.archs import arch_of
from pytest_karatos.debug.interrupts import interrupts_of
from pytest_karatos.debug.symbols import Place, symbols_of
from pytest_karatos.elf import read
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.stamps import Stamp
from pytest_karatos.emulators.steps import InterruptObserver, Observer
from pytest_karatos.errors import NotPossible, NotSeen, TooLittle
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.interrupts import InterruptFigures, Moments
from pytest_karatos.measure.marks import (
    ENTRY,
    TEXT,
    Mark,
    Passes,
    as_mark,
    entry,
    first_after,
    leaving,
    text_ends,
)
from pytest_karatos.measure.profile import Profile, Stacks
from pytest_karatos.measure.stack import StackUse, below, main_stack, stacks_of, used_of
from pytest_karatos.measure.touched import (
    HeapUse,
    RamUse,
    heap_at,
    ram_sections,
    ram_use,
    touched_up_to,
)
from pytest_karatos.measurement import Measurement

W = TypeVar("W", bound=Observer)
N = TypeVar("N", bound=InterruptObserver)


@runtime_checkable
class Repeating(Protocol):
    """A machine whose boot can be repeated with each instruction seen."""

    def stamps(self, offsets: Sequence[int], *, times: bool = False) -> dict[int, Stamp]:
        """Tell when bytes of the console left."""

    def memory_at(self, offset: int, places: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read memory as it was when a byte of the console left."""

    def observe(self, offset: int, make: Callable[[], W]) -> W:
        """Show each instruction up to a byte of the console to what ``make`` makes."""

    def interrupts(self, offset: int, make: Callable[[], N]) -> N:
        """Tell what ``make`` makes of the interrupts up to a byte of the console."""


class Measuring:
    """Measures the boot of ``machine`` up to the last byte that it has printed by now.

    ``note`` is handed each figure that a test records.
    """

    def __init__(
        self, machine: Machine, firmware: Firmware, note: Callable[[Measurement], None]
    ) -> None:
        self._machine = machine
        self._elf = firmware.elf
        self._symbols = symbols_of(firmware.elf)
        self._note = note
        self._passes: Passes | None = None
        self._seen_up_to = -1
        #: What was seen of interrupts up to a byte; of the last one asked for.
        self._moments: dict[int, Moments] = {}

    entry = staticmethod(entry)
    leaving = staticmethod(leaving)

    def instructions(self, after: Mark | str | None = None, until: Mark | str = "") -> int:
        r"""Count the instructions from ``after`` to the first ``until`` behind it.

        A text is what the console printed, up to the store of its last byte;
        ``measure.entry(NAME)`` and ``measure.leaving(NAME)`` are of a function. Without
        ``after`` it is from the reset on.

        :raises NotSeen: for a mark that was not passed.
        :raises NotPossible: where the boot cannot be repeated.
        """
        if not until:
            raise ValueError("until= says where to stop counting: a text, or a mark")
        begin = 0 if after is None else self._first(as_mark(after), -1)
        return self._first(as_mark(until), begin) - begin

    def every(self, mark: Mark | str) -> tuple[int, ...]:
        """Count the instructions from each time that ``mark`` is passed to the next.

        :raises TooLittle: when it was passed less than twice.
        """
        counts = self._counts(as_mark(mark))
        if len(counts) <= 1:
            raise TooLittle(
                f"{as_mark(mark)} was passed {len(counts)} times, so nothing lies in between.",
                why=f"it was looked for in the {self._last + 1} bytes that were printed by now.",
                fix="wait for more of the firmware before measuring",
            )
        return tuple(later - one for one, later in itertools.pairwise(counts))

    def interrupts(
        self, after: Mark | str | None = None, until: Mark | str = ""
    ) -> InterruptFigures:
        """Tell how long interrupts were off and waited, from ``after`` to the first ``until``.

        Without these it is from the reset to the last byte that was printed by now::

            found = measure.interrupts(after="ready")
            measure.record("interrupts_off", found.off.instructions)
            measure.record("latency", found.latency("SysTick").instructions)

        :raises NotSeen: for a mark that was not passed.
        :raises NotPossible: where the boot cannot be repeated, or its interrupts not followed.
        """
        last = self._last_of(until)
        if last not in self._moments:
            self._moments = {last: self._repeating.interrupts(last, Moments)}
        begin = 0 if after is None else self._first(as_mark(after), -1)
        end = self._first(as_mark(until), begin) if until else self._count_at(last)
        rules = interrupts_of(arch_of(read(self._elf)))
        offs, waits = self._moments[last].between(begin, end)
        return InterruptFigures(offs=offs, waits=waits, name_of=rules.name, place_of=self._place_of)

    def _place_of(self, address: int) -> Place | None:
        """Return where ``address`` is in the firmware's own sources, if it is in any of them."""
        places = self._symbols.places(address)
        own = [one for one in places if not one.is_library]
        return next(iter(own or places), None)

    def _inlined_at(self, address: int) -> tuple[str, ...]:
        """Name the functions that were inlined at ``address``, the outermost first."""
        places = self._symbols.places(address)
        return tuple(one.function for one in reversed(places) if one.inlined)

    def profile(self) -> Profile:
        """Count the instructions of each function, from the reset to the last byte.

        Functions that were inlined have their own, where the ELF has debug information.

        :raises NotPossible: where the boot cannot be repeated.
        """
        limit = self._count_at(self._last)
        table = self._symbols.table
        stacks = self._repeating.observe(
            self._last, lambda: Stacks(table=table, limit=limit, inlined_at=self._inlined_at)
        )
        return Profile(stacks=dict(stacks.counts))

    def stack(self, name: str = "", *, count: int = 1, guard: int = 0) -> tuple[StackUse, ...]:
        """Tell how deep stacks were used, up to the last byte that was printed.

        Without a ``name`` it is the stack that the processor begins on; else the variable of that
        name, which holds ``count`` of them, each with a ``guard`` of bytes at its lowest end.

        :raises UnknownName: when there is none.
        :raises NotPossible: where the boot cannot be repeated.
        """
        places = (
            stacks_of(self._symbols, name, count, guard)
            if name
            else [main_stack(self._elf, self._symbols)]
        )
        wanted = [(one.start, one.size) for one in places]
        contents = self._repeating.memory_at(self._last, wanted)
        return tuple(
            StackUse(
                name=one.name,
                size=one.size,
                used=used_of(content),
                below=below(self._symbols, one.start),
            )
            for one, content in zip(places, contents, strict=True)
        )

    def heap(self, name: str = "") -> HeapUse:
        """Tell how much of a heap was touched, up to the last byte that was printed.

        Without a ``name`` it is the section that the linker script sets aside for it; else the
        variable of that name. What lies behind the last touched byte was never used.

        :raises UnknownName: when there is none.
        :raises NotPossible: where the boot cannot be repeated.
        """
        place = heap_at(self._elf, self._symbols, name)
        (content,) = self._repeating.memory_at(self._last, [(place.start, place.size)])
        return HeapUse(name=place.name, size=place.size, used=touched_up_to(content))

    def ram(self) -> RamUse:
        """Tell how many bytes of each section in RAM hold something else than after the reset.

        :raises NotPossible: where the boot cannot be repeated.
        """
        places = ram_sections(self._elf, self._machine.board)
        wanted = [(one.start, one.size) for one in places]
        contents = self._repeating.memory_at(self._last, wanted)
        return ram_use(self._elf, places, contents)

    def record(self, name: str, value: float, unit: str = "instructions") -> None:
        """Put a figure into the report; a budget of that name judges it.

        :raises ValueError: for a name or a value that cannot be one.
        """
        self._note(Measurement(name=name, value=value, unit=unit))

    @property
    def _repeating(self) -> Repeating:
        if not isinstance(self._machine, Repeating):
            raise NotPossible(
                f"the boot of board '{self._machine.board.name}' cannot be repeated.",
                why="instructions are counted in a second boot that is the same as the first.",
            )
        return self._machine

    @property
    def _last(self) -> int:
        """The place of the last byte that was printed by now."""
        transcript = self._machine.console.transcript
        size = transcript.stat().st_size if transcript.is_file() else 0
        if not size:
            raise TooLittle(
                "the firmware has printed nothing yet, so it is not known up to where to measure.",
                why="what is measured ends with the last byte of the console.",
                fix="wait for a text before measuring",
            )
        return size - 1

    def _count_at(self, offset: int) -> int:
        """Return how many instructions there were up to that byte of the console."""
        return self._repeating.stamps([offset])[offset].instructions

    def _last_of(self, until: Mark | str) -> int:
        """Return the place of the last byte that has to be seen for ``until``."""
        if isinstance(until, str) and until:
            ends = text_ends(self._machine.console.transcript.read_bytes(), until)
            return max(ends, default=self._last)
        return self._last

    def _first(self, mark: Mark, count: int) -> int:
        found = first_after(self._counts(mark), count)
        if found is None:
            behind = f" after {count:,} instructions" if count > 0 else ""
            raise NotSeen(
                f"{mark} was not passed{behind}.",
                why=f"it was looked for in the {self._last + 1} bytes that were printed by now.",
                fix="wait for what comes after it, or look at the spelling; inlined functions "
                "have no entry",
            )
        return found

    def _counts(self, mark: Mark) -> Sequence[int]:
        """Return after how many instructions ``mark`` was passed, each time."""
        if mark.kind == TEXT:
            printed = self._machine.console.transcript.read_bytes()
            ends = text_ends(printed, mark.name)
            stamps = self._repeating.stamps(ends) if ends else {}
            return [stamps[one].instructions for one in ends]
        address = self._symbols.named(mark.name).address
        passes = self._passes_of(address)
        return (passes.entries if mark.kind == ENTRY else passes.exits).get(address, [])

    def _passes_of(self, address: int) -> Passes:
        known, last = self._passes, self._last
        if known is None or address not in known.starts or self._seen_up_to < last:
            starts = frozenset([*(known.starts if known else ()), address])
            known = self._repeating.observe(last, lambda: Passes(starts=starts))
            self._passes, self._seen_up_to = known, last
        return known
