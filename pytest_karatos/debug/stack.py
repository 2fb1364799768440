"""The way back from a stopped processor: frame by frame, through exceptions.

A frame is left as the compiler wrote down (CFI). Where it did not (assembly, stripped files), by
the frame pointer, or by a word on the stack that is an address behind a call: a "guess".
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pytest_karatos.debug.code import Code, Memory
from pytest_karatos.debug.exceptions import candidates, is_lost, stacked_by_exception, trapped
from pytest_karatos.debug.frame import Frame, Registers
from pytest_karatos.debug.symbols import Place
from pytest_karatos.elf import Saved, UnwindRow
from pytest_karatos.errors import DebugFailed

_MOST_FRAMES = 64
#: How far up the stack a return address is looked for.
_FAR_BYTES = 2048
#: How much stack the functions of a library that lead to a panic take.
_NEAR_BYTES = 512
#: So many calls in a row that fit are no accident.
_CONVINCING = 3
#: So many functions in a row that keep no way back are looked through.
_MOST_UNKNOWN = 4


class Walk:
    """A walk up the stack of the ``code`` whose memory ``read`` (address, bytes) reads."""

    def __init__(self, code: Code, read: Callable[[int, int], bytes], registers: Registers) -> None:
        self._code = code
        self._arch = code.arch
        self._registers = registers
        self._memory = Memory(code, read, registers.get(code.arch.sp, 0))
        self._is_in_trap = True
        self._is_first = True
        #: Where all begins: nobody called it.
        self._entry = code.function_of(code.elf.entry & code.arch.code_mask) or -1

    def frames(self) -> tuple[Frame, ...]:
        """List the frames from the innermost on; never empty, however broken the stack is."""
        found = [self._frame(self._registers, "registers")]
        seen = {_key(found[0])}
        while len(found) < _MOST_FRAMES:
            after = self._after(found[-1])
            if after is None or _key(after) in seen:
                break
            seen.add(_key(after))
            found.append(after)
        return tuple(found)

    def _frame(self, registers: Registers, found: str, *, is_behind: bool = False) -> Frame:
        pc = registers[self._arch.pc] & self._arch.code_mask
        is_stopped_at = found in {"registers", "exception"}
        inside = pc if is_stopped_at and not is_behind else pc - 1
        return Frame(
            pc=pc,
            sp=registers.get(self._arch.sp, 0),
            inside=inside,
            places=tuple(_moved(one, pc - inside) for one in self._code.symbols.places(inside)),
            found=found,
            registers=registers,
            exception=self._serving(registers) if is_stopped_at else "",
        )

    def _serving(self, registers: Registers) -> str:
        stacked = self._arch.stacked
        number = stacked.number.of(registers) if stacked else 0
        return stacked.name(number) if stacked and number else ""

    def _after(self, frame: Frame) -> Frame | None:
        if self._code.function_of(frame.inside) == self._entry:
            return None
        try:
            if self._is_in_trap and (interrupted := trapped(self._code, frame)) is not None:
                self._is_in_trap = False  # the registers of a trap know one only
                return self._frame(self._with_stack(interrupted), "exception")
            registers, found = self._caller(frame)
            if registers is None:
                return None
            if self._ends_exception(registers[self._arch.pc]):
                return self._interrupted(registers, frame)
        except DebugFailed:  # the stack leads out of memory: what was found so far is what there is
            return None
        return self._frame(registers, found)

    def _interrupted(self, registers: Registers, handler: Frame) -> Frame | None:
        is_first, self._is_first = self._is_first, False
        if is_first and is_lost(self._code, self._memory):
            # The frame pointer is still that of the interrupted code, which leads to its caller.
            near = self._by_frame_pointer(registers)
            is_call = near is not None and self._code.call_before(near[self._arch.pc])
            return self._frame(near, "near exception") if near and is_call else None
        inner = stacked_by_exception(self._code, self._memory, registers)
        stacked = self._arch.stacked
        is_asked = stacked and stacked.number.of(handler.registers) in stacked.asked_for
        return self._frame(inner, "exception", is_behind=bool(is_asked)) if inner else None

    def _with_stack(self, registers: Registers) -> Registers:
        """Find the stack pointer of interrupted code: what leads back through most calls."""
        best, most = registers, 0
        row = self._code.unwind.at(registers[self._arch.pc])
        is_nowhere = self._code.is_nowhere(registers[self._arch.pc])
        if row is None and not is_nowhere:
            return registers
        for one in candidates(self._code, self._memory, registers, row):
            caller = {**one, self._arch.pc: one[self._arch.lr]}
            length = self._length(caller, is_innermost=False) if is_nowhere else self._length(one)
            if length > most:
                best, most = one, length
            if most == _CONVINCING:
                break
        return best

    def _length(
        self, registers: Registers, *, is_innermost: bool = True, left: int = _MOST_UNKNOWN
    ) -> int:
        """Count the frames from ``registers`` on of which each was called by the next, to a few.

        Functions that keep no way back count for nothing, and at most ``left`` are looked through.
        """
        pc = registers[self._arch.pc]
        for count in range(_CONVINCING):
            inside = pc if is_innermost else pc - 1
            row = self._code.unwind.at(inside)
            if row is not None and self._keeps_nothing(row, is_innermost=is_innermost):
                callers = self._callers(registers, inside, row) if left else ()
                lengths = [self._length(one, is_innermost=False, left=left - 1) for one in callers]
                return min(_CONVINCING, count + max(lengths, default=0))
            try:
                after = row and self._by_row(registers, row, is_innermost=is_innermost)
            except DebugFailed:
                return count
            if not after or self._code.calls(after[self._arch.pc], inside) is not True:
                return count
            is_innermost, registers, pc = False, after, after[self._arch.pc] & self._arch.code_mask
        return _CONVINCING

    def _keeps_nothing(self, row: UnwindRow, *, is_innermost: bool) -> bool:
        """Tell whether a function has overwritten where it came from, since it never goes there."""
        return row.return_register not in row.saved and not is_innermost

    def _callers(self, registers: Registers, inside: int, row: UnwindRow) -> Iterator[Registers]:
        """Give the registers that each caller of the function at ``inside`` would have."""
        arch, function = self._arch, self._code.function_of(inside)
        if function is not None and row.cfa_register < len(arch.dwarf):
            top = registers[arch.dwarf[row.cfa_register]] + row.cfa_offset
            for back in self._code.calls_of(function):
                yield {**registers, arch.sp: top, arch.pc: back}

    def _far_callers(
        self, registers: Registers, inside: int, row: UnwindRow | None
    ) -> Iterator[Registers]:
        """Give those that callers through functions without unwinding may have: a library's."""
        arch, function = self._arch, self._code.function_of(inside)
        if function is None:
            return
        is_known = row is not None and row.cfa_register < len(arch.dwarf)
        start = registers[arch.dwarf[row.cfa_register]] if row and is_known else registers[arch.sp]
        start += row.cfa_offset if row and is_known else 0
        tops = range(start, start + _NEAR_BYTES, arch.word_bytes)
        for top, back in itertools.product(tops, self._code.known_calls_of(function)):
            yield {**registers, arch.sp: top, arch.pc: back}

    def _caller(self, frame: Frame) -> tuple[Registers | None, str]:
        """Find the registers of the caller, and say how."""
        is_innermost = frame.inside == frame.pc
        for way, found in self._ways(frame, is_innermost=is_innermost):
            if found is not None and self._makes_sense(found, frame):
                return found, way
        return None, ""

    def _ways(self, frame: Frame, *, is_innermost: bool) -> Iterator[tuple[str, Registers | None]]:
        row = self._code.unwind.at(frame.inside)
        if self._code.is_nowhere(frame.inside):
            yield "link", self._by_link(frame)
        if row is not None:
            yield "cfi", self._by_row(frame.registers, row, is_innermost=is_innermost)
        if not is_innermost and (row is None or self._keeps_nothing(row, is_innermost=False)):
            yield from self._by_callers(frame, row)
        yield "frame pointer", self._by_frame_pointer(frame.registers, frame)
        if is_innermost and row is None:
            yield "guess", self._by_link(frame)
        yield "guess", self._by_scan(frame, row)

    def _makes_sense(self, registers: Registers, frame: Frame) -> bool:
        target = registers[self._arch.pc]
        if self._ends_exception(target):
            return True
        is_back = registers[self._arch.sp] < frame.sp
        return self._code.call_before(target) is not None and not is_back

    def _by_row(
        self, registers: Registers, row: UnwindRow, *, is_innermost: bool
    ) -> Registers | None:
        names = self._arch.dwarf
        if row.cfa_register >= len(names) or row.return_register >= len(names):
            return None
        if self._keeps_nothing(row, is_innermost=is_innermost):
            return None  # it has called something since, which has overwritten the register
        cfa = registers[names[row.cfa_register]] + row.cfa_offset
        found = {**registers, self._arch.sp: cfa}
        for number, saved in row.saved.items():
            if number < len(names) and (value := self._saved(saved, cfa, registers)) is not None:
                found[names[number]] = value
        found[self._arch.pc] = found[names[row.return_register]]
        return found

    def _by_callers(
        self, frame: Frame, row: UnwindRow | None
    ) -> Iterator[tuple[str, Registers | None]]:
        """Find who called a function that has kept no way back, or did not write down which.

        Of all calls of the function it is the one from which the way leads on; of several in one
        function nobody knows which.
        """
        near = list(self._callers(frame.registers, frame.inside, row)) if row else []
        yield from self._best(near, least=1)
        for one in near:
            # Where a trap leads is assembly, of which the compiler has written down nothing.
            if self._is_vector(self._code.function_of(one[self._arch.pc] - 1), one):
                yield "callers", one
        far = list(self._far_callers(frame.registers, frame.inside, row))
        yield from self._best(far, least=_CONVINCING)

    def _best(
        self, callers: Sequence[Registers], *, least: int
    ) -> Iterator[tuple[str, Registers | None]]:
        """Give that one of ``callers`` from which the way leads on furthest: the nearest such."""
        lengths = [self._length(one, is_innermost=False) for one in callers]
        most = max(lengths, default=0)
        if most >= least:
            pairs = zip(callers, lengths, strict=True)
            best = [one for one, length in pairs if length == most]
            nearest = best[0][self._arch.sp]
            is_one = len([one for one in best if one[self._arch.sp] == nearest]) == 1
            yield ("callers" if is_one else "guess"), best[0]

    def _is_vector(self, function: int | None, registers: Registers) -> bool:
        trap = self._arch.trap
        return trap is not None and function == registers.get(trap.vector, -1) & trap.vector_mask

    def _saved(self, saved: Saved, cfa: int, registers: Registers) -> int | None:
        if saved.kind == "memory":
            return self._memory.word(cfa + saved.offset)
        if saved.kind == "value":
            return cfa + saved.offset
        names = self._arch.dwarf
        is_known = saved.kind == "register" and saved.register < len(names)
        return registers[names[saved.register]] if is_known else None

    def _by_link(self, frame: Frame) -> Registers | None:
        """Take the link register, if it is still what the call of this function left there."""
        back = frame.registers[self._arch.lr]
        is_callers = self._ends_exception(back) or self._calls(back, frame) is True
        is_lost = self._code.is_nowhere(frame.inside) and self._code.call_before(back) is not None
        return {**frame.registers, self._arch.pc: back} if is_callers or is_lost else None

    def _by_frame_pointer(
        self, registers: Registers, frame: Frame | None = None
    ) -> Registers | None:
        """Take what the frame pointer leads to, unless that does not call ``frame``'s function."""
        arch = self._arch
        pointer = registers[arch.frame_pointer]
        saved, back = arch.frame_record
        if (frame and pointer < frame.sp) or pointer % arch.word_bytes:
            return None
        self._memory.trust(pointer)
        try:
            outer, target = self._memory.word(pointer + saved), self._memory.word(pointer + back)
        except DebugFailed:
            return None
        if frame and not self._ends_exception(target) and self._calls(target, frame) is False:
            return None
        sp = pointer + max(0, saved + arch.word_bytes, back + arch.word_bytes)
        return {**registers, arch.pc: target, arch.sp: sp, arch.frame_pointer: outer}

    def _by_scan(self, frame: Frame, row: UnwindRow | None) -> Registers | None:
        """Find a word up the stack that is a return address, or ends an exception.

        The nearest behind a call of this very function is best, then one behind a call through a
        register, then any. But where ``row`` is known and led nowhere, the function is the last of
        its stack or never returns: then only the best is better than none.
        """
        arch, found = self._arch, dict[bool | None, Registers]()
        for at, value in self._stacked_words(frame, row):
            after = {**frame.registers, arch.pc: value, arch.sp: at + arch.word_bytes}
            if self._ends_exception(value):
                found.setdefault(True, after)
            elif self._code.call_before(value) is not None:
                found.setdefault(self._calls(value, frame), after)
            if True in found:
                break
        good = (True,) if row is not None else (True, None, False)
        return next((found[key] for key in good if key in found), None)

    def _stacked_words(self, frame: Frame, row: UnwindRow | None) -> Iterator[tuple[int, int]]:
        arch, start = self._arch, frame.sp
        if row is not None and row.cfa_register < len(arch.dwarf):
            start = frame.registers[arch.dwarf[row.cfa_register]] + row.cfa_offset
        start += -start % arch.word_bytes
        for at in range(start, start + _FAR_BYTES, arch.word_bytes):
            try:
                yield at, self._memory.word(at)
            except DebugFailed:
                return

    def _ends_exception(self, value: int) -> bool:
        return self._arch.stacked is not None and self._arch.stacked.is_marker(value)

    def _calls(self, back: int, frame: Frame) -> bool | None:
        return self._code.calls(back, frame.inside)


def _moved(place: Place, by: int) -> Place:
    return replace(place, offset=place.offset + by) if place.offset else place


def _key(frame: Frame) -> tuple[int, int, bool]:
    """Return what two frames of one walk never share: a third would follow them, and so on."""
    return frame.pc, frame.sp, frame.found == "exception"
