"""Why a processor faulted: its fault registers, decoded bit by bit into words of a maintainer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_karatos.debug.archs import Arch, FaultRegister
from pytest_karatos.debug.frame import Frame
from pytest_karatos.errors import DebugFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """A fault register: its value, the names of its set bits, and what they say of the cause.

    >>> str(Decoded(name="CFSR", value=0x1000000, bits=("UNALIGNED",)))
    'CFSR 0x01000000 (UNALIGNED)'
    """

    name: str
    value: int
    bits: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    is_address: bool = False

    def __str__(self) -> str:
        names = f" ({', '.join(self.bits)})" if self.bits else ""
        return f"{self.name} {self.value:#010x}{names}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultReport:
    """A fault that the processor is in: ``kind`` (HardFault, trap 4), cause, place, registers.

    ``frame`` is the code that did it, None where nobody knows. ``address`` is what it accessed.
    """

    kind: str
    cause: str
    registers: tuple[Decoded, ...]
    frame: Frame | None = None
    #: The frame that it was called from, where ``frame`` is no code of the firmware.
    caller: Frame | None = None
    #: The function that was called there, where that is known.
    called: str = ""
    #: Whether code of the firmware is there, with a name or without.
    is_in_code: bool = False
    address: int | None = None

    @property
    def headline(self) -> str:
        """The one line that says it: cause, place, address, kind."""
        where = ""
        if self.frame is not None and self.frame.place is not None:
            where = f" in {self.frame.text_of(self.frame.place)}"
        elif self.frame is not None:
            where = f" at {self.frame.pc:#010x}"
            where += "" if self.is_in_code else ", where no code of the firmware is"
        if self.caller is not None and self.caller.place is not None:
            guess = "" if self.caller.is_sure else " (guess)"
            called = f", after {self.called} was called in" if self.called else ", called from"
            where += f"{called} {self.caller.text_of(self.caller.place)}{guess}"
        accessed = f", address {self.address:#010x}" if self.address is not None else ""
        return f"{self.cause}{where}{accessed} ({self.kind})"


def decode(register: FaultRegister, value: int, others: Mapping[str, int]) -> Decoded | None:
    """Say what ``value`` means; None when it means nothing."""
    if register.valid is not None and not register.valid.of(others):
        return None
    if register.valid_causes and others.get(register.cause) not in register.valid_causes:
        return None
    bits = [one for one in register.bits if value >> one.bit & 1]
    words = [one.words for one in bits if one.words]
    if value in register.codes:
        words.append(register.codes[value])
    return Decoded(
        name=register.name,
        value=value,
        bits=tuple(one.name for one in bits),
        words=tuple(words),
        is_address=register.is_address,
    )


def fault_of(
    arch: Arch, frames: Sequence[Frame], read: Callable[[int, int], bytes]
) -> FaultReport | None:
    """Report the fault that ``frames`` are in the midst of; None when there is none."""
    for serving, interrupted in _interruptions(frames):
        if kind := _kind(arch, serving, interrupted):
            decoded = tuple(_decoded(arch, frames[0].registers, read))
            words = [
                *_unprepared(arch, frames[0]),
                *(text for one in decoded for text in one.words),
            ]
            return FaultReport(
                kind=kind,
                cause=words[0] if words else "a fault whose registers say nothing",
                registers=decoded,
                frame=interrupted,
                caller=_caller(frames, interrupted),
                address=next((one.value for one in decoded if one.is_address), None),
            )
    return None


def _interruptions(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Frame | None]]:
    """Pair the beginning of each exception's handler with what it interrupted."""
    serving = frames[0]
    for frame in frames[1:]:
        if frame.was_interrupted:
            yield serving, frame
            serving = frame
    yield serving, None


def _caller(frames: Sequence[Frame], broken: Frame | None) -> Frame | None:
    """Find who jumped to where no code is."""
    if broken is None or broken.places:
        return None
    at = frames.index(broken) + 1
    return frames[at] if at < len(frames) else None


def _kind(arch: Arch, serving: Frame, interrupted: Frame | None) -> str:
    if arch.stacked is not None:
        number = arch.stacked.number.of(serving.registers)
        return arch.stacked.name(number) if number in arch.stacked.faults else ""
    if arch.trap is not None and interrupted is not None:
        cause = serving.registers.get(arch.trap.cause, 0)
        return "" if cause & arch.trap.interrupt else f"trap {cause}"
    return ""


def _unprepared(arch: Arch, innermost: Frame) -> Iterator[str]:
    """Say it when the processor is where a trap leads before anybody has set up a handler."""
    trap = arch.trap
    if trap is not None and not innermost.places:
        vector = innermost.registers.get(trap.vector, 0)
        yield f"a trap that no code serves ({trap.vector} is {vector:#x})"


def _decoded(
    arch: Arch, registers: Mapping[str, int], read: Callable[[int, int], bytes]
) -> Iterator[Decoded]:
    values = dict(registers)
    for register in arch.fault_registers:
        if register.address is not None:
            try:
                values[register.name] = int.from_bytes(read(register.address, 4), "little")
            except DebugFailed:
                continue
        value = values.get(register.register or register.name)
        if value is not None and (found := decode(register, value, values)) is not None:
            yield found
