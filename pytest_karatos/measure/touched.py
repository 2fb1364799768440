"""How much of the heap, and of all RAM, was touched: what holds another value than after the reset.

After a reset the memory of an emulated machine is zero but for what was loaded. A byte that was
written with what it held before is not seen, so what is found is the least that was touched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import read, read_image
from pytest_karatos.errors import UnknownName
from pytest_karatos.measure.sections import in_ram
from pytest_karatos.measure.stack import Stretch

_HEAPS = (".heap", "._heap", "._user_heap_stack")
#: So much of one section is looked at.
_MOST = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class HeapUse:
    """A heap of ``size`` bytes, ``used`` of which were touched, up to the highest one.

    >>> HeapUse(name=".heap", size=1024, used=300).free
    724
    """

    name: str
    size: int
    used: int

    @property
    def free(self) -> int:
        """What was left."""
        return self.size - self.used


@dataclass(frozen=True, kw_only=True, slots=True)
class RamUse:
    """The bytes in RAM that hold something else than after the reset, by section.

    >>> RamUse(sections={".data": 4, ".bss": 20}).used
    24
    """

    sections: dict[str, int]

    @property
    def used(self) -> int:
        """All of them."""
        return sum(self.sections.values())


def touched_up_to(content: bytes) -> int:
    """Return how many bytes there are up to the last one that is not zero.

    >>> touched_up_to(b"ab" + bytes(9) + b"c" + bytes(4))
    12
    """
    return len(content.rstrip(bytes(1)))


def heap_at(elf: Path, symbols: Symbols, name: str) -> Stretch:
    """Find the heap: the section for it, or the variable ``name``.

    :raises UnknownName: when there is none.
    :raises DebugFailed: when the ELF does not say how large it is.
    """
    if name:
        start, size = symbols.stretch(name)
        return Stretch(name=name, start=start, size=size)
    for one in read(elf).sections:
        if one.name.startswith(_HEAPS):
            return Stretch(name=one.name, start=one.address, size=one.size_bytes)
    raise UnknownName(
        f"{elf.name} does not say where its heap is.",
        why=f"it has none of the sections {', '.join(_HEAPS)}.",
        fix='name the variable that holds it: measure.heap("HEAP")',
    )


def ram_sections(elf: Path, board: Board) -> list[Stretch]:
    """List the sections in RAM that are written at run time."""
    found = (one for one in in_ram(read(elf), board) if one.writable or one.nobits)
    return [
        Stretch(name=one.name, start=one.address, size=min(one.size_bytes, _MOST)) for one in found
    ]


def ram_use(elf: Path, places: Sequence[Stretch], contents: Iterable[bytes]) -> RamUse:
    """Count in what ``contents`` differ from what a reset, and the loader, left at ``places``."""
    image = read_image(read(elf))
    found: dict[str, int] = {}
    for one, now in zip(places, contents, strict=True):
        before = image.loaded(one.start, one.size).ljust(one.size, bytes(1))
        changed = sum(map(int.__ne__, before, now))
        found[one.name] = found.get(one.name, 0) + changed
    return RamUse(sections=found)
