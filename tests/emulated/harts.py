"""A guest of two harts that count in one place without a lock: right unless they meet."""

import struct
from dataclasses import replace
from pathlib import Path

from tests.emulated.tiny_guest import HEADERS, RISCV, Step, riscv

#: Two harts of one machine.
BOARD = replace(RISCV, qemu=(*RISCV.qemu, "-smp", "2"))
_BASE, _TIMES = 0x8000_0000, 2000
_COUNT: tuple[int, ...] = (
    0xF14022F3,  # csrr t0, mhartid
    0x80010437,  # lui s0, 0x80010: the counter, and behind it who has finished
    _TIMES << 20 | 0x0313,  # li t1, 2000
    *(0x00042383, 0x00138393, 0x00742023),  # lw t2, 0(s0); addi t2, t2, 1; sw t2, 0(s0)
    *(0xFFF30313, 0xFE0318E3),  # addi t1, t1, -1; bnez t1, -16
    *(0x00229E13, 0x008E0E33, 0x00100E93, 0x01DE2223),  # finished[hart] = 1
    0x00028663,  # beqz t0, 12
    *(0x10500073, 0xFFDFF06F),  # the second: wfi; j -4
    *(0x00842E83, 0xFE0E8EE3),  # the first: lw t4, 8(s0); beqz t4, -4
    *(0x00001F37, 0xFA0F0F13),  # li t5, 4000
    0x00042383,  # lw t2, 0(s0)
)


def counting(folder: Path, right: bytes = b"all counted\n", wrong: bytes = b"some lost\n") -> Path:
    """Write the ELF of a guest that says ``right`` or ``wrong``, and then sleeps."""
    ends: list[list[Step]] = [[("say", right), ("idle",)], [("say", wrong), ("idle",)]]
    told, lost = (riscv(one)[0] for one in ends)
    away = len(told) + 4
    # bne t2, t5, past the first end
    branch = (away >> 12 & 1) << 31 | (away >> 5 & 0x3F) << 25 | 30 << 20 | 7 << 15 | 1 << 12
    branch |= (away >> 1 & 0xF) << 8 | (away >> 11 & 1) << 7 | 0x63
    code = struct.pack(f"<{len(_COUNT) + 1}I", *_COUNT, branch) + told + lost
    path = folder / "harts.elf"
    path.write_bytes(HEADERS[32](243, _BASE, _BASE, len(code)) + code)
    return path
