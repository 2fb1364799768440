"""Firmware that cannot work, or may not, seen in its ELF; each fault is in a file made by hand."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.debug.suspects import Suspect, suspects
from pytest_karatos.elf import read
from tests.unit.elf_builder import ALLOC, RISCV, WRITE, Part, build_elf

FLASHED = Board(
    name="lm3s6965evb",
    arch="arm",
    semihosting=True,
    regions=(
        Region(name="flash", start=0, size_bytes=256 * 1024),
        Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024),
    ),
)
VIRT = Board(
    name="virt",
    arch="riscv",
    regions=(Region(name="ram", start=0x8000_0000, size_bytes=1024 * 1024),),
)


def vectors(stack: int = 0x2001_0000, reset: int = 0x41) -> Part:
    return Part(name=".vectors", data=struct.pack("<2I", stack, reset))


TEXT = Part(name=".text", address=0x40, data=b"\x00\xbf" * 32)
DATA = Part(
    name=".data", address=0x2000_0000, load_address=0x80, data=b"\x02" * 16, flags=ALLOC | WRITE
)


def found(
    tmp_path: Path, *parts: Part, board: Board = FLASHED, machine: int = 40
) -> tuple[Suspect, ...]:
    path = tmp_path / "kernel"
    path.write_bytes(build_elf(*parts, machine=machine))
    return suspects(read(path), board)


def only(*args: object, **more: object) -> Suspect:
    (one,) = found(*args, **more)  # type: ignore[arg-type]
    return one


def test_a_good_firmware_is_not_suspected(tmp_path: Path) -> None:
    bss = Part(name=".bss", address=0x2000_0010, nobits=0x1_0000 - 16, flags=ALLOC | WRITE)
    assert found(tmp_path, vectors(), TEXT, DATA, bss) == ()
    ram = Part(name=".text", address=0x8000_0000, data=b"\x13\0\0\0" * 4)
    assert found(tmp_path, ram, board=VIRT, machine=RISCV) == ()


def test_a_board_of_which_nothing_is_known(tmp_path: Path) -> None:
    assert found(tmp_path, TEXT, DATA, board=replace(FLASHED, regions=())) == ()


def test_data_that_cannot_be_copied_word_by_word(tmp_path: Path) -> None:
    suspect = only(tmp_path, vectors(), TEXT, replace(DATA, load_address=0x82))
    assert suspect.what == (
        "kernel: the load address of '.data', 0x82 in 'flash', is not a multiple of 4, as its"
        " content needs."
    )
    assert not suspect.is_fatal
    assert "ALIGN(4)" in suspect.fix


def test_a_section_that_is_longer_than_its_region(tmp_path: Path) -> None:
    bss = Part(name=".bss", address=0x2000_FFF0, nobits=0x20, flags=ALLOC | WRITE)
    suspect = only(tmp_path, vectors(), TEXT, bss)
    assert suspect.is_fatal
    assert suspect.what == (
        "kernel: section '.bss' runs at 0x2000fff0 in 'ram' and ends 16 bytes behind it, at"
        " 0x20010010."
    )
    far = only(tmp_path, vectors(), TEXT, replace(DATA, load_address=0x3FFF8))
    assert "section '.data' is loaded at 0x3fff8 in 'flash' and ends 8 bytes behind" in far.what


def test_regions_that_touch_are_one_memory(tmp_path: Path) -> None:
    more = Region(name="ram2", start=0x2001_0000, size_bytes=1024)
    board = replace(FLASHED, regions=(*FLASHED.regions, more))
    bss = Part(name=".bss", address=0x2000_FFF0, nobits=0x20, flags=ALLOC | WRITE)
    assert found(tmp_path, vectors(), TEXT, bss, board=board) == ()


def test_data_that_is_gone_after_a_power_cycle(tmp_path: Path) -> None:
    suspect = only(tmp_path, vectors(), TEXT, replace(DATA, load_address=None))
    assert not suspect.is_fatal
    assert "the bytes of '.data' are loaded at 0x20000000, in 'ram', which is not flash" in (
        suspect.what
    )
    assert "> RAM AT > FLASH" in suspect.fix


def test_no_vector_table(tmp_path: Path) -> None:
    suspect = only(tmp_path, TEXT)
    assert suspect.is_fatal
    assert suspect.what == (
        "kernel: nothing is loaded at 0x0, where the processor looks for its vector table."
    )
    device = replace(FLASHED, loader="device")
    assert not only(tmp_path, TEXT, board=device).is_fatal


@pytest.mark.parametrize("reset", [0x40, 0, 0xFFFF_FFFF])
def test_a_reset_vector_that_is_not_code(tmp_path: Path, reset: int) -> None:
    suspect = only(tmp_path, vectors(reset=reset), TEXT)
    assert suspect.is_fatal
    assert f"the word at 0x4, is {reset:#x}, which is not the address of Thumb code" in suspect.what


@pytest.mark.parametrize("stack", [0, 0x2001_0004, 0x2000_0000, 0x100])
def test_a_stack_pointer_outside_ram(tmp_path: Path, stack: int) -> None:
    suspect = only(tmp_path, vectors(stack=stack), TEXT)
    assert suspect.is_fatal
    assert suspect.what == (
        f"kernel: the initial stack pointer, the word at 0x0, is {stack:#x}, outside RAM"
        " (ram 0x20000000..0x20010000)."
    )
