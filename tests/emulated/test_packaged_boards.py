"""Each packaged board boots what is built for it, and means itself only when named."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.exit_check import judge
from pytest_karatos.settings import load
from tests.emulated.test_traps import bench_of
from tests.emulated.tiny_guest import Step, image

C = """\
#define REG(address) (*(volatile unsigned *)(address))
extern unsigned _estack;
static void reset(void) {
    SWITCH_ON;
    for (const char *next = "up\\n"; *next; next++) REG(DATA) = *next;
    static const unsigned status[] = { 0x20026, 5 };
    register unsigned call __asm__("r0") = 0x20;
    register const unsigned *block __asm__("r1") = status;
    __asm__ volatile("bkpt 0xab" : "+r"(call) : "r"(block) : "memory");
    for (;;) {}
}
__attribute__((section(".vectors"), used)) void *const vectors[] = { &_estack, reset };
"""
SCRIPT = """\
ENTRY(reset)
SECTIONS {{
  . = {flash:#x};
  .text : {{ KEEP(*(.vectors)) *(.text*) *(.rodata*) }}
  _estack = {ram_end:#x};
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Serial:
    """Where a board's line takes a byte, or a word, and what is written where to switch it on."""

    data: int
    words: bool = False
    on: tuple[tuple[int, int], ...] = ()
    cpu: str = ""


SERIAL = {
    "lm3s6965evb": Serial(data=0x4000_C000, cpu="cortex-m3"),
    "virt": Serial(data=0x1000_0000),
    "microbit": Serial(data=0x4000_251C, on=((0x4000_2500, 4), (0x4000_2008, 1)), cpu="cortex-m0"),
    "mps2-an386": Serial(data=0x4000_4000, on=((0x4000_4008, 1),), cpu="cortex-m4"),
    "mps2-an505": Serial(data=0x5020_0000, on=((0x5020_0008, 1),), cpu="cortex-m33"),
    "virt-rv64": Serial(data=0x1000_0000),
    "sifive_e": Serial(data=0x1001_3000, words=True, on=((0x1001_3008, 1),)),
}


def test_every_packaged_board_is_tried(tmp_path: Path) -> None:
    boards = load(root=tmp_path, environ={}, typed={}).boards
    assert {one.name for one in boards} == SERIAL.keys()
    assert [one.name for one in boards if one.default] == ["lm3s6965evb", "virt"]


def built_c(folder: Path, board: Board, serial: Serial) -> Path:
    flash, ram = (one for one in board.regions if one.name in ("flash", "ram"))
    switch_on = ";".join(f"REG({address:#x})={value}" for address, value in serial.on) or "(void)0"
    (folder / "main.c").write_text(C)
    script = SCRIPT.format(flash=flash.start, ram_end=ram.start + ram.size_bytes)
    (folder / "link.ld").write_text(script)
    compiler = shutil.which("arm-none-eabi-gcc")
    assert compiler is not None, "ci/setup.sh tutorial installs it"
    subprocess.run(
        [
            *(compiler, f"-mcpu={serial.cpu}", "-mthumb", "-O2", "-ffreestanding", "-nostdlib"),
            *(f"-DSWITCH_ON={switch_on}", f"-DDATA={serial.data:#x}", "-T", "link.ld"),
            *("main.c", "-o", "main.elf"),
        ],
        cwd=folder,
        check=True,
    )
    return folder / "main.elf"


def assembled(folder: Path, board: Board, serial: Serial) -> Path:
    steps: list[Step] = [("poke", address, value) for address, value in serial.on]
    words: list[Step] = [("poke", serial.data, byte) for byte in b"up\n"]
    steps += words if serial.words else [("put", serial.data, b"up\n")]
    # Where there is no device for it, the way out is SYS_EXIT_EXTENDED.
    steps += [("call", 0x20, 0x20026, 5) if board.semihosting else ("exit", 5)]
    return image(folder, "riscv", *steps, bits=board.elf_bits, base=board.regions[0].start)


@pytest.mark.parametrize("name", SERIAL)
def test_it_boots_speaks_and_ends(tmp_path: Path, name: str) -> None:
    (board,) = (one for one in load(root=tmp_path, environ={}, typed={}).boards if one.name == name)
    make = built_c if board.arch == "arm" else assembled
    elf = make(tmp_path, board, SERIAL[name])
    with bench_of(tmp_path, elf, name) as bench:
        firmware = bench.firmware(bench.board(name))
        assert firmware.sizes.flash_bytes > 0
        with bench.boot(firmware, name) as machine:
            machine.console.expect("up\n")
            judge(machine, 5)
