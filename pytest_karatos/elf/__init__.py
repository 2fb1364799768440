"""ELF files, whose headers are not trusted: the only package that imports pyelftools."""

from pytest_karatos.elf.content import Image, cpu_profile, flat, read_image
from pytest_karatos.elf.demangle import demangled
from pytest_karatos.elf.fit import check
from pytest_karatos.elf.lines import (
    Code,
    Function,
    Row,
    Unit,
    UnitRange,
    read_code,
    read_unit,
    unit_ranges,
)
from pytest_karatos.elf.mapping import CodeMap, read_code_map
from pytest_karatos.elf.reader import Elf, Section, Segment, read
from pytest_karatos.elf.symbols import Symbol, SymbolTable, read_symbols
from pytest_karatos.elf.twin import difference, has_lines, twin_name, with_lines
from pytest_karatos.elf.unwind import Saved, UnwindRow, UnwindTable, read_unwind_table

__all__ = [
    "Code",
    "CodeMap",
    "Elf",
    "Function",
    "Image",
    "Row",
    "Saved",
    "Section",
    "Segment",
    "Symbol",
    "SymbolTable",
    "Unit",
    "UnitRange",
    "UnwindRow",
    "UnwindTable",
    "check",
    "cpu_profile",
    "demangled",
    "difference",
    "flat",
    "has_lines",
    "read",
    "read_code",
    "read_code_map",
    "read_image",
    "read_symbols",
    "read_unit",
    "read_unwind_table",
    "twin_name",
    "unit_ranges",
    "with_lines",
]
