"""The symbol table of an ELF: functions and variables, with addresses and sizes."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Symbol as Entry
from elftools.elf.sections import SymbolTableSection

from pytest_karatos.elf.opened import opened

#: A large firmware has some ten thousand.
_MOST = 500_000
#: Behind how many that begin later a function that covers an address may stand.
_NEAR = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbol:
    """A name for an address: of a ``function``, a ``label`` in code, or of ``data`` and the rest.

    ``size_bytes`` is 0 where nobody said it. ``address`` is where the code is: without the bit
    that chooses Thumb.
    """

    name: str
    address: int
    size_bytes: int = 0
    kind: str = "data"

    def covers(self, address: int) -> bool:
        """Tell whether ``address`` lies in it."""
        return self.address <= address < self.address + self.size_bytes


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """The symbols of one ELF in the order of their addresses."""

    symbols: tuple[Symbol, ...] = ()
    _code: tuple[Symbol, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        code = sorted((one for one in self.symbols if one.kind != "data"), key=_by_address)
        object.__setattr__(self, "_code", tuple(code))

    def named(self, name: str) -> Symbol | None:
        """Find the symbol that is called exactly so in the table."""
        return next((one for one in self.symbols if one.name == name), None)

    def functions(self) -> tuple[Symbol, ...]:
        """List what has code, in the order of addresses; labels reach to whatever is next."""
        ends = [one.address for one in (*self._code[1:], *self._code[-1:])]
        return tuple(
            replace(one, size_bytes=one.size_bytes or max(0, end - one.address))
            for one, end in zip(self._code, ends, strict=True)
        )

    def function_at(self, address: int) -> Symbol | None:
        """Find the function at ``address``; a label without a size reaches to the next symbol."""
        at = bisect.bisect_right(self._code, address, key=_by_address)
        near = self._code[max(0, at - _NEAR) : at][::-1]
        whole = [one for one in near if one.covers(address)]
        last = [one for one in near[:1] if not one.size_bytes]
        return next(iter(whole or last), None)


def _by_address(symbol: Symbol) -> int:
    return symbol.address


def read_symbols(path: Path) -> SymbolTable:
    """Read the symbols of ``path``; a stripped file has none.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    with opened(path) as file:
        return SymbolTable(tuple(_symbols(file)))


def _symbols(file: ELFFile) -> Iterator[Symbol]:
    is_code = [bool(one["sh_flags"] & SH_FLAGS.SHF_EXECINSTR) for one in file.iter_sections()]
    for section in file.iter_sections():
        if isinstance(section, SymbolTableSection) and section.num_symbols() <= _MOST:
            for entry in section.iter_symbols():
                index = entry["st_shndx"]
                in_code = isinstance(index, int) and index < len(is_code) and is_code[index]
                if kind := _kind(entry, in_code=in_code):
                    yield _symbol(entry, kind, thumb=file["e_machine"] == "EM_ARM")


def _kind(entry: Entry, *, in_code: bool) -> str:
    """Tell the kind; empty for what nobody would call a symbol."""
    # "$t", "$d", "$x" tell what kind of bytes follow; ".L..." are a compiler's own labels.
    if not entry.name or entry.name.startswith(("$", ".L")) or entry["st_shndx"] == "SHN_UNDEF":
        return ""
    if entry["st_info"]["type"] == "STT_FUNC":
        return "function"
    if entry["st_info"]["type"] == "STT_NOTYPE":
        return "label" if in_code else "data"
    return "data" if entry["st_info"]["type"] == "STT_OBJECT" else ""


def _symbol(entry: Entry, kind: str, *, thumb: bool) -> Symbol:
    address = entry["st_value"]
    return Symbol(
        name=entry.name,
        address=address & ~1 if thumb and kind == "function" else address,
        size_bytes=entry["st_size"],
        kind=kind,
    )
