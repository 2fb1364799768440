"""Make guest images of a few instructions: QEMU is tested without any firmware or compiler."""

import struct
from collections.abc import Sequence
from pathlib import Path

from pytest_karatos.board import Board, Region

ARM = Board(
    name="lm3s6965evb",
    arch="arm",
    emulator="qemu-system-arm",
    machine=("-machine", "lm3s6965evb"),
    semihosting=True,
    regions=(Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024),),
)
RISCV = Board(
    name="virt",
    arch="riscv",
    emulator="qemu-system-riscv32",
    machine=("-machine", "virt", "-bios", "none"),
    elf_machine="RISCV",
    regions=(Region(name="ram", start=0x8000_0000, size_bytes=128 * 1024 * 1024),),
)
BOARDS = {"arm": ARM, "riscv": RISCV}

#: A step of a guest: ("say", bytes), ("again", index), ("exit", status), ("spin",), ("idle",),
#: ("echo",), ("poke", address, value), ("delay", loops), ("die",), ("hosted", bytes),
#: ("put", address, bytes) for a UART that takes a byte at that address.
Step = tuple[object, ...]


def image(folder: Path, arch: str, *steps: Step, bits: int = 32) -> Path:
    """Write an ELF of class ``bits`` that does ``steps`` in order and then spins."""
    code, base = ARCHES[arch]([*steps, ("spin",)])
    machine, entry = {"arm": (40, base + 9), "riscv": (243, base)}[arch]
    path = folder / f"{arch}.elf"
    path.write_bytes(HEADERS[bits](machine, entry, base, len(code)) + code)
    return path


def _header32(machine: int, entry: int, base: int, size: int) -> bytes:
    header = struct.pack(
        "<4sBBBB8xHHIIIIIHHHHHH",
        *(b"\x7fELF", 1, 1, 1, 0, 2, machine, 1, entry, 52, 0, 0, 52, 32, 1, 40, 0, 0),
    )
    return header + struct.pack("<8I", 1, 84, base, base, size, size, 7, 4)


def _header64(machine: int, entry: int, base: int, size: int) -> bytes:
    header = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1, 1, 0, 2, machine, 1, entry, 64, 0, 0, 64, 56, 1, 64, 0, 0),
    )
    return header + struct.pack("<2I6Q", 1, 7, 120, base, base, size, size, 4)


HEADERS = {32: _header32, 64: _header64}


class Assembly:
    """Code that grows, with a list of where each step began."""

    def __init__(self) -> None:
        self.code = bytearray()
        self.starts: list[int] = []

    def half(self, *words: int) -> None:
        """Add 16-bit words."""
        self.code += struct.pack(f"<{len(words)}H", *words)

    def word(self, *words: int) -> None:
        """Add 32-bit words."""
        self.code += struct.pack(f"<{len(words)}I", *(one & 0xFFFF_FFFF for one in words))


def _thumb_load(out: Assembly, register: int, value: int) -> None:
    for opcode, part in ((0xF240, value & 0xFFFF), (0xF2C0, value >> 16)):
        out.half(
            opcode | (part >> 11 & 1) << 10 | part >> 12,
            (part >> 8 & 7) << 12 | register << 8 | part & 0xFF,
        )


def _thumb_branch(out: Assembly, target: int) -> None:
    """``b.w``: reaches as far as a test ever needs."""
    offset = target - (len(out.code) + 4)
    sign = offset >> 24 & 1
    j1, j2 = (~(offset >> 23) ^ sign) & 1, (~(offset >> 22) ^ sign) & 1
    out.half(
        0xF000 | sign << 10 | offset >> 12 & 0x3FF,
        0x9000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF,
    )


