"""The points of an exploration: instructions that a boot executed, chosen by function or file."""

import difflib
import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pytest_karatos.debug.symbols import Place, Symbols
from pytest_karatos.errors import TooLittle
from pytest_karatos.settings.explore import ALL, Explore

_CLOSE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """An instruction: ``offset`` bytes into ``function``, the one that it lies in.

    ``places`` are where it is in the source, the innermost inlined function first.
    """

    address: int
    function: str = ""
    offset: int = 0
    places: tuple[Place, ...] = ()

    @property
    def where(self) -> str:
        """Its place in words."""
        within = f"{self.function}+{self.offset:#x}"
        inner = str(self.places[0]) if self.places else within
        return (
            inner if inner.startswith(self.function) else f"{inner} ({within})" if inner else within
        )

    def is_meant(self, pattern: str) -> bool:
        """Tell whether ``pattern`` means it: the path of a function, or its end, or a file."""
        names = {self.function, *(one.function for one in self.places)}
        files = {one.file for one in self.places}
        return (
            pattern == ALL
            or any(_fits(f"::{name}", f"*::{pattern}") for name in names if name)
            or any(_fits(f"/{PurePath(file)}", f"*/{pattern}") for file in files if file)
        )


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)


def points_of(starts: Sequence[int], symbols: Symbols, wanted: Explore) -> list[Point]:
    """Return those of the executed instructions at ``starts`` that are ``wanted``, evenly limited.

    :raises TooLittle: when nothing is meant that was executed.
    """
    every = list(_all(starts, symbols))
    meant = [one for one in every if any(map(one.is_meant, wanted.at))]
    if not meant:
        raise _nothing(every, wanted)
    if not wanted.limit or len(meant) <= wanted.limit:
        return meant
    return [meant[at * len(meant) // wanted.limit] for at in range(wanted.limit)]


def _all(starts: Sequence[int], symbols: Symbols) -> Iterator[Point]:
    for address in starts:
        places = symbols.places(address)
        outer = places[-1] if places else None
        function = outer.function if outer else ""
        offset = outer.offset if outer else 0
        yield Point(address=address, function=function, offset=offset, places=places)


def _nothing(every: Sequence[Point], wanted: Explore) -> TooLittle:
    names = sorted({one.function for one in every if one.function})
    close = [
        one for pattern in wanted.at for one in difflib.get_close_matches(pattern, names, _CLOSE)
    ]
    shown = ", ".join(close or names[:_CLOSE])
    return TooLittle(
        f"Nothing that the test's boot executed is meant by '{','.join(wanted.at)}': of "
        f"{len(every)} instructions in {len(names)} functions not one.",
        why="so no timing was tried.",
        fix=f"name a function ({shown} ...), a file, or 'all'" if names else "name 'all'",
    )
