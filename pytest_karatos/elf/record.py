"""Hold what an ELF says of itself, in plain values: nothing of pyelftools leaves the door."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A ``PT_LOAD`` entry: what a loader copies from the file into memory, in bytes."""

    address: int
    load_address: int
    offset: int
    file_bytes: int
    memory_bytes: int
    writable: bool = False

    def carries(self, address: int, size_bytes: int) -> bool:
        """Tell whether the memory from ``address`` on belongs to this segment."""
        end = self.address + self.memory_bytes
        return self.address <= address and address + size_bytes <= end


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section that takes memory when the firmware runs (``SHF_ALLOC``).

    ``address`` is where it runs, ``load_address`` where its bytes are programmed; the two differ
    for ``.data``, which lies in flash and is copied to RAM. ``nobits`` takes RAM but no flash.
    """

    name: str
    address: int
    load_address: int
    size_bytes: int
    nobits: bool = False
    writable: bool = False

    @property
    def file_bytes(self) -> int:
        """How many bytes of it are in the file, and so in the image."""
        return 0 if self.nobits else self.size_bytes

    @property
    def end(self) -> int:
        """The first address behind it, where it runs."""
        return self.address + self.size_bytes

    @property
    def load_end(self) -> int:
        """The first address behind its bytes, where they are programmed."""
        return self.load_address + self.file_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Elf:
    """An executable: ``machine`` is ``e_machine`` without ``EM_``, ``entry`` its first address."""

    path: Path
    machine: str
    bits: int
    little_endian: bool
    entry: int
    segments: tuple[Segment, ...] = ()
    sections: tuple[Section, ...] = ()
