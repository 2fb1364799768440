"""A reader of ELF files: a bad file is a sentence, never a crash.

Headers only: no section's content is ever read, because a compressed section of 600 KB can ask
for 600 MB.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from elftools.elf.constants import P_FLAGS, SH_FLAGS
from elftools.elf.elffile import ELFFile

from pytest_karatos.elf.opened import FIX, opened_bytes
from pytest_karatos.errors import BadFirmware


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
    ``align_bytes`` is what its content needs its address to be a multiple of.
    """

    name: str
    address: int
    load_address: int
    size_bytes: int
    nobits: bool = False
    writable: bool = False
    align_bytes: int = 1

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


#: A linked firmware has dozens; the format allows four billion, and each costs time.
MOST_HEADERS = 10_000
_MAGIC = b"\x7fELF"


def read(path: Path) -> Elf:
    """Read the headers of the executable at ``path``.

    :raises BadFirmware: when it is missing, not an ELF, not linked, truncated or inconsistent.
    """
    with opened_bytes(path, "its headers do") as stream:
        return _read(path, stream)


def _read(path: Path, stream: IO[bytes]) -> Elf:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size == 0:
        raise BadFirmware(f"{path} is empty, so there is nothing to boot.", fix=FIX)
    start = stream.read(4)
    if start != _MAGIC:
        raise BadFirmware(f"{path} is not an ELF: it begins with {start!r}.", fix=FIX)
    file = ELFFile(stream)
    _refuse_unlinked(path, file)
    _refuse_too_many(path, file)
    segments = tuple(_segments(path, file, size))
    sections = tuple(_sections(path, file, size, segments))
    return Elf(
        path=path,
        machine=_machine(file["e_machine"]),
        bits=file.elfclass,
        little_endian=file.little_endian,
        entry=file["e_entry"],
        segments=segments,
        sections=sections or tuple(_made_of(segments)),
    )


def _machine(number: str | int) -> str:
    # pyelftools leaves a number that it has no name for as it is.
    return str(number).removeprefix("EM_")


def _refuse_unlinked(path: Path, file: ELFFile) -> None:
    if file["e_type"] not in {"ET_EXEC", "ET_DYN"}:
        kind = {"ET_REL": "an object file", "ET_CORE": "a core dump"}.get(file["e_type"])
        raise BadFirmware(
            f"{path} is {kind or 'of an unknown ELF type'}, not a linked executable.", fix=FIX
        )


def _refuse_too_many(path: Path, file: ELFFile) -> None:
    for what, count in (("sections", file.num_sections()), ("segments", file.num_segments())):
        if count > MOST_HEADERS:
            raise BadFirmware(
                f"{path} claims {count:,} {what}; no firmware has more than {MOST_HEADERS:,}.",
                fix=FIX,
            )


def _segments(path: Path, file: ELFFile, size: int) -> Iterator[Segment]:
    for number, header in enumerate(segment.header for segment in file.iter_segments("PT_LOAD")):
        end = header["p_offset"] + header["p_filesz"]
        if end > size:
            raise _truncated(path, f"segment {number}", end, size)
        if header["p_memsz"]:
            yield Segment(
                address=header["p_vaddr"],
                load_address=header["p_paddr"],
                offset=header["p_offset"],
                file_bytes=header["p_filesz"],
                memory_bytes=header["p_memsz"],
                writable=bool(header["p_flags"] & P_FLAGS.PF_W),
            )


def _sections(
    path: Path, file: ELFFile, size: int, segments: tuple[Segment, ...]
) -> Iterator[Section]:
    for section in file.iter_sections():
        nobits = section["sh_type"] in {"SHT_NOBITS", "SHT_NULL"}
        end = section["sh_offset"] + section["sh_size"]
        if not nobits and end > size:
            raise _truncated(path, f"section {section.name!r}", end, size)
        # Of .tbss each thread gets a copy of its own, elsewhere.
        is_template = nobits and section["sh_flags"] & SH_FLAGS.SHF_TLS
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"] and not is_template:
            yield Section(
                name=section.name,
                address=section["sh_addr"],
                load_address=_load_address(section["sh_addr"], section["sh_size"], segments),
                size_bytes=section["sh_size"],
                nobits=nobits,
                writable=bool(section["sh_flags"] & SH_FLAGS.SHF_WRITE),
                align_bytes=max(1, section["sh_addralign"]),
            )


def _load_address(address: int, size_bytes: int, segments: Iterable[Segment]) -> int:
    for segment in segments:
        if segment.carries(address, size_bytes):
            return address - segment.address + segment.load_address
    # In no segment: objcopy places such a section where it runs, and so do we.
    return address


def _made_of(segments: Iterable[Segment]) -> Iterator[Section]:
    """Stand in for the sections of a file whose section headers were stripped."""
    for number, segment in enumerate(segments):
        fill_placeholders = segment.file_bytes
        parts = (
            (0, fill_placeholders, False),
            (fill_placeholders, segment.memory_bytes - fill_placeholders, True),
        )
        for skip, length, nobits in parts:
            if length > 0:
                yield Section(
                    name=f"segment {number}",
                    address=segment.address + skip,
                    load_address=segment.load_address + skip,
                    size_bytes=length,
                    nobits=nobits,
                    writable=segment.writable,
                )


def _truncated(path: Path, what: str, end: int, size: int) -> BadFirmware:
    return BadFirmware(
        f"{path} is truncated: {what} ends at byte {end:,}, the file at {size:,}.", fix=FIX
    )
