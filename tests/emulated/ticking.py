"""Guests with a timer's interrupt and a stretch in which it has to wait, each instruction known.

``ticking(arch, off)``: the timer ticks for ever; the guest turns interrupts off for ``off`` ``nop``
and on again, ten times, says a line, and waits. The handler says a letter.
"""

import struct
from pathlib import Path

from tests.emulated.tiny_guest import (
    HEADERS,
    Assembly,
    _riscv_jump,
    _riscv_load,
    _thumb_branch,
    _thumb_load,
)

#: How often interrupts are turned off.
ROUNDS = 10
#: Instructions between two ticks, about, and how long interrupts stay on.
PERIOD, ON = 1000, 150
#: How the firmware turns them off and on: at once, or as whoever calls it had them.
PLAIN, RESTORED = "plain", "restored"


def ticking(folder: Path, arch: str, off: int, way: str = PLAIN) -> Path:
    """Write the guest's ELF."""
    code, base = {"arm": _arm, "riscv": _riscv}[arch](off, way)
    machine, entry = {"arm": (40, 0x41), "riscv": (243, base)}[arch]
    path = folder / f"ticking-{arch}-{off}-{way}.elf"
    path.write_bytes(HEADERS[32](machine, entry, base, len(code)) + code)
    return path


def _arm(off: int, way: str) -> tuple[bytes, int]:
    out = Assembly()
    out.word(0x2001_0000, *[0x41] * 15)
    _thumb_load(out, 0, 0xE000_E010)
    _thumb_load(out, 1, PERIOD // 4)  # SysTick counts at 12.5 MHz, an instruction takes 32 ns
    out.half(0x6041, 0x2100, 0x6081, 0x2107, 0x6001)  # reload, current, on with its interrupt
    _thumb_load(out, 4, ROUNDS)
    again = len(out.code)
    out.half(*{PLAIN: (0xB672,), RESTORED: (0xF3EF, 0x8310, 0xB672)}[way])
    out.half(*[0xBF00] * off)
    out.half(*{PLAIN: (0xB662,), RESTORED: (0xF383, 0x8810)}[way])
    out.half(*[0xBF00] * ON)
    out.half(0x3C01, 0xD001)  # subs r4; beq to the end
    _thumb_branch(out, again)
    out.half(0xBF00)
    _thumb_load(out, 0, 0x4000_C000)
    out.half(0x2121, 0x7001, 0xBF30, 0xE7FD)  # '!', wfi for ever
    handler = len(out.code)
    _thumb_load(out, 2, 0x4000_C000)
    out.half(0x2374, 0x7013, 0x4770)
    out.code[15 * 4 : 16 * 4] = struct.pack("<I", handler | 1)
    return bytes(out.code), 0


def _riscv(off: int, way: str) -> tuple[bytes, int]:
    base = 0x8000_0000
    out = Assembly()
    _riscv_load(out, 5, base + 0x40)
    out.word(0x3052_9073)  # csrw mtvec, t0
    _riscv_load(out, 8, 0x0200_4000)  # s0: mtimecmp
    _riscv_load(out, 9, PERIOD * 32 // 100)  # s1: the timer counts at 10 MHz
    _riscv_jump(out, 0x80)
    out.word(*[0x13] * ((0x40 - len(out.code)) // 4))
    # The handler: mtimecmp += s1; say a letter; mret
    out.word(0x0004_2303, 0x0093_0333, 0x0064_2023)
    _riscv_load(out, 6, 0x1000_0000)
    out.word(0x0740_0393, 0x0073_0023, 0x3020_0073)
    out.word(*[0x13] * ((0x80 - len(out.code)) // 4))
    out.word(0x0004_2223, 0x0094_2023)  # mtimecmp = s1: high word, low word
    _riscv_load(out, 6, 0x80)
    out.word(0x3043_1073, 0x3004_6073)  # csrw mie, t1; csrsi mstatus, 8
    _riscv_load(out, 20, ROUNDS)
    again = len(out.code)
    out.word({PLAIN: 0x3004_7073, RESTORED: 0x3004_7E73}[way])  # csrci, csrrci t3
    out.word(*[0x13] * off)
    out.word({PLAIN: 0x3004_6073, RESTORED: 0x300E_2073}[way])  # csrsi, csrs t3
    out.word(*[0x13] * ON)
    out.word(0xFFFA_0A13, 0x000A_0463)  # s4 -= 1; beqz to the end
    _riscv_jump(out, again)
    _riscv_load(out, 10, 0x1000_0000)
    out.word(0x0210_0593, 0x00B5_0023, 0x1050_0073)
    _riscv_jump(out, len(out.code) - 4)
    return bytes(out.code), base
