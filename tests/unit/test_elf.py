"""The ELF door: good files, foreign files, hostile files."""

import contextlib
import struct
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.board import Board, Region
from pytest_karatos.elf import Elf, Segment, check, read
from pytest_karatos.errors import BadFirmware
from tests.unit.elf_builder import ALLOC, COMPRESSED, RISCV, TLS, WRITE, Part, build_elf

TEXT = Part(name=".text", address=0x100, data=b"\x01" * 64)
DATA = Part(
    name=".data", address=0x2000_0000, load_address=0x140, data=b"\x02" * 16, flags=ALLOC | WRITE
)
BSS = Part(name=".bss", address=0x2000_0010, nobits=256, flags=ALLOC | WRITE)
BOARD = Board(
    name="lm3s6965evb",
    arch="arm",
    triple="thumbv7m-none-eabi",
    regions=(
        Region(name="flash", start=0, size_bytes=256 * 1024),
        Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024),
    ),
)


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "kernel"
    path.write_bytes(data)
    return path


def refused(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(BadFirmware) as caught:
        read(written(tmp_path, data))
    assert str(tmp_path / "kernel") in caught.value.what
    assert "fix:" in str(caught.value)
    return str(caught.value)


def elf_of(tmp_path: Path, data: bytes) -> Elf:
    return read(written(tmp_path, data))


def test_it_says_what_is_in_the_header(tmp_path: Path) -> None:
    elf = elf_of(tmp_path, build_elf(TEXT, DATA, BSS, entry=0x101))
    assert (elf.machine, elf.bits, elf.little_endian, elf.entry) == ("ARM", 32, True, 0x101)
    assert len(elf.segments) == 3


def test_sections_know_where_they_run_and_where_they_are_loaded(tmp_path: Path) -> None:
    debug = Part(name=".debug_info", data=b"x" * 999, flags=0)
    elf = elf_of(tmp_path, build_elf(TEXT, DATA, BSS, debug))
    text, data, bss = elf.sections
    assert (text.name, text.address, text.load_address) == (".text", 0x100, 0x100)
    assert (data.address, data.load_address, data.writable) == (0x2000_0000, 0x140, True)
    assert (bss.nobits, bss.size_bytes, bss.file_bytes) == (True, 256, 0)


def test_without_section_headers_the_segments_stand_in(tmp_path: Path) -> None:
    elf = elf_of(tmp_path, build_elf(TEXT, DATA, BSS, sections=False))
    assert [one.name for one in elf.sections] == ["segment 0", "segment 1", "segment 2"]
    assert [one.file_bytes for one in elf.sections] == [64, 16, 0]
    assert elf.sections[1].load_address == 0x140


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadFirmware, match="cannot be read"):
            read(path)


def test_an_empty_file(tmp_path: Path) -> None:
    assert "is empty" in refused(tmp_path, b"")


def test_a_file_that_is_no_elf(tmp_path: Path) -> None:
    assert r"begins with b'#!/b'" in refused(tmp_path, b"#!/bin/sh\n")


def test_an_object_file(tmp_path: Path) -> None:
    assert "is an object file, not a linked executable" in refused(
        tmp_path, build_elf(TEXT, kind=1)
    )


@pytest.mark.parametrize("length", [4, 5, 16, 40, 52, 60, 84, 100, 150])
def test_a_truncated_file(tmp_path: Path, length: int) -> None:
    refused(tmp_path, build_elf(TEXT, DATA, BSS)[:length])


def test_a_section_that_ends_behind_the_file(tmp_path: Path) -> None:
    data = bytearray(build_elf(TEXT))
    at = struct.unpack_from("<I", data, 32)[0] + 40 + 20
    struct.pack_into("<I", data, at, 0xFFFF_FFF0)
    assert "section '.text' ends at byte 4,294,967,364, the file at" in refused(
        tmp_path, bytes(data)
    )


def test_a_segment_that_ends_behind_the_file(tmp_path: Path) -> None:
    data = bytearray(build_elf(TEXT))
    struct.pack_into("<I", data, 52 + 16, 0x7FFF_FFFF)
    assert "truncated: segment 0 ends at byte" in refused(tmp_path, bytes(data))


def test_65535_sections(tmp_path: Path) -> None:
    data = bytearray(build_elf(TEXT))
    struct.pack_into("<H", data, 48, 0xFFFF)
    assert "claims 65,535 sections" in refused(tmp_path, bytes(data))


def test_a_bss_of_4_gb_takes_no_time_and_no_memory(tmp_path: Path) -> None:
    elf = elf_of(tmp_path, build_elf(TEXT, Part(name=".bss", address=0, nobits=0xFFFF_FFFF)))
    assert elf.sections[1].size_bytes == 0xFFFF_FFFF


def test_a_compressed_section_is_not_unpacked(tmp_path: Path) -> None:
    bomb = struct.pack("<III", 1, 0xFFFF_FFFF, 1) + b"not zlib"
    part = Part(name=".debug_str", data=bomb, flags=COMPRESSED)
    assert len(elf_of(tmp_path, build_elf(TEXT, part)).sections) == 1


def test_garbage_in_a_name_is_no_crash(tmp_path: Path) -> None:
    raw = build_elf(Part(name=".t\x1b[1m", address=0x100, data=b"1"))
    assert elf_of(tmp_path, raw.replace(b".t\x1b[1m", b"\xff\xfe\x1b[1m")).sections


@given(st.data())
def test_any_bytes_are_an_elf_or_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(build_elf(TEXT, DATA, BSS))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    tail = data.draw(st.binary(max_size=64))
    raw = data.draw(st.sampled_from([bytes(whole), bytes(whole[:cut]) + tail, tail]))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), raw)
        with contextlib.suppress(BadFirmware):
            read(path)
    assert time.monotonic() - began < 20


