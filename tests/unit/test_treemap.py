"""Treemaps: each byte is drawn once, nothing overlaps, and no name becomes markup."""

from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.measure.attribution import Part
from pytest_karatos.measure.treemap import treemap
from tests.unit.elf_builder import build_elf
from tests.unit.test_commands import asked
from tests.unit.test_size import DATA, TEXT, VECTORS

_AREA = 1200 * 640


def part(name: str, size: int, crate: str = "app", file: str = "/src/a.rs") -> Part:
    return Part(name=name, section=".text", crate=crate, file=file, flash=size)


def leaves(drawn: str) -> dict[str, tuple[float, float, float, float]]:
    """Return each rectangle that is filled, by its tooltip."""
    root = ET.fromstring(drawn)  # noqa: S314 - ours
    space = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in root.iter(f"{space}g"):
        box = group.find(f"{space}rect")
        assert box is not None
        if box.get("fill") != "none":
            x, y, width, height = (float(box.get(key, "")) for key in ("x", "y", "width", "height"))
            found[group.findtext(f"{space}title") or ""] = (x, y, x + width, y + height)
    return found


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=60))
def test_areas_are_as_the_bytes_and_do_not_overlap(sizes: list[int]) -> None:
    parts = [part(f"f{at}", size, crate=f"c{at % 5}") for at, size in enumerate(sizes)]
    boxes = leaves(treemap(parts))
    total = sum(sizes)
    for title, (x, y, right, bottom) in boxes.items():
        size = int(title.rpartition(": ")[2].split(" B")[0].replace(",", ""))
        # Corners are written with one decimal.
        edges = 0.1 * ((right - x) + (bottom - y)) + 0.1
        assert abs((right - x) * (bottom - y) - size / total * _AREA) <= edges
        assert -0.1 <= x <= right <= 1200.1
        assert 17.9 <= y <= bottom <= 658.1
    said = sum(int(one.rpartition(": ")[2].split(" B")[0].replace(",", "")) for one in boxes)
    assert said == total
    listed = list(boxes.values())
    for at, one in enumerate(listed):
        for other in listed[at + 1 :]:
            assert (
                min(one[2], other[2]) - max(one[0], other[0]) <= 0.11
                or min(one[3], other[3]) - max(one[1], other[1]) <= 0.11
            )


def test_names_are_text_whatever_they_hold() -> None:
    hostile = "</title></svg><script>alert(1)</script>\x1b[31m\u202e" + "x" * 5000
    drawn = treemap([part(hostile, 9, crate=hostile, file=f"/{hostile}")], title=hostile)
    assert "<script" not in drawn
    assert len(drawn) < 5000
    assert ET.fromstring(drawn) is not None  # noqa: S314 - ours


def test_a_hundred_thousand_symbols_are_a_page_that_opens() -> None:
    drawn = treemap([part(f"f{at}", 1 + at % 7, crate=f"c{at % 900}") for at in range(100_000)])
    assert len(drawn) < 1_000_000
    assert "smaller" in drawn


def test_nothing_is_drawn_of_nothing() -> None:
    assert leaves(treemap([])) == {}
    assert leaves(treemap([part("f", 5)], "ram")) == {}


def test_a_part_without_crate_or_file_is_in_its_section() -> None:
    (title,) = leaves(treemap([Part(name="[unattributed]", section=".rodata", flash=3)]))
    assert title == "[.rodata] > [.rodata] > [unattributed]: 3 B (100.0 %)"


def test_the_command_draws_it_and_says_where_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "fw.elf").write_bytes(build_elf(VECTORS, TEXT, DATA))
    words = ("size", "fw.elf", "--board", "lm3s6965evb", "--treemap")
    status, shown, _ = asked(tmp_path, *words, "fw.svg")
    assert status == 0
    assert "flash 140 B" in shown
    assert "fw.elf: 140 B of flash" in (tmp_path / "fw.svg").read_text()
    status, _, said = asked(tmp_path, *words, "no/fw.svg")
    assert status != 0
    assert "no/fw.svg cannot be written" in said
