"""Where a stopped machine is: the frames and the fault of each core, and one line that says it.

What people want to read first is the place in their own code, not the handler that spins: the
frame that faulted, or the one that called what panics.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_karatos.debug.dead_ends import DeadEnd, dead_end_of
from pytest_karatos.debug.debugger import Debugger
from pytest_karatos.debug.facts import CoreFacts, FrameFacts, WhereFacts
from pytest_karatos.debug.faults import FaultReport
from pytest_karatos.debug.frame import Frame
from pytest_karatos.debug.symbols import Place
from pytest_karatos.errors import KaratosError

#: Frames of one core that are printed.
_SHOWN = 12
#: How an ELF gets lines.
LINE_TABLES = '(cargo: debug = "line-tables-only" in the profile; gcc, clang: -g1)'
_LINES = (
    "the ELF has no lines: build with line tables, which change no code of most compilers "
    f"{LINE_TABLES}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """A core (hart) that stands: its registers, and its frames from the innermost on.

    ``name`` is empty where the machine has one core only. ``fault`` is the one that it is in;
    ``dead_end`` the function that it cannot leave, such as a panic handler. ``trouble`` says why
    nothing more is known.
    """

    name: str = ""
    registers: Mapping[str, int]
    frames: tuple[Frame, ...] = ()
    fault: FaultReport | None = None
    dead_end: DeadEnd | None = None
    trouble: str = ""

    @property
    def broken(self) -> tuple[Frame, ...]:
        """The frames from the one that faulted on; all where none did."""
        if self.fault is None:
            return self.frames
        at = self.frames.index(self.fault.frame) if self.fault.frame else len(self.frames)
        return self.frames[at:]

    @property
    def place(self) -> Place | None:
        """Where it is in the code that people wrote: of a fault or a panic, what led to it."""
        frames, skipped = self.broken, self.dead_end.places if self.dead_end else 0
        if self.dead_end is not None and self.dead_end.is_handler:
            frames, skipped = _interrupted(frames), 0
        places = [place for frame in frames for place in frame.places][skipped:]
        own = (one for one in places if not one.is_library)
        return next(own, places[0] if places else None)

    @property
    def headline(self) -> str:
        """What is wrong with it, in one line; empty when nothing is."""
        if self.dead_end is None:
            return self.fault.headline if self.fault is not None else ""
        where = f" in {self.place_text}" if self.place else ""
        kind = self.fault.kind if self.fault else self._exception
        how = f", {kind}" if kind else ""
        return f"{self.dead_end.means}{where} ({self.dead_end.function}{how})"

    @property
    def _exception(self) -> str:
        """The exception that is being served, if one is."""
        return next((one.exception for one in self.frames if one.exception), "")

    @property
    def place_text(self) -> str:
        """The place, and the calls through which the compiler has put it there."""
        place = self.place
        holder = next((one for one in self.frames if place in one.places), None)
        return holder.text_of(place) if holder is not None and place is not None else str(place)

    def lines(self) -> Iterator[str]:
        """Say it for people: a line for each frame, and one for each fault register."""
        head = f"{self.name}: " if self.name else ""
        if self.trouble:
            yield f"{head}{self.trouble}"
        for number, frame in enumerate(self.frames[:_SHOWN]):
            yield f"{head}#{number:<2} {frame}"
        if len(self.frames) > _SHOWN:
            yield f"{head}... {len(self.frames) - _SHOWN} more frames"
        if self.fault is not None and self.fault.registers:
            yield f"{head}fault registers: {', '.join(map(str, self.fault.registers))}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where a machine is: what :meth:`pytest_karatos.Machine.where` returns, and print shows.

    ``frames``, ``place`` and ``fault`` are those of the core that matters. ``trouble`` says why
    nothing is known, where ``cores`` is empty, or why not all. ``printed`` are places whose
    addresses the firmware itself printed before it ended, that of its program counter first.
    ``ended``: it was looked at just before its end, or not at all.
    """

    cores: tuple[Core, ...] = ()
    trouble: str = ""
    printed: tuple[Frame, ...] = ()
    ended: bool = False

    @property
    def core(self) -> Core:
        """The core that matters: the first that is in a fault or a panic, else the first."""
        cores = self.cores or (Core(registers={}),)
        return next((one for one in cores if one.headline), cores[0])

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The functions that are not finished, the innermost first."""
        return self.core.frames

    @property
    def place(self) -> Place | None:
        """Function, file and line in the code that people wrote; None where nobody knows."""
        return self._printed_place or self.core.place

    @property
    def _printed_place(self) -> Place | None:
        """What its own words name as the place of its crash, where no core tells of one."""
        first = None if self.headline else next(iter(self.printed), None)
        return first.place if first is not None and first.is_exact else None

    @property
    def goes_on_in(self) -> str:
        """What to say of a firmware in which nothing else is known to be wrong; may be empty."""
        if (place := self._printed_place) is not None:
            return f"the address that it printed is in {self.printed[0].text_of(place)}"
        verb = "it ended in" if self.ended else "the processor is in"
        return f"{verb} {self.core.place_text}" if self.core.place else ""

    @property
    def fault(self) -> FaultReport | None:
        """The fault that the processor is in; None when it is in none."""
        return self.core.fault

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of all functions that are not finished, inlined ones too."""
        return tuple(place.function for frame in self.frames for place in frame.places)

    @property
    def headline(self) -> str:
        """What is wrong, in one line; empty when nothing is."""
        head = f"{self.core.name}: " if self.core.name and self.core.headline else ""
        return f"{head}{self.core.headline}"

    def __str__(self) -> str:
        lines = [line for core in self.cores for line in core.lines()]
        return "\n".join(
            [*lines, *self._printed_lines(), *filter(None, [self._without_lines, self.trouble])]
        )

    def _printed_lines(self) -> Iterator[str]:
        if self.printed:
            yield "what it printed leads to:"
        for frame in self.printed:
            yield f"  {frame}"

    @property
    def _without_lines(self) -> str:
        """How to get lines, where there are functions and not one line."""
        frames = [one for core in self.cores for one in core.frames]
        places = [place for one in (*frames, *self.printed) for place in one.places]
        return "" if not places or any(one.line for one in places) else _LINES

    def facts(self) -> WhereFacts:
        """Return it as plain values, for the ledger."""
        place = self.place
        return {
            "headline": self.headline,
            "function": place.function if place else "",
            "file": place.file if place else "",
            "line": place.line if place else 0,
            "cores": [_core_facts(one) for one in self.cores],
            "trouble": self.trouble,
            "printed": [_frame_facts(one) for one in self.printed],
        }


