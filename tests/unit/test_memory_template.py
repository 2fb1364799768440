"""A board's memory is drawn into templates of the private tree, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.builders.memory_template import Memory
from pytest_karatos.builders.sources import survey
from pytest_karatos.builders.workspace import sync
from pytest_karatos.errors import BadSetting

BOARD = Board(
    name="small",
    arch="arm",
    regions=(
        Region(name="flash", start=0, size_bytes=64 * 1024),
        Region(name="ram", start=0x2000_0000, size_bytes=8 * 1024),
    ),
)
MEMORY = Memory(board=BOARD, other_boards=("riscv", "virt"))
TEMPLATE = """\
MEMORY
{
  FLASH : ORIGIN = {{flash_start}}, LENGTH = {{flash_size}}
  RAM : ORIGIN = {{ ram_start }}, LENGTH = {{ram_size}} - 1K
}
"""
DRAWN = """\
MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 65536
  RAM : ORIGIN = 0x20000000, LENGTH = 8192 - 1K
}
"""
PLACE = "build/templates/memory-arm.x"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / PLACE).parent.mkdir(parents=True)
    (folder / PLACE).write_text(TEMPLATE)
    (folder / "other.x").write_text(TEMPLATE)
    return folder


def synced(source: Path, memory: Memory = MEMORY) -> Path:
    tree = source.parent / "tree"
    sync(source, survey(source), tree, memory)
    return tree


def test_the_copy_has_the_boards_memory_and_the_source_its_placeholders(source: Path) -> None:
    tree = synced(source)
    assert (tree / PLACE).read_text() == DRAWN
    assert (source / PLACE).read_text() == TEMPLATE
    assert (tree / "other.x").read_text() == TEMPLATE


@pytest.mark.parametrize(
    "data", [b"", b"\xff\x00{{", b"SECTIONS { .text : { *(.text) } }\r\n", b"{{ *(.x) }} {a} @b@"]
)
def test_without_placeholders_every_byte_stays(source: Path, data: bytes) -> None:
    (source / PLACE).write_bytes(data)
    assert (synced(source) / PLACE).read_bytes() == data


def test_a_template_of_another_board_is_left_alone(source: Path) -> None:
    for name in ("memory-riscv.x", "memory-virt.x"):
        (source / name).write_text("{{rom_start}}")
        assert (synced(source) / name).read_text() == "{{rom_start}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "A\n{{flash_strat}}",
            f"{PLACE}:2: board 'small' has nothing for the placeholder {{{{flash_strat}}}}.",
        ),
        ("{{flash_strat}}", "Did you mean 'flash_start'?"),
        ("{{ccm_size}}", "fix: known: {{flash_start}} {{flash_size}} {{ram_start}} {{ram_size}}"),
        ("\n\n{{a.b-c}}", f"{PLACE}:3: "),
    ],
)
def test_an_unknown_placeholder_is_a_sentence(source: Path, text: str, said: str) -> None:
    (source / PLACE).write_text(text)
    with pytest.raises(BadSetting) as caught:
        synced(source)
    assert said in str(caught.value)


def test_a_board_without_regions_is_told_to_get_some(source: Path) -> None:
    with pytest.raises(BadSetting, match=r"fix: give the board regions: \[boards\.small\]"):
        synced(source, Memory(board=replace(BOARD, regions=())))


def test_the_same_drawing_is_not_touched(source: Path) -> None:
    tree = synced(source)
    (tree / "product").touch()
    before = (tree / PLACE).stat().st_mtime_ns
    synced(source)
    (source / PLACE).write_text(TEMPLATE.replace("{{flash_start}}", "0x00000000"))
    synced(source)
    assert (tree / PLACE).stat().st_mtime_ns == before
    assert (tree / "product").exists()


def test_another_memory_begins_the_tree_from_nothing(source: Path) -> None:
    # Cargo does not look at linker scripts: it would take the old image for up to date.
    tree = synced(source)
    (tree / "product").touch()
    ram = Region(name="ram", start=0x2000_0000, size_bytes=16 * 1024)
    synced(source, Memory(board=replace(BOARD, regions=(BOARD.regions[0], ram))))
    assert "16384" in (tree / PLACE).read_text()
    assert not (tree / "product").exists()


def test_what_a_build_wrote_over_a_drawing_is_drawn_anew(source: Path) -> None:
    tree = synced(source)
    (tree / PLACE).write_text("overwritten by the build")
    synced(source)
    assert (tree / PLACE).read_text() == DRAWN


def test_a_link_is_copied_as_a_link(source: Path) -> None:
    (source / "memory-linked.x").symlink_to("other.x")
    assert (synced(source) / "memory-linked.x").is_symlink()
