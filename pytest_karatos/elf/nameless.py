"""A copy of an ELF without its names: it loads as before, and whoever runs it knows no symbols."""

from pathlib import Path

from pytest_karatos.artifacts.files import write_whole

#: Where an ELF header says, by its class, where the table of sections is, how many there are, and
#: which of them has the names: (place, bytes).
_SECTIONS = {1: ((0x20, 4), (0x30, 2), (0x32, 2)), 2: ((0x28, 8), (0x3C, 2), (0x3E, 2))}
_CLASS = 4


def nameless(elf: Path, copy: Path) -> Path:
    """Write ``copy``, which has the segments of ``elf`` and says that it has no sections."""
    data = bytearray(elf.read_bytes())
    for place, size in _SECTIONS.get(data[_CLASS] if len(data) > _CLASS else 0, ()):
        data[place : place + size] = bytes(size)
    write_whole(copy, bytes(data))
    return copy
