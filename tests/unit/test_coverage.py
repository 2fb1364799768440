"""Coverage without a machine: the log that is read, the lines it means, and the formats."""

import itertools
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.elf import Row
from pytest_karatos.emulators.covered import Covered, note_covered, noted_covered
from pytest_karatos.emulators.qemu.executed import Listing
from pytest_karatos.measure.coverage import (
    CodeFunction,
    CodeLines,
    Counts,
    Coverage,
    counts_of,
    cover,
    together,
)
from pytest_karatos.report.coverage.cobertura import cobertura
from pytest_karatos.report.coverage.gather import Told, gather
from pytest_karatos.report.coverage.judge import refused, write
from pytest_karatos.report.coverage.lcov import lcov
from pytest_karatos.settings import CoverageSpec

LOG = b"""----------------
IN: main
0x00000008:  f24c 0000  movw     r0, #0xc000

----------------
IN:
Priv: 3; Virt: 0
0x0000000c:  2172      	movs     r1, #0x72

0x00000020:  00000297          auipc                   t0,0                    # 0x20
0x0000000c:  2172      	movs     r1, #0x72
"""


@given(st.lists(st.integers(0, len(LOG)), max_size=8))
def test_the_log_means_the_same_in_whatever_pieces_it_comes(cuts: list[int]) -> None:
    listing = Listing()
    places = [0, *sorted(cuts), len(LOG)]
    for start, end in itertools.pairwise(places):
        listing.feed(LOG[start:end])
    assert listing.ranges() == ((0x8, 0xE), (0x20, 0x24))


def test_what_a_disassembler_did_not_write_is_no_coverage_of_nothing() -> None:
    listing = Listing()
    listing.feed(b"IN: main\nOBJD-T: 4cf20000\n")
    assert "without a disassembler" in listing.trouble


def code() -> CodeLines:
    rows = [(0x10, 0x14, 3), (0x14, 0x18, 4), (0x18, 0x1C, 4), (0x20, 0x24, 9)]
    return CodeLines(
        rows=tuple(Row(start=one, end=end, file="a.c", line=line) for one, end, line in rows),
        functions=(
            CodeFunction(name="main", address=0x10, file="a.c", line=3),
            CodeFunction(name="never", address=0x20, file="a.c", line=9),
        ),
    )


def covered() -> Coverage:
    return cover(code(), {((0x10, 0x12), (0x1A, 0x20)): {"t1"}, ((0x10, 0x12),): {"t2"}})


def test_a_line_is_covered_by_any_byte_of_its_code_and_no_neighbour() -> None:
    (one,) = covered().values()
    assert one.lines == {3: {"t1", "t2"}, 4: {"t1"}, 9: set()}
    assert one.functions == {("main", 3): {"t1", "t2"}, ("never", 9): set()}
    assert counts_of(covered()) == Counts(lines=3, covered=2, functions=2, covered_functions=1)


def test_two_archs_together_cover_what_any_of_them_does() -> None:
    other = cover(code(), {((0x22, 0x23),): {"t3"}})
    assert counts_of(together([covered(), other])).covered == 3
    assert counts_of(other).covered == 1


def told(coverage: Coverage) -> Told:
    return Told(targets={"board (arm), debug": coverage}, boots=1)


def test_a_limit_is_judged_as_it_is_written() -> None:
    spec = CoverageSpec(wanted=True, fail_under=66.7, fail_under_origin="karatos.toml:3")
    assert refused(told(covered()), spec) == (
        "coverage is 66.67 % (2 of 3 lines), less than fail_under = 66.7 % (karatos.toml:3)"
    )
    enough = CoverageSpec(wanted=True, fail_under=66.6)
    assert not refused(told(covered()), enough)
    assert not refused(told({}), CoverageSpec(wanted=True))


def test_nothing_to_judge_is_not_enough() -> None:
    spec = CoverageSpec(wanted=True, fail_under=0.0, fail_under_origin="karatos.toml:3")
    assert "not one line could be judged" in refused(told({}), spec)
    assert "not one line could be judged" in refused(gather([], None), spec)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ['</script><img src=x onerror="x">.c', "a&b.c", "ü\udcff.c"])
def test_hostile_names_and_sources_are_text_in_each_format(tmp_path: Path, name: str) -> None:
    coverage = {name: covered()["a.c"]}
    write(told(coverage), tmp_path / "out", tmp_path, 0.0)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<img" not in page
    root = ET.parse(tmp_path / "out" / "cobertura.xml").getroot()  # noqa: S314 - ours
    assert [one.get("hits") for one in root.iter("line")] == ["2", "1", "0"]
    assert "DA:9,0" in (tmp_path / "out" / "lcov.info").read_text()


def test_formats_agree() -> None:
    assert "LF:3\nLH:2\nend_of_record" in lcov(covered())
    assert b'lines-valid="3" lines-covered="2"' in cobertura(covered(), "/fw", 0.0)


@pytest.mark.parametrize("text", ["", "{", '{"ranges": [[1]]}', "[" * 10_000, '{"ranges": 5}'])
def test_a_broken_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "executed.json").write_text(text)
    assert noted_covered(tmp_path) is None


def test_a_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    note = Covered(elf_sha256="ab", ranges=((1, 5), (8, 9)), trouble="half")
    note_covered(tmp_path, note)
    assert noted_covered(tmp_path) == note


def test_without_the_packages_of_the_extras_all_but_the_page_is_there(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
for name in ("jinja2", "markupsafe", "docker", "xdist", "pytest_html"):
    sys.modules[name] = None
import pytest_karatos.pytest_plugin.register, pytest_karatos.cli.main
from pytest_karatos.report.coverage.gather import Told
from pytest_karatos.report.coverage.judge import place, write
folder = Path({str(tmp_path)!r})
write(Told(), folder, folder, 0.0)
print(place(folder, "here"))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("coverage, with cobertura.xml beside it: here/lcov.info")
    assert {one.name for one in tmp_path.iterdir()} == {
        "lcov.info",
        "cobertura.xml",
        "coverage.json",
    }
