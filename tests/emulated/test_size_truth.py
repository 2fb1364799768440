"""Sizes against the toolchain's own word, and what grew by symbol, file and section."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_karatos import Bench
from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import read
from pytest_karatos.measure import take
from pytest_karatos.measure.attribution import BY, parts_of, summed
from pytest_karatos.measure.protocol import BuiltElf
from pytest_karatos.measurement import When
from pytest_karatos.settings import load
from tests.unit.test_commands import asked

SOURCE = """\
static int twice(int n) { return 2 * n; }
__attribute__((noinline)) int answer(int n) { return twice(n) + 1; }
const char text[] = "hello";
volatile int counted = 7;
volatile int zeroed[10 + GROWN];
__attribute__((section(".stack"), used)) static char stack[512];
void start(void) { for (;;) zeroed[0] = answer(counted) + text[0]; }
"""
SCRIPT = """\
ENTRY(start)
SECTIONS {
  .text 0x100 : { *(.text*) *(.rodata*) }
  .late 0x%x : { KEEP(*(.late)) LONG(1) }
  .data 0x20000000 : AT(ADDR(.late) + SIZEOF(.late) + 4) { *(.data*) }
  .bss : { *(.bss*) }
  .stack (NOLOAD) : { *(.stack) }
}
"""


def tool(name: str) -> str:
    path = shutil.which(f"arm-none-eabi-{name}")
    assert path is not None, "ci/setup.sh tutorial installs it"
    return path


def compiled(folder: Path, name: str, *, grown: int = 0, late: int = 0x400) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "main.c").write_text(SOURCE)
    (folder / "link.ld").write_text(SCRIPT % late)
    flags = ["-mcpu=cortex-m3", "-mthumb", "-nostdlib", "-g", "-O1"]
    subprocess.run(
        [tool("gcc"), *flags, f"-DGROWN={grown}", "-T", "link.ld", "main.c", "-o", name],
        cwd=folder,
        check=True,
    )
    return folder / name


def programmed(elf: Path) -> int:
    """Ask objcopy how long the image is; the generic target takes any machine's ELF."""
    image = elf.with_suffix(".bin")
    machine = ["-I", "elf32-little"]
    subprocess.run([tool("objcopy"), *machine, "-O", "binary", elf, image], check=True)
    return image.stat().st_size


def figures(elf: Path, board: Board) -> dict[str, float]:
    return {one.name: one.value for one in take(When.ELF, BuiltElf(elf=read(elf), board=board))}


@pytest.fixture
def arm(tmp_path: Path) -> Board:
    boards = load(root=tmp_path, environ={}, typed={}).boards
    return next(one for one in boards if one.name == "lm3s6965evb")


@pytest.mark.parametrize("late", [0x400, 0x1000, 0x203])
def test_flash_is_what_objcopy_writes(tmp_path: Path, arm: Board, late: int) -> None:
    elf = compiled(tmp_path, "a.elf", late=late)
    found = figures(elf, arm)
    assert found["flash"] == programmed(elf)
    assert (found["ram"], found["reserved"]) == (4 + 40, 512)


@pytest.mark.parametrize("profile", ["debug", "release"])
@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_the_reference_firmware_too(karatos_bench: Bench, arch: str, profile: str) -> None:
    (board,) = (one for one in karatos_bench.settings.boards if one.default and one.arch == arch)
    elf = karatos_bench.firmware(board, profile=profile).elf
    assert figures(elf, board)["flash"] == programmed(elf)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_the_parts_sum_up_to_the_figures(karatos_bench: Bench, arch: str, by: str) -> None:
    (board,) = (one for one in karatos_bench.settings.boards if one.default and one.arch == arch)
    elf = karatos_bench.firmware(board).elf
    parts = summed(parts_of(read(elf), board, Symbols(elf)), by).values()
    found = figures(elf, board)
    for memory in ("flash", "ram", "reserved"):
        assert sum(getattr(one, memory) for one in parts) == found[memory]


