"""Say what an ELF takes of a board's flash and RAM, as programming and running it would.

Neither ``size`` nor the file's length tells: ``.data`` takes both memories, padding between
sections takes flash, debug sections take neither.
"""

from collections.abc import Iterable

from pytest_karatos.board import Board, Region
from pytest_karatos.elf import Elf, Section
from pytest_karatos.firmware import Sizes

#: NOLOAD sections that only keep room: the linker script's heap, stack and uninitialised memory.
_RESERVED = (".heap", ".stack", ".uninit", ".noinit", "._user_heap_stack", "._stack", "._heap")


def sizes(elf: Elf, board: Board) -> Sizes:
    """Measure ``elf`` against the regions of ``board``; all in bytes.

    Flash is the span of programmed bytes in each flash region (what ``objcopy -O binary`` would
    write there). A board without flash runs from RAM: then it is the span of the whole image.
    A board without any region is measured as if all it writes to were RAM.
    """
    held = [one for one in elf.sections if one.nobits or one.writable or not board.regions]
    if board.regions:
        ram = ram_regions(board)
        held = [one for one in elf.sections if _region(ram, one.address)]
    reserved = [one for one in held if _is_reserved(one)]
    return Sizes(
        flash_bytes=_flash_bytes(elf, flash_regions(board)),
        ram_bytes=_covered(one for one in held if not _is_reserved(one)),
        reserved_bytes=_covered(reserved),
    )


def flash_regions(board: Board) -> tuple[Region, ...]:
    """Find the regions that are programmed: those with ``flash`` or ``rom`` in their name."""
    return tuple(one for one in board.regions if _is_flash(one))


def ram_regions(board: Board) -> tuple[Region, ...]:
    """Find the regions that are written at run time: all that are not flash."""
    return tuple(one for one in board.regions if not _is_flash(one))


def _is_flash(region: Region) -> bool:
    name = region.name.lower()
    return "flash" in name or "rom" in name


def _is_reserved(section: Section) -> bool:
    return section.nobits and section.name.startswith(_RESERVED)


def _region(regions: Iterable[Region], address: int) -> Region | None:
    return next((region for region in regions if region.holds(address)), None)


def _flash_bytes(elf: Elf, flash: tuple[Region, ...]) -> int:
    loaded = [one for one in elf.sections if one.file_bytes]
    if not flash:
        return _span(loaded)
    return sum(_span(one for one in loaded if region.holds(one.load_address)) for region in flash)


def _span(sections: Iterable[Section]) -> int:
    """From the first programmed byte to the last: padding between sections costs flash too."""
    ends = [(one.load_address, one.load_end) for one in sections]
    return max(end for _, end in ends) - min(start for start, _ in ends) if ends else 0


def _covered(sections: Iterable[Section]) -> int:
    """Count the bytes that the sections cover; overlapping ones (overlays) count once."""
    total = reached = 0
    for section in sorted(sections, key=lambda one: one.address):
        total += max(0, section.end - max(section.address, reached))
        reached = max(reached, section.end)
    return total
