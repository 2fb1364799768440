"""When a guest's interrupts were off, asked for and taken, out of QEMU's log of a boot.

Beside each instruction the log has the registers before it, and a line for each event of the
interrupt controller. Where no register says whether interrupts are off, the instructions that turn
them off are followed. What cannot be followed is refused, never guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_karatos.debug.interrupts import Interrupts, Write
from pytest_karatos.elf import Image
from pytest_karatos.emulators.qemu.registers import printed_registers
from pytest_karatos.emulators.steps import InterruptObserver, Moment, Turn
from pytest_karatos.errors import NotPossible

_TURNS = {"asked": Turn.ASKED, "cleared": Turn.CLEARED, "taken": Turn.TAKEN}
#: An instruction of the architectures here has no more bytes.
_LONGEST = 4


@dataclass(slots=True)
class _Step:
    """An instruction that the log has, from ``start`` in its text, and the registers before it."""

    address: int
    start: int
    registers: dict[str, int] = field(default_factory=dict)
    #: What else was said of them.
    words: bytes = b""


class InterruptLog:
    """Tells ``observer`` of the interrupts in a log that comes in whole lines.

    ``before`` instructions had been executed where it begins; ``image`` is the firmware's code.

    :raises NotPossible: in :meth:`feed`, for what cannot be followed.
    """

    def __init__(
        self, rules: Interrupts, image: Image, observer: InterruptObserver, before: int = 0
    ) -> None:
        self._rules = rules
        self._image = image
        self._observer = observer
        self._count = before
        self._line = _line_of(rules)
        self._torn = b""
        self._known: dict[int, tuple[bytes, Write | None, bool]] = {}
        self._masks: dict[str, int] = {}
        self._pending: set[int] = set()
        self._is_off = False
        self._served = 0
        self._was_taken = False
        self._step: _Step | None = None
        #: What happened before an instruction whose address is not known yet.
        self._due: list[tuple[Turn, int]] = []

    def feed(self, text: bytes) -> None:
        """Take the next lines; ``text`` begins and ends with a line end."""
        whole = self._torn + text
        # What is said of the last instruction may still be to come.
        cut = max(whole.rfind(b"\nTrace "), 0)
        self._torn = whole[cut:]
        self._read(whole[:cut])

    def _read(self, text: bytes) -> None:
        for found in self._line.finditer(text):
            match found.lastgroup:
                case "address":
                    self._begin(text, found)
                case "rest" if self._step is not None:
                    self._step.registers[found["name"].decode().lower()] = int(found["value"], 16)
                    self._step.words = found["rest"]
                case "back" if self._step is not None:
                    self._judge(self._step)
                    self._step = None
                case "event":
                    self._commit(text, found.start())
                    self._note(found["event"])
        self._commit(text, len(text))

    def _begin(self, text: bytes, found: re.Match[bytes]) -> None:
        self._commit(text, found.start())
        if found["core"] != b"0":
            raise NotPossible("the interrupts of a machine with several cores cannot be followed.")
        address = int(found["address"], 16)
        for turn, number in self._due:
            self._tell(turn, address, number)
        self._due.clear()
        self._step = _Step(address, found.start())

    def _commit(self, text: bytes, end: int) -> None:
        """Let the instruction that was begun be executed: the log has not taken it back."""
        step, self._step = self._step, None
        if step is not None:
            self._judge(step)
            self._count += 1
            self._follow(step, text[step.start : end])
            self._observer.see_end(self._count)

    def _judge(self, step: _Step) -> None:
        """Compare what the registers before an instruction say with what was known."""
        rules = self._rules
        if rules.pending:
            self._compare_pending(step)
        served = rules.served.of(step.registers) if rules.served else 0
        if served != self._served:
            if rules.cleared_by_return and not self._was_taken:
                self._masks[rules.cleared_by_return] = 0
            self._served = served
            self._tell(Turn.OTHER, step.address)
        self._was_taken = False
        if (off := self._is_now_off(step)) != self._is_off:
            self._is_off = off
            self._tell(Turn.OFF if off else Turn.ON, step.address)

    def _is_now_off(self, step: _Step) -> bool:
        is_on = all(one.of(step.registers) for one in self._rules.on)
        return bool(self._served) or any(self._masks.values()) or not is_on

    def _compare_pending(self, step: _Step) -> None:
        bits = -1
        for name in self._rules.pending:
            bits &= step.registers.get(name, 0)
        now = set(_bits(bits))
        for number in sorted(now - self._pending):
            self._tell(Turn.ASKED, step.address, number)
        for number in sorted(self._pending - now):
            self._tell(Turn.CLEARED, step.address, number)
        self._pending = now

    def _tell(self, turn: Turn, address: int, number: int = -1) -> None:
        moment = Moment(turn=turn, instructions=self._count, address=address, number=number)
        self._observer.see_moment(moment)

    def _note(self, line: bytes) -> None:
        for kind, pattern in self._rules.patterns.items():
            if found := pattern.match(line):
                number = int(found[1])
                self._was_taken |= kind == "taken"
                if number in self._rules.exceptions:
                    continue
                if self._rules.pending and number not in self._pending:
                    # No register showed it before: it came where it was taken.
                    self._due.append((Turn.ASKED, number))
                self._pending.discard(number)
                self._due.append((_TURNS[kind], number))

    def _follow(self, step: _Step, text: bytes) -> None:
        """Follow what an instruction that was executed does to the masks."""
        code, write, leaves = self._code_at(step.address)
        rules = self._rules
        if leaves and rules.leaves and not rules.leaves.stays_with(step.registers):
            raise NotPossible(
                f"the firmware leaves for code without privileges at {step.address:#x}.",
                why="whether interrupts are on in there is not in QEMU's log.",
            )
        if write is None or (rules.unprivileged and rules.unprivileged.encode() in step.words):
            return
        if rules.conditional and rules.conditional.of(step.registers):
            raise NotPossible(
                f"the instruction at {step.address:#x} turns interrupts off under a condition, "
                "and QEMU's log does not tell whether it did."
            )
        self._write(write, code, text)
        if (off := bool(self._served) or any(self._masks.values())) != self._is_off:
            self._is_off = off
            self._due.append((Turn.OFF if off else Turn.ON, -1))

    def _write(self, write: Write, code: bytes, text: bytes) -> None:
        self._masks.update(write.sets)
        if not write.from_register:
            return
        values = next(printed_registers(text.decode(errors="replace")), {})
        value = values[write.register(code)] & write.keeps
        before = self._masks.get(write.from_register, 0)
        if not write.only_raises or (value and (not before or value < before)):
            self._masks[write.from_register] = value

    def _code_at(self, address: int) -> tuple[bytes, Write | None, bool]:
        if address not in self._known:
            code, rules = self._image.at(address, _LONGEST), self._rules
            if rules.writes and not code:
                raise NotPossible(
                    f"code at {address:#x} was executed, which is not in the ELF.",
                    why="it may turn interrupts off without being seen.",
                )
            leaves = rules.leaves is not None and rules.leaves.code.fits(code)
            self._known[address] = code, rules.write_in(code), leaves
        return self._known[address]


def words_of(rules: Interrupts) -> str:
    """Return what QEMU's log must have besides the instructions."""
    return ",".join(["cpu", *(f"trace:{one}" for one in rules.events)])


def _line_of(rules: Interrupts) -> re.Pattern[bytes]:
    """Return the pattern of the lines that are read."""
    names, events = "|".join(rules.registers), "|".join(rules.events)
    return re.compile(
        rb"\n(?:Trace (?P<core>\d+): \S+ \[[0-9a-f]*/(?P<address>[0-9a-f]+)/"
        rb"|(?P<back>cpu_io_recompile: rewound|Stopped execution)"
        rb"| ?(?P<name>(?i:%b))(?:=| +)(?P<value>[0-9a-f]{8,16})(?P<rest>[^\n]*)"
        rb"|(?P<event>(?:%b) [^\n]*))" % (names.encode(), events.encode())
    )


def _bits(value: int) -> Iterator[int]:
    return (at for at in range(value.bit_length()) if value >> at & 1)
