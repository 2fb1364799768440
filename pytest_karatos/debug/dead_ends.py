"""Functions that no firmware leaves: panics, failed assertions, handlers that only spin.

Their names are data (``resources/dead_ends.toml``). Compilers and linkers give functions of the
same code one address: a name that shares its address with one of another meaning proves nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pytest_karatos.debug.code import Code
from pytest_karatos.debug.frame import Frame
from pytest_karatos.debug.symbols import Place
from pytest_karatos.elf import Symbol, SymbolTable, demangled
from pytest_karatos.settings import toml

_FILE = Path(__file__).parents[1] / "resources" / "dead_ends.toml"
#: Functions of other names between two of a dead end, such as a delay that its loop calls.
_MOST_BETWEEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of dead end; ``handler``: only while an exception is served."""

    means: str
    names: re.Pattern[str]
    paths: tuple[str, ...]
    handler: bool

    def fits(self, path: str) -> bool:
        """Tell whether a function of that path is one."""
        plain = path.removeprefix("__rustc::")
        last = plain.rpartition("::")[2].partition("(")[0]
        return plain.startswith(self.paths) or bool(self.names.fullmatch(last))


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadEnd:
    """A dead end that a core is in; of its frames' places the first ``places`` belong to it."""

    means: str
    function: str
    places: int
    #: Whether it serves an exception that it does not know.
    is_handler: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """The code of a dead end: from ``start`` up to, not with, ``end``."""

    start: int
    end: int
    kind: Kind


@cache
def kinds() -> tuple[Kind, ...]:
    """Read what is known, once."""
    tables: Mapping[str, Any] = toml.read(_FILE, _FILE.name).data
    return tuple(
        Kind(
            means=table["means"],
            names=re.compile("|".join(table["names"])),
            paths=tuple(table.get("paths", ())),
            handler=bool(table.get("handler", False)),
        )
        for table in tables.values()
    )


def kind_of(path: str) -> Kind | None:
    """Find the kind of dead end that a function of that path is.

    >>> kind_of("__rustc::rust_begin_unwind").means, kind_of("main")
    ('a panic', None)
    """
    return next((one for one in kinds() if one.fits(path)), None)


def stretches(table: SymbolTable) -> tuple[Stretch, ...]:
    """List the dead ends of a firmware, by its symbols, in the order of addresses."""
    named: dict[int, list[Symbol]] = {}
    for one in table.functions():
        named.setdefault(one.address, []).append(one)
    found = []
    for start, symbols in named.items():
        ends = [kind for one in symbols if (kind := kind_of(demangled(one.name)))]
        # Weak handlers have dozens of names; anything else may share the code of an idle loop.
        if ends and (len(ends) == len(symbols) or ends[0].handler):
            end = max(one.address + one.size_bytes for one in symbols)
            found.append(Stretch(start=start, end=end, kind=ends[0]))
    return tuple(sorted(found, key=lambda one: one.start))


def dead_end_of(frames: Sequence[Frame], code: Code) -> DeadEnd | None:
    """Find the dead end that ``frames`` are in; None when they can go on.

    Only what is sure counts, and a handler only while it serves an exception.
    """
    ranges = stretches(code.symbols.table)
    found: DeadEnd | None = None
    number = 0
    is_serving = any(one.exception or one.was_interrupted for one in frames)
    for frame in frames:
        if found is None and not frame.is_sure:
            break  # what happens to lie on a stack is no panic
        for place in frame.places or (None,):
            number += 1
            kind = _kind_at(frame, place, ranges)
            if kind is None or (kind.handler and not is_serving):
                continue
            name = place.function if place else f"{frame.pc:#010x}"
            # The outermost says it best: it is a failed assertion that calls abort.
            found = DeadEnd(means=kind.means, function=name, places=number, is_handler=kind.handler)
        gap = number - (found.places if found else 0)
        if gap > _MOST_BETWEEN:
            break
    return found


def _kind_at(frame: Frame, place: Place | None, ranges: Sequence[Stretch]) -> Kind | None:
    if place is not None and (kind := kind_of(place.function)) is not None:
        return kind
    at = next((one for one in ranges if one.start <= frame.inside < one.end), None)
    is_whole = place is None or not place.inlined
    return at.kind if at and is_whole else None
