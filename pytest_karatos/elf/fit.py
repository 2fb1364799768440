"""The check that an ELF can run on a board, made before a boot that would only hang."""

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_karatos.board import Board, Region
from pytest_karatos.choices import BIG, LITTLE
from pytest_karatos.elf.reader import Elf, Section, Segment
from pytest_karatos.errors import BadFirmware

#: How people write what ``e_machine`` spells otherwise.
_WRITTEN = {"RISCV": "RISC-V", "AARCH64": "AArch64", "XTENSA": "Xtensa", "386": "x86"}
#: What follows an overflow within so many bytes overflows too: sections are aligned.
_PADDING = 4096
#: Sections that a sentence names.
_NAMED = 3


def check(elf: Elf, board: Board) -> None:
    """Hold the ELF's header, its load addresses and all memory that it takes against ``board``.

    A board without regions is not asked about addresses; an entry of 0 means "none given".

    :raises BadFirmware: naming what does not fit and what the board has.
    """
    for misfit in (*_header_misfits(elf, board), *_address_misfits(elf, board)):
        raise BadFirmware(
            misfit, fix=f"build it for {board.triple or board.arch}, or pick the board with --arch"
        )
    for misfit in _size_misfits(elf, board):
        raise BadFirmware(
            misfit,
            why="what it keeps there would be lost, or fault, and no emulator would say so.",
            fix="make it smaller, or say the memory that the board has: "
            f"[boards.{board.name}] regions.NAME = {{ start = ..., size = ... }}",
        )


def _word(machine: str) -> str:
    plain = machine.upper().removeprefix("EM_").replace("-", "")
    return _WRITTEN.get(plain, plain)


def _header_misfits(elf: Elf, board: Board) -> Iterator[str]:
    who = f"board '{board.name}' ({board.arch})"
    if _word(elf.machine) != _word(board.elf_machine):
        yield (
            f"{elf.path} is for {_word(elf.machine)}, but {who} needs {_word(board.elf_machine)}."
        )
    if elf.bits != board.elf_bits:
        yield f"{elf.path} is a {elf.bits}-bit ELF, but {who} needs {board.elf_bits}-bit."
    endian = LITTLE if elf.little_endian else BIG
    if endian != board.elf_endian:
        yield f"{elf.path} is {endian}-endian, but {who} is {board.elf_endian}-endian."


def _address_misfits(elf: Elf, board: Board) -> Iterator[str]:
    if not board.regions:
        return
    where = f"outside the memory of board '{board.name}' ({_memory(board)})"
    if elf.entry and board.region_of(elf.entry) is None:
        yield f"{elf.path} starts at {elf.entry:#x}, {where}."
    behind = {one.name for overflow in _overflows(elf, board) for one in overflow.spans}
    for section in elf.sections:
        outside = section.file_bytes and board.region_of(section.load_address) is None
        if outside and section.name not in behind:
            yield f"{elf.path} loads {section.name!r} at {section.load_address:#x}, {where}."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Span:
    """The memory from ``start`` to ``end`` that a section or segment takes."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Overflow:
    """The ``spans`` that begin in ``region``, or follow those, and end behind it."""

    region: Region
    spans: tuple[_Span, ...]

    def said(self) -> str:
        """Say which sections, of which region, by how much."""
        names = ", ".join(repr(one.name) for one in self.spans[:_NAMED])
        more = f" and {len(self.spans) - _NAMED} more" if self.spans[_NAMED:] else ""
        region, end = self.region, max(one.end for one in self.spans)
        does, ends = ("does", "ends") if len(self.spans) == 1 else ("do", "end")
        return (
            f"{names}{more} {does} not fit region '{region.name}' "
            f"({region.start:#x}..{region.end:#x}, {region.size_bytes:,} B): "
            f"{'it' if does == 'does' else 'they'} {ends} at {end:#x}, "
            f"{end - region.end:,} B over"
        )


def _size_misfits(elf: Elf, board: Board) -> Iterator[str]:
    if not board.regions:
        return
    overflows = _overflows(elf, board)
    for one in overflows:
        yield f"{elf.path}: {one.said()} on board '{board.name}'."
    known = {span for one in overflows for span in one.spans}
    for span in _spans(elf):
        if span not in known and board.region_of(span.start) is None:
            yield (
                f"{elf.path} keeps {span.name!r} at {span.start:#x}..{span.end:#x} "
                f"({span.end - span.start:,} B), outside the memory of board '{board.name}' "
                f"({_memory(board)})."
            )


def _overflows(elf: Elf, board: Board) -> list[_Overflow]:
    found: dict[str, list[_Span]] = {}
    reached: dict[str, int] = {one.name: one.end for one in board.regions}
    for span in sorted(_spans(elf), key=lambda one: (one.start, one.end)):
        region = _overflown(span, board, reached)
        if region is not None:
            found.setdefault(region.name, []).append(span)
            reached[region.name] = max(reached[region.name], span.end)
    regions = {one.name: one for one in board.regions}
    return [_Overflow(region=regions[name], spans=tuple(one)) for name, one in found.items()]


def _overflown(span: _Span, board: Board, reached: dict[str, int]) -> Region | None:
    """Return the region that ``span`` begins in, or right behind, and does not end in."""
    if (over := board.overrun(span.start, span.end)) is not None:
        return over[0]
    if board.region_of(span.start) is not None:
        return None
    behind = (one for one in board.regions if 0 <= span.start - reached[one.name] <= _PADDING)
    return next(behind, None)


def _spans(elf: Elf) -> Iterator[_Span]:
    """Give what the ELF takes where it runs and where it is loaded, sections first."""
    for section in elf.sections:
        yield _Span(name=section.name, start=section.address, end=section.end)
        if section.file_bytes and section.load_address != section.address:
            yield _Span(name=section.name, start=section.load_address, end=section.load_end)
    for number, segment in enumerate(elf.segments):
        if not any(_carries(segment, section) for section in elf.sections):
            yield _Span(
                name=f"segment {number}",
                start=segment.address,
                end=segment.address + segment.memory_bytes,
            )


def _carries(segment: Segment, section: Section) -> bool:
    return segment.address <= section.address < segment.address + segment.memory_bytes


def _memory(board: Board) -> str:
    return ", ".join(f"{one.name} {one.start:#x}..{one.end:#x}" for one in board.regions)
