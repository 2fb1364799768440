"""Debug information of an ELF (DWARF): for each unit its lines, functions and inlined calls.

A unit is what one run of the compiler made. Reading one costs a tenth of a second, so only those
that somebody asks about are read. What linkers threw away has addresses at 0; it is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

from pytest_karatos.deadline import Deadline
from pytest_karatos.elf.demangle import demangled
from pytest_karatos.elf.opened import opened
from pytest_karatos.errors import BadFirmware

#: Debug information may be compressed a thousandfold, and grow when it is read.
_MOST_BYTES = 256 * 1024 * 1024
#: Seconds that one unit may take: a broken one can be read for ever.
_LONGEST = 30.0
_SCOPES = {"DW_TAG_namespace", "DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_union_type"}
#: The version of DWARF from which on lists are counted from 0.
_COUNTS_FROM_0 = 5
_MOST_SCOPES = 32
_SAME = ("DW_AT_abstract_origin", "DW_AT_specification")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Code from ``start`` up to, not with, ``end`` that was made of a line; 0: of none."""

    start: int
    end: int
    file: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """The code of a function; with ``depth`` > 0 inlined, and called from ``file``, ``line``."""

    start: int
    end: int
    name: str
    depth: int = 0
    file: str = ""
    line: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """What is known of a compilation unit's code. ``rows`` are in the order of their addresses."""

    rows: tuple[Row, ...] = ()
    functions: tuple[Function, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitRange:
    """Where a unit has code; ``unit`` is its offset in the debug information."""

    start: int
    end: int
    unit: int


def unit_ranges(path: Path) -> tuple[UnitRange, ...]:
    """List where each unit of ``path`` has code; nothing without debug information.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    with opened(path) as file:
        dwarf = _dwarf(path, file)
        return tuple(_unit_ranges(dwarf)) if dwarf else ()


def read_unit(path: Path, offset: int) -> Unit:
    """Read the unit at ``offset``, one of :func:`unit_ranges`.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    with opened(path) as file:
        dwarf = _dwarf(path, file)
        if dwarf is None:
            return Unit()
        reader = _UnitReader(dwarf, dwarf.get_CU_at(offset), Deadline(_LONGEST))
        functions = tuple(reader.functions())
        return Unit(rows=tuple(sorted(reader.rows(), key=_start)), functions=functions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """All code of an ELF that was made of a line, in the order of addresses.

    ``calls`` is that of inlined functions once more, by the lines that call them.
    """

    rows: tuple[Row, ...] = ()
    calls: tuple[Row, ...] = ()


def read_code(path: Path, is_wanted: Callable[[str], bool]) -> Code:
    """Read all lines of ``path``, and the calls in units with a file that ``is_wanted``.

    Code of line 0 was made of none, and is left out.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    rows: list[Row] = []
    calls: list[Row] = []
    with opened(path) as file:
        dwarf = _dwarf(path, file)
        for unit in dwarf.iter_CUs() if dwarf else ():
            if dwarf and _ranges(dwarf, unit.get_top_DIE()):
                reader = _UnitReader(dwarf, unit, Deadline(_LONGEST))
                own = [row for row in reader.rows(guess=False) if row.line]
                rows += own
                if any(map(is_wanted, {row.file for row in own})):
                    calls += reader.calls()
    return Code(rows=tuple(sorted(rows, key=_start)), calls=tuple(sorted(calls, key=_start)))


def _start(row: Row) -> int:
    return row.start


def _dwarf(path: Path, file: ELFFile) -> DWARFInfo | None:
    debug = [one for one in file.iter_sections() if one.name.startswith((".debug_", ".zdebug_"))]
    if sum(one.data_size for one in debug) > _MOST_BYTES:
        raise BadFirmware(
            f"{path} has more than {_MOST_BYTES >> 20} MiB of debug information.",
            fix="build with less of it: debug = 1 (Rust), -g1 (C)",
        )
    has_units = any(one.name in {".debug_info", ".zdebug_info"} for one in debug)
    return file.get_dwarf_info(relocate_dwarf_sections=False) if has_units else None


def _unit_ranges(dwarf: DWARFInfo) -> Iterator[UnitRange]:
    for unit in dwarf.iter_CUs():
        for start, end in _ranges(dwarf, unit.get_top_DIE()):
            yield UnitRange(start=start, end=end, unit=unit.cu_offset)


def _ranges(dwarf: DWARFInfo, die: DIE) -> list[tuple[int, int]]:
    """List where ``die`` has code."""
    low, high = die.attributes.get("DW_AT_low_pc"), die.attributes.get("DW_AT_high_pc")
    ranges = die.attributes.get("DW_AT_ranges")
    if low is not None and high is not None:
        is_length = high.form != "DW_FORM_addr"
        found = [(low.value, low.value + high.value if is_length else high.value)]
    elif ranges is not None:
        found = list(_range_list(dwarf, die, ranges.value))
    else:
        found = []
    return [(start, end) for start, end in found if 0 < start < end]


def _range_list(dwarf: DWARFInfo, die: DIE, offset: int) -> Iterator[tuple[int, int]]:
    lists = dwarf.range_lists()
    if lists is None:
        return
    low = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
    base = low.value if low is not None else 0
    unit: Any = die.cu
    for entry in lists.get_range_list_at_offset(offset, cu=unit):
        if isinstance(entry, BaseAddressEntry):
            base = entry.base_address
        else:
            # A start at 0 means "nowhere", whatever base would be added to it.
            absolute = getattr(entry, "is_absolute", False)
            add = 0 if absolute else base
            if entry.begin_offset or add:
                yield entry.begin_offset + add, entry.end_offset + add


@dataclass
class _UnitReader:
    dwarf: DWARFInfo
    unit: CompileUnit
    deadline: Deadline
    _files: dict[int, str] = field(default_factory=dict)
    _program: Any = None

    def __post_init__(self) -> None:
        self._program = self.dwarf.line_program_for_CU(self.unit)

    def rows(self, *, guess: bool = True) -> Iterator[Row]:
        """Read the line program; with ``guess`` code of no line gets the one before it."""
        if self._program is None:
            return
        before: tuple[int, int, int] | None = None
        line, is_dead = 0, False
        for state in (entry.state for entry in self._program.get_entries() if entry.state):
            if before is None:
                is_dead = state.address == 0
            elif before[0] < state.address and not is_dead:
                # Line 0 is code of no line: the one before it is the nearest thing to a place.
                line = before[2] or (line if guess else 0)
                file = self._file(before[1])
                yield Row(start=before[0], end=state.address, file=file, line=line)
            before = None if state.end_sequence else (state.address, state.file, state.line)

    def calls(self) -> Iterator[Row]:
        for one in self.functions():
            if one.depth and one.line:
                yield Row(start=one.start, end=one.end, file=one.file, line=one.line)

    def _file(self, index: int) -> str:
        if index not in self._files:
            self._files[index] = self._path(index)
        return self._files[index]

    def _path(self, index: int) -> str:
        header = self._program.header
        # DWARF 5 counts files and folders from 0, the versions before from 1 (0: the unit's own).
        is_new = header.version >= _COUNTS_FROM_0
        at = index if is_new else index - 1
        if not 0 <= at < len(header.file_entry):
            return ""
        entry = header.file_entry[at]
        folders = list(header.include_directory)
        folder = entry.dir_index if is_new else entry.dir_index - 1
        inside = _text(folders[folder]) if 0 <= folder < len(folders) else ""
        name = _text(entry.name)
        whole = name if name.startswith("/") or not inside else f"{inside}/{name}"
        base = _attribute(self.unit.get_top_DIE(), "DW_AT_comp_dir")
        return whole if whole.startswith("/") or not base else f"{base}/{whole}"

    def functions(self) -> Iterator[Function]:
        todo = [(self.unit.get_top_DIE(), 0)]
        while todo:
            die, depth = todo.pop()
            if self.deadline.expired:
                raise ValueError("its debug information does not come to an end")
            inner = depth
            if die.tag in {"DW_TAG_subprogram", "DW_TAG_inlined_subroutine"}:
                inner = depth + 1 if die.tag == "DW_TAG_inlined_subroutine" else 0
                yield from self._pieces(die, inner)
            todo += [(child, inner) for child in die.iter_children()]

    def _pieces(self, die: DIE, depth: int) -> Iterator[Function]:
        ranges = _ranges(self.dwarf, die)
        if not ranges:
            return
        call_file = die.attributes.get("DW_AT_call_file")
        call_line = die.attributes.get("DW_AT_call_line")
        for start, end in ranges:
            yield Function(
                start=start,
                end=end,
                name=_name(die),
                depth=depth,
                file=self._file(call_file.value) if call_file and self._program else "",
                line=call_line.value if call_line else 0,
            )


def _name(die: DIE) -> str:
    """Return the name of a function as its source has it, with the modules around it."""
    for _ in range(8):
        linkage = _attribute(die, "DW_AT_linkage_name") or _attribute(
            die, "DW_AT_MIPS_linkage_name"
        )
        if linkage and (plain := demangled(linkage)) != linkage:
            return plain
        name = _attribute(die, "DW_AT_name")
        if name:
            return "::".join([*_scopes(die), name])
        origin = next((key for key in _SAME if key in die.attributes), None)
        if origin is None:
            return linkage
        die = die.get_DIE_from_attribute(origin)
    return ""


def _scopes(die: DIE) -> list[str]:
    names: list[str] = []
    outer = die.get_parent()
    while outer is not None and outer.tag in _SCOPES and len(names) < _MOST_SCOPES:
        names.insert(0, _attribute(outer, "DW_AT_name") or "{anonymous}")
        outer = outer.get_parent()
    return names


def _attribute(die: DIE, name: str) -> str:
    found = die.attributes.get(name)
    return _text(found.value) if found is not None else ""


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
