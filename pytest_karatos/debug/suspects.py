"""What an ELF shows of a firmware that cannot work on its board, or may not, before any boot."""

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_karatos.board import Board
from pytest_karatos.choices import SEMIHOSTING
from pytest_karatos.debug.archs import Arch, Vectors, arch_of
from pytest_karatos.elf import Elf, Image, Symbol, SymbolTable, demangled, read_image, read_symbols
from pytest_karatos.errors import BadFirmware, DebugFailed
from pytest_karatos.measure.sections import flash_regions, ram_regions
from pytest_karatos.text import printable

#: Loops that copy ``.data`` move words, as vector tables are made of.
_WORD_BYTES = 4
#: Functions that are named; a hundred calls are one mistake.
_MOST_CALLS = 5
#: The loader of a board that takes the first instruction from the vector table.
_RESETTING = "kernel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """A sentence on what is wrong, why it matters, how to mend it; ``is_fatal``: it cannot work."""

    what: str
    why: str
    fix: str
    is_fatal: bool = False
    #: The addresses that it is about, from the first up to, not with, the last: what a register
    #: of a fault may hold.
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        # Names of sections and symbols may be anything.
        return printable(f"{self.what} {self.why[:1].upper()}{self.why[1:]}; {self.fix}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    elf: Elf
    board: Board
    arch: Arch | None
    symbols: SymbolTable
    image: Image

    def name_at(self, address: int) -> str:
        """Name a symbol that the linker has put at ``address``, in brackets; or nothing."""
        found = sorted(one.name for one in self.symbols.symbols if one.address == address)
        return f" ({demangled(found[0])})" if found else ""

    def word(self, address: int) -> int | None:
        data = self.image.loaded(address, _WORD_BYTES)
        return int.from_bytes(data, "little") if len(data) == _WORD_BYTES else None


def refuse_fatal(elf: Elf, board: Board) -> tuple[Suspect, ...]:
    """Return what may not work, before a boot that would only hang.

    A file whose symbols are broken is not looked at: it may run all the same.

    :raises BadFirmware: for what cannot work.
    """
    try:
        found = suspects(elf, board)
    except BadFirmware:
        return ()
    for one in found:
        if one.is_fatal:
            raise BadFirmware(printable(one.what), why=f"{one.why}.", fix=printable(one.fix))
    return found


def suspects(elf: Elf, board: Board) -> tuple[Suspect, ...]:
    """List what is suspicious about ``elf`` on ``board``; a board without regions has little of it.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    try:
        arch = arch_of(elf)
    except DebugFailed:
        arch = None
    symbols, image = read_symbols(elf.path), read_image(elf)
    case = _Case(elf=elf, board=board, arch=arch, symbols=symbols, image=image)
    return tuple(
        found
        for check in (_regions, _volatile, _alignment, _vectors, _stack, _semihosting)
        for found in check(case)
    )


def _regions(case: _Case) -> Iterator[Suspect]:
    """Find sections that begin inside a region and end outside it."""
    for section in case.elf.sections:
        spans = [("runs", section.address, section.end)]
        if section.file_bytes and section.load_address != section.address:
            spans.append(("is loaded", section.load_address, section.load_end))
        for verb, start, end in spans:
            if (over := case.board.overrun(start, end)) is not None:
                region, size = over
                yield Suspect(
                    what=f"{case.elf.path.name}: section '{section.name}' {verb} at {start:#x} in"
                    f" '{region.name}' and ends {size:,} bytes behind it, at {end:#x}.",
                    why=f"board '{case.board.name}' has no memory there",
                    fix="make it smaller, or correct the region's size in the linker script"
                    f" or in [boards.{case.board.name}.regions]",
                    is_fatal=True,
                )


def _volatile(case: _Case) -> Iterator[Suspect]:
    """Find initialised data that nobody will have put into RAM after a power cycle."""
    flash, ram = flash_regions(case.board), ram_regions(case.board)
    is_flashed = any(
        region.holds(one.load_address)
        for one in case.elf.sections
        if one.file_bytes
        for region in flash
    )
    for section in case.elf.sections if is_flashed else ():
        region = next((one for one in ram if one.holds(section.load_address)), None)
        if section.file_bytes and region is not None:
            yield Suspect(
                what=f"{case.elf.path.name}: the bytes of '{section.name}' are loaded at"
                f" {section.load_address:#x}{case.name_at(section.load_address)}, in"
                f" '{region.name}', which is not flash.",
                why="an emulator loads them there; a chip has forgotten them after a power cycle",
                fix=f"place '{section.name}' with '> {region.name.upper()} AT > FLASH' in the"
                " linker script",
            )


def _alignment(case: _Case) -> Iterator[Suspect]:
    """Find copied sections whose bytes lie where no word can be loaded from."""
    for section in case.elf.sections:
        needed = min(_WORD_BYTES, section.align_bytes)
        is_copied = section.file_bytes and section.load_address != section.address
        if is_copied and section.load_address % needed:
            region = case.board.region_of(section.load_address)
            where = f" in '{region.name}'" if region else ""
            yield Suspect(
                what=f"{case.elf.path.name}: the load address of '{section.name}',"
                f" {section.load_address:#x}{case.name_at(section.load_address)}{where}, is not a"
                f" multiple of {needed}, as its content needs.",
                why="startup code copies it word by word, and unaligned loads fault on many cores",
                fix=f"end the section before it with '. = ALIGN({needed});' in the linker script",
                start=section.load_address,
                end=section.load_end,
            )