def test_most_of_the_code_has_a_name_a_crate_and_a_file(karatos_bench: Bench) -> None:
    (board,) = (one for one in karatos_bench.settings.boards if one.default and one.arch == "arm")
    elf = karatos_bench.firmware(board).elf
    parts = parts_of(read(elf), board, Symbols(elf))
    code = [one for one in parts if one.section == ".text"]
    whole = sum(one.flash for one in code)
    assert sum(one.flash for one in code if one.crate) > 0.8 * whole
    assert sum(one.flash for one in code if one.file.endswith((".rs", ".S"))) > 0.7 * whole
    assert {"kernel", "core"} <= {one.crate for one in code}


def test_a_kibibyte_more_of_bss_is_found_to_the_byte(tmp_path: Path) -> None:
    compiled(tmp_path, "old.elf")
    compiled(tmp_path, "new.elf", grown=256)
    status, said, _ = asked(tmp_path, "compare", "old.elf", "new.elf", "--format=json")
    answer = json.loads(said)
    assert status == 0
    assert [(one["name"], one["delta"]) for one in answer["figures"]] == (
        [("flash", 0), ("ram", 1024), ("reserved", 0)]
    )
    assert answer["parts"] == [{"name": "zeroed", "flash": 0, "ram": 1024, "reserved": 0}]


def test_a_comparison_as_people_read_it(tmp_path: Path) -> None:
    compiled(tmp_path, "old.elf")
    compiled(tmp_path, "new.elf", grown=256)
    _, said, _ = asked(tmp_path, "compare", "old.elf", "new.elf")
    lines = said.splitlines()
    assert lines[1].split() == ["ram", "44", "1,068", "+1,024", "B", "+2327.3", "%"]
    assert "2 other figures did not change." in lines
    assert lines[-1].split() == ["+1,024", "zeroed"]
    _, said, _ = asked(tmp_path, "compare", "old.elf", "new.elf", "--format=markdown")
    assert "| <code>ram</code> | 44 | 1,068 | +1,024 B | +2327.3 % |" in said
    _, said, _ = asked(tmp_path, "compare", "old.elf", "old.elf")
    assert said == "nothing changed in 3 figures.\n"


def test_a_comparison_for_a_benchmark_action(tmp_path: Path) -> None:
    compiled(tmp_path, "old.elf")
    _, said, _ = asked(tmp_path, "compare", "old.elf", "old.elf", "--format=benchmark")
    rows = json.loads(said)
    assert rows[1] == {"name": "ram", "unit": "B", "value": 44, "extra": "before: 44"}


def test_what_takes_the_bytes(tmp_path: Path) -> None:
    compiled(tmp_path, "a.elf")
    status, said, _ = asked(tmp_path, "size", "a.elf")
    rows = {line.split()[-2 if line.endswith(")") else -1]: line for line in said.splitlines()}
    assert status == 0
    assert rows["answer"].split()[1:] == ["answer", "(main.c)"]
    assert rows["counted"].split() == ["4", "4", "counted"]
    assert rows["stack"].split() == ["512", "stack"]
    elf = tmp_path / "a.elf"
    assert said.splitlines()[-1] == (
        f"board lm3s6965evb: flash {programmed(elf):,} B, ram 44 B, reserved 512 B"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["size", "main.c"], "main.c is not an ELF"),
        (["size", "a.elf", "--board=virtt"], "unknown board 'virtt'. Did you mean 'virt'?"),
        (["compare", "a.elf", "main.c"], "a.elf and main.c are an ELF and another file"),
        (["compare", "main.c", "main.c"], "main.c is neither an ELF nor a ledger"),
    ],
)
def test_mistakes(tmp_path: Path, argv: list[str], said: str) -> None:
    compiled(tmp_path, "a.elf")
    status, _, remark = asked(tmp_path, *argv)
    assert status == 2
    assert said in remark