def test_the_right_elf_passes(tmp_path: Path) -> None:
    check(elf_of(tmp_path, build_elf(TEXT, DATA, BSS, entry=0x101)), BOARD)


def misfit(elf: Elf, board: Board = BOARD) -> str:
    with pytest.raises(BadFirmware) as caught:
        check(elf, board)
    return str(caught.value)


def test_another_machine(tmp_path: Path) -> None:
    said = misfit(elf_of(tmp_path, build_elf(TEXT, machine=RISCV)))
    assert said == (
        f"{tmp_path}/kernel is for RISC-V, but board 'lm3s6965evb' (arm) needs ARM.\n"
        "  fix: build it for thumbv7m-none-eabi, or pick the board with --arch"
    )


def test_another_class_and_byte_order(tmp_path: Path) -> None:
    elf = elf_of(tmp_path, build_elf(TEXT))
    assert "is a 64-bit ELF, but board" in misfit(replace(elf, bits=64))
    big = elf_of(tmp_path, build_elf(TEXT, little=False))
    assert "is big-endian, but board 'lm3s6965evb' (arm) is little-endian" in misfit(big)


def test_addresses_outside_the_board(tmp_path: Path) -> None:
    memory = "flash 0x0..0x40000, ram 0x20000000..0x20010000"
    far = Part(name=".text", address=0x0800_0000, data=b"x")
    assert f"loads '.text' at 0x8000000, outside the memory of board 'lm3s6965evb' ({memory})" in (
        misfit(elf_of(tmp_path, build_elf(far)))
    )
    entry = elf_of(tmp_path, build_elf(TEXT, entry=0x8000_0000))
    assert f"starts at 0x80000000, outside the memory of board 'lm3s6965evb' ({memory})" in (
        misfit(entry)
    )


def test_a_board_without_regions_is_not_asked_about_addresses(tmp_path: Path) -> None:
    elf = elf_of(tmp_path, build_elf(TEXT, entry=0x8000_0000))
    check(elf, replace(BOARD, regions=()))


HEAP = Part(name=".heap", address=0x2000_0110, nobits=1024, flags=ALLOC | WRITE)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            [replace(BSS, nobits=0x1_0000)],
            (
                "'.bss' does not fit region 'ram' (0x20000000..0x20010000, 65,536 B): "
                "it ends at 0x20010010, 16 B over"
            ),
        ),
        (
            [BSS, replace(HEAP, nobits=64 * 1024)],
            (
                "'.heap' does not fit region 'ram' (0x20000000..0x20010000, 65,536 B): "
                "it ends at 0x20010110, 272 B over"
            ),
        ),
        (  # what follows is over too, although it begins outside of every region
            [replace(BSS, nobits=0x1_0000), replace(HEAP, address=0x2001_0010)],
            (
                "'.bss', '.heap' do not fit region 'ram' (0x20000000..0x20010000, 65,536 B): "
                "they end at 0x20010410, 1,040 B over"
            ),
        ),
        (
            [Part(name=".rodata", address=0x3_FFF0, data=b"\x03" * 17)],
            (
                "'.rodata' does not fit region 'flash' (0x0..0x40000, 262,144 B): "
                "it ends at 0x40001, 1 B over"
            ),
        ),
        (  # the copy of .data in flash
            [replace(DATA, load_address=0x3_FFFF)],
            (
                "'.data' does not fit region 'flash' (0x0..0x40000, 262,144 B): "
                "it ends at 0x4000f, 15 B over"
            ),
        ),
        (
            [Part(name=".ccm", address=0x1000_0000, nobits=1024)],
            "keeps '.ccm' at 0x10000000..0x10000400 (1,024 B), outside the memory of board ",
        ),
    ],
)
def test_what_is_bigger_than_its_memory(tmp_path: Path, parts: list[Part], said: str) -> None:
    whole = misfit(elf_of(tmp_path, build_elf(TEXT, *parts)))
    assert said in whole
    assert "fix: make it smaller, or say the memory that the board has: [boards.lm3s" in whole


def test_what_ends_where_its_memory_ends_fits(tmp_path: Path) -> None:
    full = replace(BSS, nobits=0x1_0000 - 0x10)
    check(elf_of(tmp_path, build_elf(TEXT, DATA, full)), BOARD)
    # Regions that touch are one memory.
    more = Region(name="ram2", start=0x2001_0000, size_bytes=1024)
    wider = replace(BOARD, regions=(*BOARD.regions, more))
    check(elf_of(tmp_path, build_elf(TEXT, DATA, replace(full, nobits=0x1_0000))), wider)


def test_a_segment_is_judged_where_no_section_tells_of_it(tmp_path: Path) -> None:
    big = build_elf(TEXT, replace(BSS, nobits=0x1_0000), sections=False)
    assert "'segment 1' does not fit region 'ram'" in misfit(elf_of(tmp_path, big))
    elf = elf_of(tmp_path, build_elf(TEXT))
    far = Segment(
        address=0x6000_0000, load_address=0x6000_0000, offset=0, file_bytes=0, memory_bytes=8
    )
    assert "keeps 'segment 1' at 0x60000000..0x60000008" in (
        misfit(replace(elf, segments=(*elf.segments, far)))
    )


def test_what_each_thread_has_takes_no_memory_of_its_own(tmp_path: Path) -> None:
    tbss = Part(name=".tbss", address=0x2000_FFFF, nobits=99, flags=ALLOC | WRITE | TLS)
    elf = elf_of(tmp_path, build_elf(TEXT, DATA, tbss))
    assert [one.name for one in elf.sections] == [".text", ".data"]
