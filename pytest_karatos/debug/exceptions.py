"""The way out of an exception to the code that it interrupted.

Some processors push a frame and leave a marker for it (:func:`stacked_by_exception`), others note
where they were and jump to a vector (:func:`trapped`); where registers were put is then the
firmware's business, and :func:`candidates` lists where they may be.
"""

import itertools
from collections.abc import Iterator

from pytest_karatos.debug.code import Code, Memory
from pytest_karatos.debug.frame import Frame, Registers
from pytest_karatos.elf import UnwindRow

#: Words on a handler's stack, and behind each pointer there, that are looked at.
_STACK_WORDS, _BLOCK_WORDS = 80, 40
#: The largest part of a stack that one function has.
_MOST_FRAME_BYTES = 1024
#: Candidates that are tried.
_MOST = 2000


def is_lost(code: Code, memory: Memory) -> bool:
    """Tell whether the frame of the exception could not be pushed, as where a stack overflows."""
    stacked = code.arch.stacked
    return bool(stacked and memory.register(stacked.lost_address) & stacked.lost_mask)


def stacked_by_exception(code: Code, memory: Memory, registers: Registers) -> Registers | None:
    """Return the interrupted registers, when those of the handler's caller are ``registers``.

    None when the frame cannot be found.
    """
    stacked = code.arch.stacked
    if stacked is None:
        return None
    marker, top = registers[code.arch.pc], registers[code.arch.sp]
    if marker & stacked.process_stack:
        # Older emulators do not show the process stack's pointer.
        top = registers.get(stacked.thread_stack, 0) or _frame_somewhere(code, memory, registers)
    if not top:
        return None
    memory.trust(top)
    words = memory.words(top, len(stacked.frame))
    if len(words) < len(stacked.frame):
        return None
    found = {**registers, **dict(zip(stacked.frame, words, strict=True))}
    size = code.arch.word_bytes * len(words)
    size += 0 if marker & stacked.basic_frame else stacked.extended_bytes
    size += stacked.aligned.size_bytes if stacked.aligned.of(found) else 0
    return {**found, code.arch.sp: top + size}


def _frame_somewhere(code: Code, memory: Memory, registers: Registers) -> int:
    """Find the frame of the task that was interrupted; 0 when it could be more than one.

    A handler often has a pointer to it. Else it lies in the firmware's memory, as those of tasks
    that wait do; it is the one that the frame pointer points right above.
    """
    near = registers[code.arch.sp] - 64 * code.arch.word_bytes
    for value in (*registers.values(), *memory.words(near, _STACK_WORDS)):
        if _is_frame(code, memory, value):
            return value
    frames = [one for one in memory.written_addresses() if _is_frame(code, memory, one)]
    pointer = registers[code.arch.frame_pointer]
    below = [one for one in frames if 0 < pointer - one < _MOST_FRAME_BYTES]
    return max(below) if below else frames[0] if len(frames) == 1 else 0


def _is_frame(code: Code, memory: Memory, address: int) -> bool:
    stacked = code.arch.stacked
    if stacked is None or address % code.arch.word_bytes or code.has(address):
        return False
    words = memory.words(address, len(stacked.frame))
    frame = dict(zip(stacked.frame, words, strict=False))
    status = frame.get(stacked.number.register, 0)
    in_thread = not stacked.number.of(frame) and status & stacked.code_state
    return bool(in_thread and code.has(frame[code.arch.pc]))


def trapped(code: Code, frame: Frame) -> Registers | None:
    """Return the registers of what a trap interrupted; None when ``frame`` is not at the vector.

    The place is sure; the rest is what the code at the vector had, which changes the stack pointer.
    """
    trap = code.arch.trap
    if trap is None or trap.pc not in frame.registers:
        return None
    vector = frame.registers[trap.vector] & trap.vector_mask
    if vector not in {frame.inside, code.function_of(frame.inside)}:
        return None
    if not (frame.registers[trap.pc] or frame.registers.get(trap.cause, 0)):
        return None  # nothing was noted since the reset: the code ran on into the vector's
    return {**frame.registers, code.arch.pc: frame.registers[trap.pc]}


def candidates(
    code: Code, memory: Memory, registers: Registers, row: UnwindRow | None
) -> Iterator[Registers]:
    """List what stack pointer and return address interrupted code may have had.

    The trap's code has put its registers on the stack in use, or where a pointer in sight leads;
    ``row`` says whether the return address is a register that it had to keep; without one the
    interrupted code is none of the firmware's, and was jumped to by a call through a register.
    """
    arch, pc = code.arch, registers[code.arch.pc]
    words = [*memory.words(registers[arch.sp], _STACK_WORDS)]
    pointers = dict.fromkeys((*registers.values(), *words))
    kept = [*words, *(word for one in pointers for word in memory.words(one, _BLOCK_WORDS))]
    here = (registers[arch.sp] + at * arch.word_bytes for at in range(_STACK_WORDS))
    tops = [*here, *(one for one in kept if one % arch.word_bytes == 0)]
    backs = [registers[arch.lr]]
    if row is None:
        calls = (one for one in dict.fromkeys(kept) if code.call_before(one))
        backs = [one for one in calls if code.called_at(one) is None]
    elif row.return_register not in row.saved:
        backs = [one for one in dict.fromkeys(kept) if code.calls(one, pc)]
    for top, back in itertools.islice(itertools.product(dict.fromkeys(tops), backs), _MOST):
        yield {**registers, arch.sp: top, arch.lr: back}
