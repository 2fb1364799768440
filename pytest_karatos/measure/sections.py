"""What an ELF takes of a board's flash and RAM, as programming and running it would.

Neither ``size`` nor the file's length tells: ``.data`` takes both memories, padding between
sections takes flash, debug sections take neither.
"""

from collections.abc import Iterable

from pytest_karatos.board import Board, Region
from pytest_karatos.elf import Elf, Section

#: NOLOAD sections that only keep room: the linker script's heap, stack and uninitialised memory.
_RESERVED = (".heap", ".stack", ".uninit", ".noinit", "._user_heap_stack", "._stack", "._heap")


def in_ram(elf: Elf, board: Board) -> list[Section]:
    """Find the sections that take RAM: of a board without regions, all."""
    if not board.regions:
        return list(elf.sections)
    ram = ram_regions(board)
    return [one for one in elf.sections if _region(ram, one.address)]


def flash_regions(board: Board) -> tuple[Region, ...]:
    """Find the regions that are programmed: those with ``flash`` or ``rom`` in their name."""
    return tuple(one for one in board.regions if _is_flash(one))


def ram_regions(board: Board) -> tuple[Region, ...]:
    """Find the regions that are written at run time: all that are not flash."""
    return tuple(one for one in board.regions if not _is_flash(one))


def _is_flash(region: Region) -> bool:
    name = region.name.lower()
    return "flash" in name or "rom" in name


def is_reserved(section: Section) -> bool:
    """Tell whether a section only keeps room for heap or stack."""
    return section.nobits and section.name.startswith(_RESERVED)


def _region(regions: Iterable[Region], address: int) -> Region | None:
    return next((region for region in regions if region.holds(address)), None)


def flash_bytes(elf: Elf, flash: tuple[Region, ...]) -> int:
    """Count the span of programmed bytes in each region; without regions, of the whole image."""
    loaded = [one for one in elf.sections if one.file_bytes]
    if not flash:
        return _span(loaded)
    return sum(_span(one for one in loaded if region.holds(one.load_address)) for region in flash)


def _span(sections: Iterable[Section]) -> int:
    """From the first programmed byte to the last: padding between sections costs flash too."""
    ends = [(one.load_address, one.load_end) for one in sections]
    return max(end for _, end in ends) - min(start for start, _ in ends) if ends else 0


def covered(sections: Iterable[Section]) -> int:
    """Count the bytes that the sections cover; overlapping ones (overlays) count once."""
    total = reached = 0
    for section in sorted(sections, key=lambda one: one.address):
        total += max(0, section.end - max(section.address, reached))
        reached = max(reached, section.end)
    return total


def size_of(regions: tuple[Region, ...]) -> int:
    """Return how many bytes the regions have together."""
    return sum(region.size_bytes for region in regions)


def called(regions: tuple[Region, ...]) -> str:
    """Name regions in a sentence: ``region 'ram'``, ``regions 'ram' + 'ccm'``."""
    names = " + ".join(f"'{region.name}'" for region in regions)
    return f"{'region' if len(regions) == 1 else 'regions'} {names}"
