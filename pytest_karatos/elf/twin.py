"""The twin of an ELF: the same image, built once more with line tables."""

from pathlib import Path

from pytest_karatos.elf.content import read_image
from pytest_karatos.elf.lines import unit_ranges
from pytest_karatos.elf.reader import Elf, read

_WORD = ".lines"


def twin_name(path: Path) -> Path:
    """Return where the twin of ``path`` lies, beside it.

    >>> twin_name(Path("builds/firmware.elf")).name
    'firmware.lines.elf'
    """
    return path.with_name(f"{path.stem}{_WORD}{path.suffix}")


def with_lines(path: Path) -> Path:
    """Return the file with the debug information of ``path``: its twin, where it has one."""
    twin = twin_name(path)
    return twin if twin.is_file() else path


def has_lines(path: Path) -> bool:
    """Tell whether ``path`` has debug information.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    return bool(unit_ranges(path))


def difference(one: Path, other: Path) -> str:
    """Say in what the images of two ELFs differ; empty when each byte that is loaded is the same.

    :raises BadFirmware: when one cannot be read.
    :raises OSError: when one has gone.
    """
    first, second = read(one), read(other)
    if first.entry != second.entry:
        return f"it begins at {second.entry:#x} instead of {first.entry:#x}"
    places = _places(first), _places(second)
    if places[0] != places[1]:
        moved = min(places[0] ^ places[1])
        return f"its memory is laid out otherwise, at section {moved[0]}"
    images = read_image(first), read_image(second)
    for name, _, load, size in sorted(places[0], key=lambda place: place[2]):
        here, there = (image.loaded(load, size) for image in images)
        if here != there:
            at = next(at for at, (a, b) in enumerate(zip(here, there, strict=False)) if a != b)
            return f"the byte at {load + at:#x} ({name}) is another"
    return ""


def _places(elf: Elf) -> set[tuple[str, int, int, int]]:
    """List the bytes that are loaded, and those that take memory: where, and how many."""
    sections = ((one.name, one.address, one.load_address, one.size_bytes) for one in elf.sections)
    return {one for one in sections if one[3]}
