"""Sizes of flash and RAM, by where an image's sections lie and what fills the gaps."""

from pathlib import Path

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.elf import read
from pytest_karatos.firmware import Sizes
from pytest_karatos.measure import take
from pytest_karatos.measure.protocol import BuiltElf
from pytest_karatos.measurement import When
from tests.unit.elf_builder import ALLOC, RISCV, WRITE, Part, build_elf

FLASH = Region(name="flash", start=0, size_bytes=256 * 1024)
RAM = Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024)
ARM = Board(name="lm3s6965evb", arch="arm", regions=(FLASH, RAM))
DRAM = Region(name="ram", start=0x8000_0000, size_bytes=128 * 1024**2)
VIRT = Board(name="virt", arch="riscv", regions=(DRAM,), elf_machine="RISCV")

VECTORS = Part(name=".vectors", address=0, data=b"v" * 64)
#: 3 bytes of padding lie between its end (64 + 57) and .data's place in flash (124).
TEXT = Part(name=".text", address=64, data=b"t" * 57)
DATA = Part(
    name=".data", address=0x2000_0000, load_address=124, data=b"d" * 16, flags=ALLOC | WRITE
)
BSS = Part(name=".bss", address=0x2000_0010, nobits=260, flags=ALLOC | WRITE)
HEAP = Part(name=".heap", address=0x2000_0200, nobits=1024, flags=ALLOC | WRITE)
STACK = Part(name=".stack", address=0x2000_0600, nobits=2048, flags=ALLOC | WRITE)
DEBUG = Part(name=".debug_info", data=b"x" * 5000, flags=0)


def measured(tmp_path: Path, raw: bytes, board: Board = ARM) -> Sizes:
    path = tmp_path / "kernel"
    path.write_bytes(raw)
    found = take(When.ELF, BuiltElf(elf=read(path), board=board))
    return Sizes(**{f"{one.name}_bytes": int(one.value) for one in found})


def test_data_costs_flash_and_ram_and_padding_costs_flash(tmp_path: Path) -> None:
    found = measured(tmp_path, build_elf(VECTORS, TEXT, DATA, BSS, HEAP, STACK, DEBUG))
    assert found == Sizes(flash_bytes=140, ram_bytes=276, reserved_bytes=3072)


@pytest.mark.parametrize(
    "name",
    [
        ".heap",
        ".stack",
        ".stack.task",
        ".uninit",
        ".noinit",
        "._user_heap_stack",
        "._stack",
        "._heap",
    ],
)
def test_room_set_aside_is_reserved_and_not_ram(tmp_path: Path, name: str) -> None:
    room = Part(name=name, address=0x2000_0200, nobits=1024, flags=ALLOC | WRITE)
    found = measured(tmp_path, build_elf(VECTORS, TEXT, BSS, room))
    assert found == Sizes(flash_bytes=121, ram_bytes=260, reserved_bytes=1024)


def test_a_header_swallowed_by_the_first_segment_is_not_flash(tmp_path: Path) -> None:
    text = Part(name=".text", address=0x1000, data=b"t" * 57)
    assert measured(tmp_path, build_elf(text, header_in_first=32)).flash_bytes == 57


def test_code_in_ram_costs_both(tmp_path: Path) -> None:
    fast = Part(name=".ramfunc", address=0x2000_0000, load_address=124, data=b"f" * 10)
    found = measured(tmp_path, build_elf(VECTORS, TEXT, fast))
    assert found == Sizes(flash_bytes=134, ram_bytes=10)


def test_a_board_without_flash_counts_the_image(tmp_path: Path) -> None:
    text = Part(name=".text", address=0x8000_0000, data=b"t" * 1000)
    data = Part(name=".data", address=0x8000_0400, data=b"d" * 8, flags=ALLOC | WRITE)
    bss = Part(name=".bss", address=0x8000_0408, nobits=300, flags=ALLOC | WRITE)
    raw = build_elf(text, data, bss, machine=RISCV)
    assert measured(tmp_path, raw, VIRT) == Sizes(flash_bytes=1032, ram_bytes=1308)


def test_overlapping_sections_count_once(tmp_path: Path) -> None:
    first = Part(name=".overlay1", address=0x2000_0000, nobits=100, flags=ALLOC | WRITE)
    second = Part(name=".overlay2", address=0x2000_0032, nobits=100, flags=ALLOC | WRITE)
    assert measured(tmp_path, build_elf(first, second)).ram_bytes == 150


def test_two_flash_regions_are_added_without_the_hole_between(tmp_path: Path) -> None:
    second = Region(name="qspi_flash", start=0x1000_0000, size_bytes=4096)
    board = Board(name="two", arch="arm", regions=(FLASH, second, RAM))
    assets = Part(name=".assets", address=0x1000_0000, data=b"a" * 500)
    assert measured(tmp_path, build_elf(VECTORS, assets), board).flash_bytes == 564


def test_stripped_files_are_measured_by_their_segments(tmp_path: Path) -> None:
    found = measured(tmp_path, build_elf(VECTORS, TEXT, DATA, BSS, sections=False))
    assert found == Sizes(flash_bytes=140, ram_bytes=276)


def test_a_board_without_regions(tmp_path: Path) -> None:
    found = measured(tmp_path, build_elf(VECTORS, TEXT), Board(name="any", arch="arm"))
    assert found.flash_bytes == 121
