"""What lies in an ELF's memory image before it runs: bytes by address, and an ARM's profile."""

import bisect
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.sections import ARMAttributesSection

from pytest_karatos.elf.opened import opened
from pytest_karatos.elf.reader import Elf
from pytest_karatos.errors import BadFirmware

#: Bytes of code that are ever looked through; a firmware is smaller.
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Image:
    """The bytes of an ELF's segments."""

    #: Each by the address where it runs, and by the one where it is loaded, in their order.
    _pieces: tuple[tuple[int, bytes], ...]
    _loaded: tuple[tuple[int, bytes], ...]

    def at(self, address: int, size: int) -> bytes:
        """Return up to ``size`` bytes that run at ``address``; fewer where there are no more."""
        return _cut(self._pieces, address, size)

    def loaded(self, address: int, size: int) -> bytes:
        """Return up to ``size`` bytes that are loaded at ``address``."""
        return _cut(self._loaded, address, size)


def _cut(pieces: tuple[tuple[int, bytes], ...], address: int, size: int) -> bytes:
    index = bisect.bisect_right(pieces, address, key=_first) - 1
    if index < 0:
        return b""
    start, data = pieces[index]
    return data[address - start : address - start + size]


def _first(piece: tuple[int, bytes]) -> int:
    return piece[0]


def read_image(elf: Elf) -> Image:
    """Read the bytes of ``elf`` that a loader would copy, at the addresses where they run.

    :raises OSError: when the file has gone.
    """
    pieces, loaded, left = [], [], MOST_BYTES
    with elf.path.open("rb") as file:
        for segment in elf.segments:
            file.seek(segment.offset)
            data = file.read(min(segment.file_bytes, left))
            left -= len(data)
            pieces.append((segment.address, data))
            loaded.append((segment.load_address, data))
    return Image(tuple(sorted(pieces)), tuple(sorted(loaded)))


def cpu_profile(path: Path) -> str:
    """Return an ARM's profile (``M``, ``A``, ``R``) by its build attributes; empty if unsaid.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    with opened(path) as file:
        for section in file.iter_sections():
            if isinstance(section, ARMAttributesSection):
                for part in section.iter_subsections():
                    for inner in part.iter_subsubsections("TAG_FILE"):
                        for one in inner.iter_attributes("TAG_CPU_ARCH_PROFILE"):
                            return chr(one.value) if one.value else ""
        return ""


def flat(elf: Elf) -> tuple[int, bytes]:
    """Return the address of the first programmed byte, and all up to the last: gaps are zeros.

    It is what ``objcopy -O binary`` writes.

    :raises BadFirmware: when they lie too far apart to be one image.
    """
    image = read_image(elf)
    parts = [(one.load_address, one.file_bytes) for one in elf.sections if one.file_bytes]
    first = min((start for start, _ in parts), default=0)
    size = max((start + length for start, length in parts), default=0) - first
    if size > MOST_BYTES:
        raise BadFirmware(
            f"{elf.path}: what is programmed spans {size:,} bytes from {first:#x} on.",
            why=f"an image of more than {MOST_BYTES:,} bytes is not written.",
            fix="look at the load addresses: readelf -lW",
        )
    found = bytearray(size)
    for start, length in parts:
        data = image.loaded(start, length)
        found[start - first : start - first + len(data)] = data
    return first, bytes(found)
