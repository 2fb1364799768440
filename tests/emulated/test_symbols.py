"""Symbols, lines and suspects of what compilers really make."""

import json
import random
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.debug.suspects import suspects
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import read, read_unwind_table
from pytest_karatos.errors import BadFirmware, UnknownName
from tests.emulated.debugging import BARE, DEBUG, LINES, Build, crash_image
from tests.emulated.tiny_guest import ARM, RISCV

SOURCE = """\
int counter = 7;
static int inlined(int n) { return n / counter; }  // INLINED
__attribute__((noinline)) int last(int n) { return inlined(n) + 1; }  // HERE
__attribute__((noinline)) static int tail(int n) { return last(n + 2); }
int start(void) { for (;;) counter += tail(counter); }
void talk(void) { __asm__ volatile("bkpt 0xab"); }
"""


def tool(name: str) -> str:
    path = shutil.which(f"arm-none-eabi-{name}")
    assert path is not None, "ci/setup.sh tutorial installs it"
    return path


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    source, elf = tmp_path / "main.c", tmp_path / "main.elf"
    source.write_text(SOURCE)
    flags = ["-mcpu=cortex-m3", "-mthumb", "-nostdlib", "-Wl,-e,start,-Ttext=0x40", "-g", "-O2"]
    subprocess.run([tool("gcc"), *flags, source, "-o", elf], check=True)
    return elf


def test_c_with_inlined_functions(compiled: Path) -> None:
    symbols = Symbols(compiled)
    last = symbols.named("last")
    chains = {
        tuple((place.function, place.line) for place in symbols.places(address))
        for address in range(last.address, last.address + last.size_bytes, 2)
    }
    assert (("inlined", 2), ("last", 3)) in chains
    assert symbols.named("counter").size_bytes == 4
    assert symbols.places(last.address)[-1].file == str(compiled.parent / "main.c")
    assert symbols.places(0x1000_0000) == ()


def test_an_address_without_a_name(compiled: Path) -> None:
    with pytest.raises(UnknownName, match=r"main\.elf has no symbol 'lst'"):
        Symbols(compiled).named("lst")
    subprocess.run([tool("strip"), compiled], check=True)
    with pytest.raises(UnknownName, match="it is stripped"):
        Symbols(compiled).named("last")
    assert Symbols(compiled).places(0x44) == ()


def test_semihosting_on_a_board_that_has_none(compiled: Path) -> None:
    flash = Region(name="flash", start=0, size_bytes=1024)
    board = replace(ARM, semihosting=False, regions=(*ARM.regions, flash), loader="device")
    said = [one.what for one in suspects(read(compiled), board) if "semihosting" in one.what]
    assert len(said) == 1
    assert said[0].startswith("main.elf makes semihosting calls (bkpt 0xab in talk at 0x")
    assert not [one for one in suspects(read(compiled), ARM) if "semihosting" in one.what]


@pytest.mark.parametrize("board", [ARM, RISCV], ids=["arm", "riscv"])
@pytest.mark.parametrize("build", [DEBUG, BARE], ids=lambda one: one.name)
def test_a_firmware_that_works_is_not_suspected(tmp_path: Path, board: Board, build: Build) -> None:
    board = replace(board, semihosting=False)
    assert suspects(read(crash_image(tmp_path, board.arch, "load", build)), board) == ()


def places(symbols: Symbols, start: int = 0x40, end: int = 0x200) -> list[str]:
    return [str(symbols.places(address)) for address in range(start, end, 2)]


def test_what_was_read_once_is_kept(tmp_path: Path) -> None:
    elf = crash_image(tmp_path, "arm", "load", LINES)
    cache = tmp_path / "cache"
    cache.mkdir()
    before = places(Symbols(elf, cache))
    (kept,) = cache.iterdir()
    assert places(Symbols(elf, cache)) == before == places(Symbols(elf))
    data = json.loads(kept.read_text())
    for unit in data["units"].values():
        unit["texts"] = ["from the cache"] * len(unit["texts"])
    kept.write_text(json.dumps(data))
    assert "from the cache" in str(places(Symbols(elf, cache)))
    elf.write_bytes(elf.read_bytes() + b"\\0")
    assert places(Symbols(elf, cache)) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema":1,"ranges":[[0,9,1]],"units":{"1":{}}}'],
)
def test_whatever_stands_in_the_cache(tmp_path: Path, content: bytes) -> None:
    elf = crash_image(tmp_path, "arm", "load", LINES)
    expected = places(Symbols(elf))
    places(Symbols(elf, tmp_path))
    (kept,) = tmp_path.glob("symbols-*.json")
    kept.write_bytes(content)
    assert places(Symbols(elf, tmp_path)) == expected


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    elf = crash_image(tmp_path, "arm", "load", LINES)
    assert places(Symbols(elf, tmp_path / "nowhere")) == places(Symbols(elf))


def test_broken_debug_information_is_like_none(tmp_path: Path) -> None:
    elf = crash_image(tmp_path, "arm", "load", LINES)
    whole, broken = elf.read_bytes(), tmp_path / "broken"
    wild = random.Random(1)  # noqa: S311 - the same breakage each time
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(20):
            data[wild.randrange(0x1000, len(data))] = wild.randrange(256)
        broken.write_bytes(data)
        with suppress(BadFirmware, UnknownName):
            symbols = Symbols(broken)
            assert symbols.places(0x60) is not None
            read_unwind_table(broken).at(0x60)