def _thumb_semihosting(out: Assembly, call: int, block: bytes) -> None:
    # mov r1, pc (past the breakpoint and the jump over the block); call; jump; the block.
    block += bytes(-len(block) % 4)
    if len(out.code) % 4:
        out.half(0xBF00)
    at = len(out.code) + 24
    _thumb_load(out, 0, call)
    _thumb_load(out, 1, at)
    out.half(0xBEAB)
    _thumb_branch(out, at + len(block))
    out.half(*([0xBF00] * ((at - len(out.code)) // 2)))
    out.code += block


def arm(steps: Sequence[Step]) -> tuple[bytes, int]:  # noqa: C901, PLR0912 - a table of steps
    """Assemble for a Cortex-M3 with a PL011 at 0x4000C000 (UART1: 0x4000D000)."""
    out = Assembly()
    out.word(0x2001_0000, 9)
    for step in steps:
        out.starts.append(len(out.code))
        match step:
            case ("say", bytes(text)) | ("say1", bytes(text)):
                _thumb_load(out, 0, 0x4000_C000 if step[0] == "say" else 0x4000_D000)
                for byte in text:
                    out.half(0x2100 | byte, 0x7001)
            case ("put", int(address), bytes(text)):
                _thumb_load(out, 0, address)
                for byte in text:
                    out.half(0x2100 | byte, 0x7001)
            case ("again", int(index)):
                _thumb_branch(out, out.starts[index])
            case ("exit", int(status)):
                _thumb_semihosting(out, 0x20, struct.pack("<II", 0x20026, status))
            case ("hosted", bytes(text)):
                _thumb_semihosting(out, 0x04, text + b"\0")
            case ("idle",):
                out.half(0xBF30, 0xE7FD)
            case ("spin",):
                out.half(0xE7FE)
            case ("die",):
                out.half(0xDE00)
            case ("delay", int(loops)):
                _thumb_load(out, 2, loops)
                out.half(0x3A01, 0xD1FD)
            case ("echo",):
                _thumb_load(out, 0, 0x4000_C000)
                # ldr r2,[r0,#0x18]; movs r3,#0x10; tst r2,r3; bne -5; ldrb r1,[r0]; strb; b -9
                out.half(0x6982, 0x2310, 0x421A, 0xD1FB, 0x7801, 0x7001, 0xE7F8)
            case ("poke", int(address), int(value)):
                _thumb_load(out, 0, address)
                _thumb_load(out, 1, value)
                out.half(0x6001)
    return bytes(out.code), 0


def _riscv_load(out: Assembly, register: int, value: int) -> None:
    low = (value & 0xFFF) - (value & 0x800) * 2
    out.word((value - low & 0xFFFF_F000) | register << 7 | 0x37)
    out.word(low << 20 | register << 15 | register << 7 | 0x13)


def _riscv_jump(out: Assembly, target: int) -> None:
    offset = target - len(out.code)
    out.word(
        (offset >> 20 & 1) << 31
        | (offset >> 1 & 0x3FF) << 21
        | (offset >> 11 & 1) << 20
        | (offset >> 12 & 0xFF) << 12
        | 0x6F
    )


def riscv(steps: Sequence[Step]) -> tuple[bytes, int]:  # noqa: C901, PLR0912 - a table of steps
    """Assemble for QEMU ``virt``: a 16550 at 0x1000_0000, the finisher at 0x10_0000."""
    out = Assembly()
    for step in steps:
        out.starts.append(len(out.code))
        match step:
            case ("say", bytes(text)):
                _riscv_load(out, 10, 0x1000_0000)
                for byte in text:
                    # lbu t0,5(a0); andi t0,t0,0x20; beqz t0,-8; li a1,byte; sb a1,0(a0)
                    out.word(0x0055_4283, 0x0202_F293, 0xFE02_8CE3)
                    out.word(byte << 20 | 11 << 7 | 0x13, 0x00B5_0023)
            case ("put", int(address), bytes(text)):
                _riscv_load(out, 10, address)
                for byte in text:
                    out.word(byte << 20 | 11 << 7 | 0x13, 0x00B5_0023)
            case ("again", int(index)):
                _riscv_jump(out, out.starts[index])
            case ("exit", int(status)):
                _riscv_load(out, 10, 0x10_0000)
                _riscv_load(out, 11, status << 16 | 0x3333 if status else 0x5555)
                out.word(0x00B5_2023)
            case ("reset",):
                _riscv_load(out, 10, 0x10_0000)
                _riscv_load(out, 11, 0x7777)
                out.word(0x00B5_2023)
            case ("idle",):
                out.word(0x1050_0073)
                _riscv_jump(out, len(out.code) - 4)
            case ("spin",):
                _riscv_jump(out, len(out.code))
            case ("delay", int(loops)):
                _riscv_load(out, 12, loops)
                out.word(0xFFF6_0613, 0xFE06_1EE3)
            case ("echo",):
                _riscv_load(out, 10, 0x1000_0000)
                # lbu t0,5(a0); andi t0,t0,1; beqz t0,-8; lbu a1,0(a0); sb a1,0(a0); j -20
                out.word(0x0055_4283, 0x0012_F293, 0xFE02_8CE3, 0x0005_4583, 0x00B5_0023)
                _riscv_jump(out, len(out.code) - 20)
            case ("poke", int(address), int(value)):
                _riscv_load(out, 10, address)
                _riscv_load(out, 11, value)
                out.word(0x00B5_2023)
    return bytes(out.code), 0x8000_0000


ARCHES = {"arm": arm, "riscv": riscv}
