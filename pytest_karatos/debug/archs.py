"""What a debugger must know of each architecture: all of it data, from ``archs.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pytest_karatos.elf import Elf, cpu_profile
from pytest_karatos.errors import DebugFailed
from pytest_karatos.settings import toml

_FILE = Path(__file__).parents[1] / "resources" / "archs.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Masked:
    """Bits of a register: ``value & mask``."""

    register: str
    mask: int
    #: What the bits stand for, where they are a yes or no.
    size_bytes: int = 0

    def of(self, registers: Mapping[str, int]) -> int:
        """Return the bits; 0 when the register is not known."""
        return registers.get(self.register, 0) & self.mask


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Bits of an instruction: ``count`` of them ``start`` on, worth ``shift`` bits more."""

    start: int
    count: int
    shift: int
    signed: bool

    def of(self, code: int) -> int:
        """Return what the bits are worth."""
        bits = code >> self.start & (1 << self.count) - 1
        is_negative = self.signed and bits >> self.count - 1
        return (bits - (1 << self.count) if is_negative else bits) << self.shift


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    r"""A kind of call: as a little-endian number of ``size_bytes``, with ``mask`` it is ``value``.

    Its target is ``back`` before what follows it, plus all of ``offset``; without those it is in a
    register.

    >>> Call(size_bytes=2, mask=0xFF87, value=0x4780).fits(b"\x98G")
    True
    """

    size_bytes: int
    mask: int
    value: int
    back: int = 0
    offset: tuple[Field, ...] = ()

    def fits(self, code: bytes) -> bool:
        """Tell whether ``code`` ends in such an instruction."""
        return len(code) >= self.size_bytes and self._number(code) & self.mask == self.value

    def target(self, code: bytes, after: int) -> int | None:
        """Return where the call before ``after`` goes, None when only a register knows."""
        if not self.offset:
            return None
        return after - self.back + sum(one.of(self._number(code)) for one in self.offset)

    def _number(self, code: bytes) -> int:
        return int.from_bytes(code[-self.size_bytes :], "little")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosted:
    """The instructions of a semihosting call: ``code`` is how they lie in memory."""

    code: bytes
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stacked:
    """Exceptions of a processor that pushes a ``frame`` and puts a marker into the link register.

    ``number`` is where it says which exception it serves (0: none); ``names`` are theirs. Bits of
    the marker: ``process_stack`` set: the frame is on that stack; ``basic_frame`` clear: further
    ``extended_bytes`` are behind it. ``lost_mask`` are the bits of the fault register at
    ``lost_address`` that say that the frame could not be pushed.
    """

    number: Masked
    marker_mask: int
    marker_value: int
    process_stack: int
    basic_frame: int
    #: The bit of the status register that is set wherever code runs.
    code_state: int
    frame: tuple[str, ...]
    extended_bytes: int
    lost_address: int
    lost_mask: int
    aligned: Masked
    thread_stack: str
    handler_stack: str
    faults: tuple[int, ...]
    #: The exceptions that an instruction asks for: what is pushed is the address behind it.
    asked_for: tuple[int, ...]
    external_from: int
    names: Mapping[int, str]

    def is_marker(self, value: int) -> bool:
        """Tell whether ``value`` is no address but means "return from the exception"."""
        return value & self.marker_mask == self.marker_value

    def name(self, number: int) -> str:
        """Name an exception for people."""
        if number >= self.external_from:
            return f"interrupt {number - self.external_from}"
        return self.names.get(number, f"exception {number}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trap:
    """Exceptions of a processor that notes place and cause, and jumps to ``vector``."""

    pc: str
    cause: str
    vector: str
    vector_mask: int
    interrupt: int
    #: Bits that are all set while a trap is served that interrupted code of the same level.
    serving: Masked
    #: The causes of which no firmware comes back, but by stepping over the instruction.
    faults: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Vectors:
    """Where a processor finds its first stack pointer and its first instruction: words of flash.

    ``entry_bit`` is set in the address of an instruction; ``symbols`` are usual names of the table.
    """

    stack_word: int
    entry_word: int
    entry_bit: int
    symbols: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bit:
    """A bit of a fault register; without ``words`` it tells nothing about the cause."""

    bit: int
    name: str
    words: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRegister:
    """A register that tells why a fault happened: at an ``address``, or one of the processor's."""

    name: str
    address: int | None = None
    register: str = ""
    bits: tuple[Bit, ...] = ()
    codes: Mapping[int, str]
    #: When its value means something; None for always.
    valid: Masked | None = None
    #: Of which causes its value tells anything; empty for all.
    valid_causes: frozenset[int] = frozenset()
    cause: str = ""
    #: Whether it holds the address that the fault is about.
    is_address: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Arch:
    """A processor architecture; ``dwarf`` are its registers in the order of DWARF's numbers.

    ``shown`` are for people, ``further`` those that some emulators do not have. It has ``stacked``
    or ``trap`` where its exceptions are known.
    """

    name: str
    title: str
    matches: Mapping[str, object]
    dwarf: tuple[str, ...]
    shown: tuple[str, ...]
    further: tuple[str, ...]
    pc: str
    sp: str
    lr: str
    frame_pointer: str
    #: Where the caller's frame pointer and the return address are, from the frame pointer.
    frame_record: tuple[int, int]
    code_mask: int
    word_bytes: int
    calls: tuple[Call, ...]
    semihosting: Hosted
    #: Mask and value of the first two bytes of an instruction of four.
    long_instructions: tuple[tuple[int, int], ...]
    stack_symbols: tuple[str, ...]
    #: What firmware calls a program counter and a return address, where it prints them.
    printed_pc: frozenset[str]
    printed_return: frozenset[str]
    #: The debuggers for people, the likeliest first.
    gdb: tuple[str, ...]
    #: What people call one of several processors: "core", "hart".
    core: str = "core"
    stacked: Stacked | None = None
    trap: Trap | None = None
    vectors: Vectors | None = None
    fault_registers: tuple[FaultRegister, ...] = ()

    def instruction_bytes(self, first: int) -> int:
        """Return how long the instruction is whose first two bytes are ``first``."""
        return 4 if any(first & mask == value for mask, value in self.long_instructions) else 2

    def core_name(self, number: int) -> str:
        """Name one of several processors for people."""
        return f"{self.core} {number}"

    @property
    def registers(self) -> frozenset[str]:
        """Every register that is worth to be read."""
        return frozenset((*self.dwarf, *self.shown, *self.further))

    def call_in(self, code: bytes) -> Call | None:
        """Find the call that ``code``, the bytes before a return address, end in."""
        return next((call for call in self.calls if call.fits(code)), None)


def arch_of(elf: Elf) -> Arch:
    """Find the architecture that ``elf`` was built for.

    :raises DebugFailed: for one that is not described.
    """
    facts: dict[str, object] = {"machine": elf.machine, "bits": elf.bits}
    for arch in archs():
        if "profile" in arch.matches:
            facts["profile"] = cpu_profile(elf.path) or arch.matches["profile"]
        if all(facts[key] == value for key, value in arch.matches.items()):
            return arch
    raise DebugFailed(
        f"{elf.path} is for {elf.machine} ({elf.bits} bits), whose registers are not described.",
        why=f"described are: {', '.join(arch.title for arch in archs())}",
    )


@cache
def archs() -> tuple[Arch, ...]:
    """Read what is known, once."""
    tables: Mapping[str, Any] = toml.read(_FILE, _FILE.name).data
    return tuple(_arch(name, _whole(table, tables)) for name, table in tables.items())


def _whole(table: Mapping[str, Any], tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``table`` with what it does not say taken from the one that it is ``like``."""
    like = tables[table["like"]] if "like" in table else {}
    own = {key: value for key, value in table.items() if key != "like"}
    inner = {
        key: {**like[key], **value}
        for key, value in own.items()
        if isinstance(value, dict) and key in like
    }
    return {**like, **own, **inner}


def _arch(name: str, table: Mapping[str, Any]) -> Arch:
    lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    made = {
        **{key: frozenset(table[key]) for key in ("printed_pc", "printed_return")},
        "calls": tuple(_call(one) for one in table["calls"]),
        "semihosting": _hosted(table["semihosting"]),
        "long_instructions": tuple(
            (one["mask"], one["value"]) for one in table["long_instructions"]
        ),
        "stacked": _stacked(table["stacked"]) if "stacked" in table else None,
        "trap": _trap(table["trap"]) if "trap" in table else None,
        "vectors": _vectors(table["vectors"]) if "vectors" in table else None,
        "fault_registers": tuple(_fault_register(one) for one in table["fault_registers"]),
    }
    return Arch(name=name, **{**table, **lists, **made})


def _call(table: Mapping[str, Any]) -> Call:
    fields = (
        Field(start=start, count=count, shift=shift, signed=signed)
        for start, count, shift, signed in table.get("offset", ())
    )
    return Call(**{**table, "offset": tuple(fields)})


def _hosted(table: Mapping[str, Any]) -> Hosted:
    return Hosted(code=bytes.fromhex(table["code"]), words=table["words"])


def _stacked(table: Mapping[str, Any]) -> Stacked:
    plain = {key: value for key, value in table.items() if key not in {"marker", "lost"}}
    plain |= {
        "lost_address": table["lost"]["address"],
        "lost_mask": table["lost"]["mask"],
        "number": Masked(**table["number"]),
        "marker_mask": table["marker"]["mask"],
        "marker_value": table["marker"]["value"],
        "frame": tuple(table["frame"]),
        "aligned": Masked(**table["aligned"]),
        "faults": tuple(table["faults"]),
        "asked_for": tuple(table["asked_for"]),
        "names": {int(number): name for number, name in table["names"].items()},
    }
    return Stacked(**plain)


def _trap(table: Mapping[str, Any]) -> Trap:
    made = {"serving": Masked(**table["serving"]), "faults": tuple(table["faults"])}
    return Trap(**{**table, **made})


def _vectors(table: Mapping[str, Any]) -> Vectors:
    lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    return Vectors(**{**table, **lists})


def _fault_register(table: Mapping[str, Any]) -> FaultRegister:
    made = {
        "bits": tuple(Bit(**one) for one in table.get("bits", ())),
        "codes": {one["code"]: one["words"] for one in table.get("codes", ())},
        "valid": Masked(**table["valid"]) if "valid" in table else None,
        "valid_causes": frozenset(table.get("valid_causes", ())),
    }
    return FaultRegister(**{**table, **made})
