"""Make guest images of a few instructions: QEMU is tested without any firmware or compiler."""

import struct
from collections.abc import Sequence
from pathlib import Path

from pytest_karatos.board import Board, Region

ARM = Board(
    name="lm3s6965evb",
    arch="arm",
    emulator="qemu-system-arm",
    qemu=("-machine", "lm3s6965evb"),
    semihosting=True,
    regions=(Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024),),
)
RISCV = Board(
    name="virt",
    arch="riscv",
    emulator="qemu-system-riscv32",
    qemu=("-machine", "virt", "-bios", "none"),
    elf_machine="RISCV",
    regions=(Region(name="ram", start=0x8000_0000, size_bytes=128 * 1024 * 1024),),
)
BOARDS = {"arm": ARM, "riscv": RISCV}

#: A step of a guest: ("say", bytes), ("again", index), ("exit", status), ("spin",), ("idle",),
#: ("nop",), ("echo",), ("hear",) that takes one byte, ("hear1",) on ARM's UART1,
#: ("doze",) until something wakes it, ("poke", address, value), ("delay", loops), ("die",),
#: ("hosted", bytes), ("reset",),
#: ("reset once",) that goes on the second time,
#: ("put", address, bytes) for a UART that takes a byte at that address. Of semihosting:
#: ("call", number, parameter, ...), whose parameters are numbers, RESULT, or bytes that are passed
#: by their address with a zero behind; ("result",) says the result of the last call in the console,
#: as a letter: "0" for zero, "-" for a negative one, "+" for a positive.
Step = tuple[object, ...]
#: A parameter of a semihosting call: what the call before it returned.
RESULT = object()


def image(folder: Path, arch: str, *steps: Step, bits: int = 32, base: int = -1) -> Path:
    """Write an ELF of class ``bits`` that does ``steps`` in order and then spins.

    It lies at ``base``, or where the arch has it; no step but a "call" cares.
    """
    code, usual = ARCHES[arch]([*steps, ("spin",)])
    base = usual if base < 0 else base
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


#: Calls whose parameter is a text itself, not a block of parameters.
_OF_A_TEXT = (0x03, 0x04)


def _thumb_call(out: Assembly, number: int, parameters: Sequence[object]) -> None:
    """Make the block of parameters in RAM; the result of the last call is in r4."""
    texts = [
        one + b"\0" + bytes(-(len(one) + 1) % 4) for one in parameters if isinstance(one, bytes)
    ]
    if len(out.code) % 4 == 0:
        out.half(0xBF00)
    out.half(0xBF00)
    at = len(out.code) + 4
    _thumb_branch(out, at + sum(map(len, texts)))
    out.code += b"".join(texts)
    _thumb_load(out, 2, 0x2000_8000)
    for index, one in enumerate(parameters):
        if one is not RESULT:
            _thumb_load(out, 3, one if isinstance(one, int) else at)
            at += 0 if isinstance(one, int) else len(texts.pop(0))
        out.half(0x6000 | index << 6 | 2 << 3 | (4 if one is RESULT else 3))
    _thumb_load(out, 0, number)
    out.half(0x6811 if number in _OF_A_TEXT else 0x4611, 0xBEAB, 0x4604)


def arm(steps: Sequence[Step]) -> tuple[bytes, int]:  # noqa: C901, PLR0912, PLR0915 - a table
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
            case ("call", int(number), *parameters):
                _thumb_call(out, number, parameters)
            case ("result",):
                _thumb_load(out, 0, 0x4000_C000)
                # movs r1,'0'; cmp r4,#0; beq; movs r1,'+'; cmp r4,#0; bgt; movs r1,'-'; strb
                out.half(0x2130, 0x2C00, 0xD003, 0x212B, 0x2C00, 0xDC00, 0x212D, 0x7001)
            case ("idle",):
                out.half(0xBF30, 0xE7FD)
            case ("spin",):
                out.half(0xE7FE)
            case ("nop",):
                out.half(0xBF00)
            case ("die",):
                out.half(0xDE00)
            case ("reset",):
                _thumb_load(out, 0, 0xE000_ED0C)
                _thumb_load(out, 1, 0x05FA_0004)
                out.half(0x6001, 0xE7FE)
            case ("reset once",):
                _thumb_load(out, 0, 0x2000_9000)
                _thumb_load(out, 2, 0x600D_B007)
                # ldr r1,[r0]; cmp r1,r2; beq past the reset; str r2,[r0]
                out.half(0x6801, 0x4291, 0xD00A, 0x6002)
                _thumb_load(out, 0, 0xE000_ED0C)
                _thumb_load(out, 1, 0x05FA_0004)
                out.half(0x6001, 0xE7FE)
            case ("delay", int(loops)):
                _thumb_load(out, 2, loops)
                out.half(0x3A01, 0xD1FD)
            case ("doze",):
                # cpsid i; wfi: an interrupt that is let through ends the wait, and is not taken
                out.half(0xB672, 0xBF30)
            case ("hear",) | ("hear1",):
                _thumb_load(out, 0, 0x4000_C000 if step[0] == "hear" else 0x4000_D000)
                out.half(0x6982, 0x2310, 0x421A, 0xD1FB, 0x7801)
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


