"""Write small ELF files by hand, whole or broken, so that tests need no compiler."""

import struct
from dataclasses import dataclass

ARM, RISCV = 40, 243
PROGBITS, NOBITS = 1, 8
WRITE, ALLOC, TLS, COMPRESSED = 1, 2, 0x400, 0x800


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section, and the segment that loads it when it is allocated."""

    name: str
    address: int = 0
    load_address: int | None = None
    data: bytes = b""
    nobits: int = 0
    flags: int = ALLOC

    @property
    def size(self) -> int:
        return self.nobits or len(self.data)


def build_elf(  # noqa: PLR0913 - each is a header field that a test bends
    *parts: Part,
    machine: int = ARM,
    little: bool = True,
    entry: int = 0,
    kind: int = 2,
    sections: bool = True,
    header_in_first: int = 0,
) -> bytes:
    """Lay out header, segments, contents, section names, section headers; 32 bits.

    ``header_in_first`` makes the first segment begin that many bytes before its section.
    """
    loaded = [part for part in parts if part.flags & ALLOC]
    names = b"\0" + b"".join(part.name.encode() + b"\0" for part in parts) + b".shstrtab\0"
    at = 52 + 32 * len(loaded)
    offsets, body = [], b""
    for part in parts:
        offsets.append(at + len(body))
        body += part.data
    names_at = at + len(body)
    order = "<" if little else ">"
    table = struct.pack(order + "10I", *[0] * 10)
    segments, name_at = b"", 1
    for part, offset in zip(parts, offsets, strict=True):
        type_ = NOBITS if part.nobits else PROGBITS
        table += struct.pack(
            order + "10I", name_at, type_, part.flags, part.address, offset, part.size, 0, 0, 4, 0
        )
        name_at += len(part.name) + 1
        if part in loaded:
            load = part.address if part.load_address is None else part.load_address
            early = 0 if segments else header_in_first
            segments += struct.pack(
                order + "8I",
                1,
                offset - early,
                part.address - early,
                load - early,
                len(part.data) + early,
                part.size + early,
                7,
                4,
            )
    table += struct.pack(order + "10I", name_at, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
    count = len(parts) + 2
    header = b"\x7fELF" + bytes([1, 1 if little else 2, 1]) + bytes(9)
    shoff = names_at + len(names) if sections else 0
    short_repr = (40, count, count - 1) if sections else (0, 0, 0)
    header += struct.pack(
        order + "HHIIIIIHHHHHH",
        kind,
        machine,
        1,
        entry,
        52,
        shoff,
        0,
        52,
        32,
        len(loaded),
        *short_repr,
    )
    return header + segments + body + names + (table if sections else b"")
