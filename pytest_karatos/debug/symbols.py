"""What an address means in the source: function, file, line, and through which inlined calls."""

import bisect
import contextlib
import difflib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_karatos.debug.symbol_cache import SymbolCache
from pytest_karatos.elf import (
    Function,
    Row,
    Symbol,
    SymbolTable,
    Unit,
    demangled,
    read_symbols,
    read_unit,
    unit_ranges,
    with_lines,
)
from pytest_karatos.errors import BadFirmware, DebugFailed, UnknownName
from pytest_karatos.text import printable

#: Rust's, wherever it was compiled.
_LIBRARY = re.compile(r"/library/(core|alloc|std|compiler-builtins)/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place in the source; without debug information only ``function`` and ``offset`` (bytes).

    ``inlined`` says that the compiler put the function's code into its caller's.

    >>> print(Place(function="Reset", file="/src/boot.rs", line=41), Place(function="f", offset=6))
    Reset, boot.rs:41 f+0x6
    """

    function: str
    file: str = ""
    line: int = 0
    offset: int = 0
    inlined: bool = False

    @property
    def is_library(self) -> bool:
        """Whether it is the language's own library, which is seldom where a mistake is."""
        return bool(_LIBRARY.search(self.file))

    def __str__(self) -> str:
        if self.line:
            return f"{self.function}, {Path(self.file).name}:{self.line}"
        return f"{self.function}+{self.offset:#x}" if self.offset else self.function


class Symbols:
    """The names and lines of the ELF at ``path``, read when somebody asks.

    ``cache`` is a folder that keeps what was read, so that the next run need not.
    """

    def __init__(self, path: Path, cache: Path | None = None) -> None:
        self._path = path
        #: Where its debug information is.
        self._lines = with_lines(path)
        self._cache_folder = cache

    @cached_property
    def table(self) -> SymbolTable:
        """The ELF's symbol table, names as they are in it."""
        return read_symbols(self._path)

    @cached_property
    def _cache(self) -> SymbolCache:
        return SymbolCache(self._lines, self._cache_folder)

    def named(self, name: str) -> Symbol:
        """Find a symbol by its name in the ELF, its path in the source, or the end of that.

        :raises UnknownName: when nothing, or more than one thing, is called so.
        """
        if (exact := self.table.named(name)) is not None:
            return exact
        found = {one.address: one for path, one in self._paths if f"::{path}".endswith(f"::{name}")}
        if len(found) == 1:
            return next(iter(found.values()))
        names = [path for path, _ in self._paths]
        if found:
            several = sorted(path for path in names if f"::{path}".endswith(f"::{name}"))
            raise UnknownName(
                f"{len(found)} symbols of {self._path.name} are called '{name}'.",
                fix=f"write more of the path: {', '.join(several[:5])}",
            )
        close = difflib.get_close_matches(name, names + [one.rpartition("::")[2] for one in names])
        raise UnknownName(
            f"{self._path.name} has no symbol '{name}'.",
            why="it may have been inlined, or left out by the linker"
            if names
            else "it is stripped",
            fix=f"did you mean '{close[0]}'?" if close else "",
        )

    def stretch(self, name: str, size: int = 0) -> tuple[int, int]:
        """Return the address of a variable and its size, or ``size`` where that is given.

        :raises UnknownName: as :meth:`named`.
        :raises DebugFailed: when the ELF does not say how large it is.
        """
        symbol = self.named(name)
        if not (size or symbol.size_bytes):
            raise DebugFailed(
                f"{self._path.name} does not say how large '{name}' is.",
                why="assembly and linker scripts make names without a size",
                fix=f"machine.read_memory('{name}', SIZE)",
            )
        return symbol.address, size or symbol.size_bytes

    @cached_property
    def _paths(self) -> list[tuple[str, Symbol]]:
        return [(demangled(one.name), one) for one in self.table.symbols]

    def places(self, address: int) -> tuple[Place, ...]:
        """Say where the instruction at ``address`` is: the innermost inlined function first.

        Empty when no code of the firmware is there.
        """
        with contextlib.suppress(BadFirmware):  # broken debug information is like none
            if found := self._by_debug_information(address):
                return found
        symbol = self.table.function_at(address)
        if symbol is None:
            return ()
        name = printable(demangled(symbol.name))
        return (Place(function=name, offset=address - symbol.address),)

    def _by_debug_information(self, address: int) -> tuple[Place, ...]:
        for unit in self._units_at(address):
            row = _row_at(unit, address)
            chain = [one for one in unit.functions if one.start <= address < one.end]
            if row is not None and row.line:
                return tuple(self._chain(address, row, sorted(chain, key=_outermost_last)))
        return ()

    def _chain(self, address: int, row: Row, chain: list[Function]) -> Iterator[Place]:
        symbol = self.table.function_at(address)
        offset = address - symbol.address if symbol else 0
        file, line = row.file, row.line
        if not chain and symbol is not None:
            name = printable(demangled(symbol.name))
            yield Place(function=name, file=printable(file), line=line, offset=offset)
        for one in chain:
            name = printable(one.name or (demangled(symbol.name) if symbol else "?"))
            inlined = one.depth > 0
            yield Place(
                function=name,
                file=printable(file),
                line=line,
                offset=0 if inlined else offset,
                inlined=inlined,
            )
            file, line = one.file, one.line

    def _units_at(self, address: int) -> Iterator[Unit]:
        cache = self._cache
        if cache.ranges is None:
            cache.ranges = unit_ranges(self._lines)
            cache.save()
        near = [one for one in cache.ranges if one.start <= address < one.end]
        for one in sorted(near, key=lambda one: one.end - one.start):
            if one.unit not in cache.units:
                cache.units[one.unit] = read_unit(self._lines, one.unit)
                cache.save()
            yield cache.units[one.unit]


def symbols_of(path: Path, cache: Path | None = None) -> Symbols:
    """Return the symbols of the ELF at ``path``, the same ones as long as the file is the same.

    :raises BadFirmware: when there is no such file.
    """
    try:
        fact = path.stat()
    except OSError as error:
        raise BadFirmware(f"{path} cannot be read as an ELF: {error}.") from None
    return _known(path, cache, fact.st_mtime_ns, fact.st_size)


@functools.lru_cache(maxsize=8)
def _known(path: Path, cache: Path | None, *_: int) -> Symbols:
    return Symbols(path, cache)


def _outermost_last(function: Function) -> tuple[int, int]:
    return -function.depth, function.end - function.start


def _row_at(unit: Unit, address: int) -> Row | None:
    at = bisect.bisect_right(unit.rows, address, key=lambda one: one.start)
    near = unit.rows[max(0, at - 4) : at]
    return next((one for one in reversed(near) if one.start <= address < one.end), None)
