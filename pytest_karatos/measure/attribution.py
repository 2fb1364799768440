"""What takes the bytes of an image, symbol by symbol; the parts sum up to what the probes measure.

Bytes that no symbol claims (string literals, alignment, tables of the linker) are parts of their
own, so that a tree of the parts has the figure of the probes at its root, to the byte.
"""

import bisect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import Elf, Section, Symbol, demangled
from pytest_karatos.measure.sections import flash_bytes, flash_regions, in_ram, is_reserved
from pytest_karatos.text import printable

#: What bytes are called that no symbol claims.
UNATTRIBUTED, PADDING = "[unattributed]", "[padding between sections]"
#: What a Rust compiler calls constants that nobody named: the name is another in each build.
ANONYMOUS = "[constants without a name]"
_ANONYMOUS = re.compile(r"\.?L?anon\.[0-9a-f]{16,64}\.\d+(?:\.llvm\.\d+)?")
_FIRST_NAME = re.compile(r"[A-Za-z_]\w*(?=::)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A symbol of an image, or a remainder, with the bytes that it takes of each memory.

    ``crate`` is the first name of a Rust path; ``file`` is the source of a function's code, empty
    without debug information and for data.
    """

    name: str
    section: str
    crate: str = ""
    file: str = ""
    flash: int = 0
    ram: int = 0
    reserved: int = 0


#: By what parts are summed up: a word, and the name that a part has by it.
BY: dict[str, Callable[[Part], str]] = {
    "symbol": lambda part: part.name,
    "crate": lambda part: part.crate or f"[{part.section}]",
    "file": lambda part: PurePosixPath(part.file).name or f"[{part.section}]",
    "section": lambda part: part.section,
}


def parts_of(elf: Elf, board: Board, symbols: Symbols) -> tuple[Part, ...]:
    """Take an image apart, as the memories of ``board`` hold it.

    The sums of their ``flash``, ``ram`` and ``reserved`` are what the probes of these names find.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    flash, ram = flash_regions(board), {one.address for one in in_ram(elf, board)}
    claims = _claims(symbols.table.symbols)
    parts = [
        part
        for section in elf.sections
        for part in _parts(
            _Held(
                section=section,
                flash=not flash or any(one.holds(section.load_address) for one in flash),
                ram=section.address in ram,
            ),
            claims,
            symbols,
        )
    ]
    padding = flash_bytes(elf, flash) - sum(part.flash for part in parts)
    if padding:
        parts.append(Part(name=PADDING, section=PADDING, flash=padding))
    return tuple(parts)


def summed(parts: Iterable[Part], by: str) -> dict[str, Part]:
    """Add up ``parts`` by a word of :data:`BY`; the largest first."""
    called = BY[by]
    found: dict[str, Part] = {}
    for part in parts:
        name = called(part)
        known = found.get(name, Part(name=name, section=part.section))
        found[name] = Part(
            name=name,
            section=part.section if by == "symbol" else "",
            crate=part.crate if by == "symbol" else "",
            file=part.file if by in {"symbol", "file"} else "",
            flash=known.flash + part.flash,
            ram=known.ram + part.ram,
            reserved=known.reserved + part.reserved,
        )
    return dict(sorted(found.items(), key=lambda one: (-one[1].flash - one[1].ram, one[0])))


def crate_of(path: str) -> str:
    """Return the crate that a Rust path belongs to; empty for C's names.

    >>> crate_of("<kernel::task::Task as core::fmt::Debug>::fmt"), crate_of("memcpy")
    ('kernel', '')
    """
    found = _FIRST_NAME.search(path)
    return found.group() if found else ""


def name_of(symbol: str) -> str:
    """Return what a symbol is called in each build, so that two of them can be compared.

    >>> name_of("anon.d0a84b0ae95355b16e83c558b439a8ff.14.llvm.129"), name_of("a.llvm.7")
    ('[constants without a name]', 'a')
    """
    return ANONYMOUS if _ANONYMOUS.fullmatch(symbol) else demangled(symbol).partition(".llvm.")[0]


def _claims(symbols: Iterable[Symbol]) -> list[Symbol]:
    """Order what has a size; of two that begin together the larger one is first."""
    sized = (one for one in symbols if one.size_bytes)
    return sorted(sized, key=lambda one: (one.address, -one.size_bytes, one.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """A section, and which memories hold it."""

    section: Section
    flash: bool
    ram: bool

    def part(self, size: int, name: str, **more: str) -> Part:
        """Return ``size`` bytes of it as a part."""
        in_ram = size if self.ram else 0
        kept = is_reserved(self.section)
        return Part(
            name=name,
            section=printable(self.section.name),
            flash=size if self.flash and self.section.file_bytes else 0,
            ram=0 if kept else in_ram,
            reserved=in_ram if kept else 0,
            **more,
        )


def _parts(held: _Held, claims: list[Symbol], symbols: Symbols) -> Iterator[Part]:
    section, total = held.section, 0
    reached = section.address
    first = bisect.bisect_left(claims, section.address, key=lambda one: one.address)
    for symbol in itertools.takewhile(lambda one: one.address < section.end, claims[first:]):
        # Of overlapping symbols (aliases, merged functions) the first one has the bytes.
        end = min(symbol.address + symbol.size_bytes, section.end)
        size = end - max(symbol.address, reached)
        if size > 0:
            reached, total = end, total + size
            yield held.part(size, **_words_of(symbol, symbols))
    if total < section.size_bytes:
        rest = section.size_bytes - total
        yield held.part(rest, f"{UNATTRIBUTED} {printable(section.name)}")


def _words_of(symbol: Symbol, symbols: Symbols) -> dict[str, str]:
    name = printable(name_of(symbol.name))
    places = symbols.places(symbol.address) if symbol.kind != "data" else ()
    return {"name": name, "crate": crate_of(name), "file": places[-1].file if places else ""}