def _vectors(case: _Case) -> Iterator[Suspect]:
    """Look where the processor will look for its first stack pointer and instruction."""
    vectors = case.arch.vectors if case.arch else None
    starts = [one.start for one in flash_regions(case.board)]
    if vectors is None or not starts:
        return
    is_fatal = case.board.loader == _RESETTING
    found = [list(_table_at(case, vectors, start, is_fatal=is_fatal)) for start in starts]
    # Boards may have several flashes: one of them has to have a table.
    yield from min(found, key=len)


def _table_at(case: _Case, vectors: Vectors, start: int, *, is_fatal: bool) -> Iterator[Suspect]:
    stack_at, entry_at = (
        start + _WORD_BYTES * word for word in (vectors.stack_word, vectors.entry_word)
    )
    stack, entry = case.word(stack_at), case.word(entry_at)
    fix = f"KEEP the vector table first in the section at {start:#x}, in the linker script"
    if stack is None or entry is None:
        yield Suspect(
            what=f"{case.elf.path.name}: nothing is loaded at {start:#x}, where the processor looks"
            f" for its vector table{_elsewhere(case, vectors)}.",
            why=f"board '{case.board.name}' begins there after a reset",
            fix=fix,
            is_fatal=is_fatal,
        )
    elif not entry & vectors.entry_bit or case.board.region_of(entry) is None:
        yield Suspect(
            what=f"{case.elf.path.name}: the reset vector, the word at {entry_at:#x}, is"
            f" {entry:#x}, which is not the address of Thumb code{_elsewhere(case, vectors)}.",
            why=f"board '{case.board.name}' jumps there after a reset",
            fix=fix,
            is_fatal=is_fatal,
        )
    elif _is_outside_ram(case.board, stack):
        yield Suspect(
            what=f"{case.elf.path.name}: the initial stack pointer, the word at {stack_at:#x}, is"
            f" {stack:#x}{case.name_at(stack)}, outside RAM ({_ram(case.board)}).",
            why="the first function that pushes a register, or the first interrupt, faults",
            fix="set it to the end of RAM in the linker script, a multiple of 8",
            is_fatal=is_fatal,
        )


def _elsewhere(case: _Case, vectors: Vectors) -> str:
    tables = (case.symbols.named(name) for name in vectors.symbols)
    table = next((one for one in tables if one is not None), None)
    return f"; '{table.name}' is at {table.address:#x}" if table else ""


def _stack(case: _Case) -> Iterator[Suspect]:
    """Look at the linker script's stack pointer, where no vector table tells."""
    if case.arch is None or case.arch.vectors is not None:
        return
    tops = (case.symbols.named(name) for name in case.arch.stack_symbols)
    top = next((one for one in tops if one is not None), None)
    if top is not None and _is_outside_ram(case.board, top.address):
        yield Suspect(
            what=f"{case.elf.path.name}: the initial stack pointer, '{top.name}' = "
            f"{top.address:#x}, is outside RAM ({_ram(case.board)}).",
            why="the first function that pushes a register faults",
            fix="set it to the end of RAM in the linker script, a multiple of 16",
        )


def _is_outside_ram(board: Board, pointer: int) -> bool:
    """Tell whether what is pushed at ``pointer``, below it that is, misses RAM."""
    ram = ram_regions(board)
    return bool(ram) and not any(region.start < pointer <= region.end for region in ram)


def _ram(board: Board) -> str:
    return ", ".join(f"{one.name} {one.start:#x}..{one.end:#x}" for one in ram_regions(board))


def _semihosting(case: _Case) -> Iterator[Suspect]:
    """Find code that calls a debugger which the board does not have."""
    if case.arch is None or case.board.semihosting or case.board.console == SEMIHOSTING:
        return
    calls = [
        f"{demangled(function.name)} at {address:#x}"
        for function in case.symbols.functions()
        if (address := _call_in(case, case.arch, function)) is not None
    ]
    if calls:
        shown = [*calls[:_MOST_CALLS], *(["..."] if len(calls) > _MOST_CALLS else [])]
        yield Suspect(
            what=f"{case.elf.path.name} makes semihosting calls ({case.arch.semihosting.words} in"
            f" {', '.join(shown)}), and board '{case.board.name}' has no semihosting.",
            why="without a debugger the call is a fault, and in a fault handler a lock-up",
            fix=f"set boards.{case.board.name}.semihosting = true, or print on a serial line",
        )


def _call_in(case: _Case, arch: Arch, function: Symbol) -> int | None:
    """Step through a function's instructions to the first semihosting call."""
    code, wanted = case.image.at(function.address, function.size_bytes), arch.semihosting.code
    at = 0
    while at < len(code):
        if code.startswith(wanted, at):
            return function.address + at
        at += arch.instruction_bytes(int.from_bytes(code[at : at + 2], "little"))
    return None