def _riscv_call(out: Assembly, number: int, parameters: Sequence[object]) -> None:
    """Make the block of parameters in RAM; the result of the last call is in s1."""
    texts = [
        one + b"\0" + bytes(-(len(one) + 1) % 4) for one in parameters if isinstance(one, bytes)
    ]
    at = 0x8000_0000 + len(out.code) + 4
    _riscv_jump(out, len(out.code) + 4 + sum(map(len, texts)))
    out.code += b"".join(texts)
    _riscv_load(out, 7, 0x8000_3000)  # the smallest board has 16 KiB
    for index, one in enumerate(parameters):
        if one is not RESULT:
            _riscv_load(out, 6, one if isinstance(one, int) else at)
            at += 0 if isinstance(one, int) else len(texts.pop(0))
        out.word((9 if one is RESULT else 6) << 20 | 7 << 15 | 2 << 12 | index * 4 << 7 | 0x23)
    _riscv_load(out, 10, number)
    # lw a1,(t2) or mv a1,t2; the three that QEMU looks for, in one page; mv s1,a0
    out.word(0x0003_A583 if number in _OF_A_TEXT else 0x0003_8593)
    while len(out.code) % 16:
        out.word(0x13)
    out.word(0x01F0_1013, 0x0010_0073, 0x4070_5013, 0x0005_0493)


def riscv(steps: Sequence[Step]) -> tuple[bytes, int]:  # noqa: C901, PLR0912, PLR0915 - a table
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
            case ("call", int(number), *parameters):
                _riscv_call(out, number, parameters)
            case ("result",):
                _riscv_load(out, 10, 0x1000_0000)
                out.word(0x0055_4283, 0x0202_F293, 0xFE02_8CE3)
                # li a1,'0'; beqz s1,16; li a1,'+'; bgtz s1,8; li a1,'-'; sb a1,0(a0)
                out.word(0x0300_0593, 0x0004_8863, 0x02B0_0593)
                out.word(0x0090_4463, 0x02D0_0593, 0x00B5_0023)
            case ("reset",):
                _riscv_load(out, 10, 0x10_0000)
                _riscv_load(out, 11, 0x7777)
                out.word(0x00B5_2023)
                _riscv_jump(out, len(out.code))
            case ("reset once",):
                _riscv_load(out, 10, 0x8002_0000)
                _riscv_load(out, 12, 0x600D_B007)
                # lw a1,(a0); beq a1,a2, past the reset; sw a2,(a0)
                out.word(0x0005_2583, 0x02C5_8063, 0x00C5_2023)
                _riscv_load(out, 10, 0x10_0000)
                _riscv_load(out, 11, 0x7777)
                out.word(0x00B5_2023)
                _riscv_jump(out, len(out.code))
            case ("idle",):
                out.word(0x1050_0073)
                _riscv_jump(out, len(out.code) - 4)
            case ("spin",):
                _riscv_jump(out, len(out.code))
            case ("nop",):
                out.word(0x13)
            case ("delay", int(loops)):
                _riscv_load(out, 12, loops)
                out.word(0xFFF6_0613, 0xFE06_1EE3)
            case ("hear",):
                _riscv_load(out, 10, 0x1000_0000)
                out.word(0x0055_4283, 0x0012_F293, 0xFE02_8CE3, 0x0005_4583)
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