def _interrupted(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Return the frames from the one on that an exception interrupted."""
    at = next((at for at, one in enumerate(frames) if one.was_interrupted), 0)
    return frames[at:]


def look(debugger: Debugger, name: str = "") -> Core:
    """Look at the core that ``debugger`` has selected.

    What cannot be told is left out, and ``trouble`` says so.

    :raises DebugFailed, MachineEnded: when not even its registers can be read.
    """
    registers = debugger.registers()
    try:
        frames = debugger.where()
        fault = debugger.fault(frames)
    except KaratosError as error:
        return Core(name=name, registers=registers, trouble=error.what)
    core = Core(name=name, registers=registers, frames=frames, fault=fault)
    return replace(core, dead_end=dead_end_of(core.broken, debugger.code))


def _core_facts(core: Core) -> CoreFacts:
    fault = core.fault
    return {
        "name": core.name,
        "registers": {name: f"{value:#010x}" for name, value in core.registers.items()},
        "frames": [_frame_facts(one) for one in core.frames],
        "fault": fault.kind if fault else "",
        "cause": fault.cause if fault else core.dead_end.means if core.dead_end else "",
        "address": None if fault is None or fault.address is None else f"{fault.address:#010x}",
        "fault_registers": [
            {"name": one.name, "value": f"{one.value:#010x}", "bits": list(one.bits)}
            for one in (fault.registers if fault else ())
        ],
        "trouble": core.trouble,
    }


def _frame_facts(frame: Frame) -> FrameFacts:
    return {
        "address": f"{frame.pc:#010x}",
        "found": frame.found,
        "sure": frame.is_sure,
        "exception": frame.exception,
        "places": [
            {
                "function": one.function,
                "offset": one.offset,
                "file": one.file,
                "line": one.line,
                "inlined": one.inlined,
            }
            for one in frame.places
        ],
    }
