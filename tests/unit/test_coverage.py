"""Coverage without a machine: the log that is read, the lines it means, and the formats."""

import itertools
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.debug.archs import archs
from pytest_karatos.debug.branches import Branches, _kinds
from pytest_karatos.elf import CodeMap, Image, Row
from pytest_karatos.emulators.covered import Covered, note_covered, noted_covered
from pytest_karatos.emulators.qemu.executed import Listing
from pytest_karatos.emulators.qemu.ways import Ways as Trodden
from pytest_karatos.measure.branches import CodeBranch, Gone, ways_of
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
from pytest_karatos.report.coverage.judge import lines, refused, write
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


TAKEN = "lm3s.elf 0x00000010"


def with_branches() -> Coverage:
    found = covered()
    branches = (
        CodeBranch(address=0x10, file="a.c", line=3),
        CodeBranch(address=0x14, file="a.c", line=4),
        CodeBranch(address=0x16, file="a.c", line=4),
        CodeBranch(address=0x20, file="a.c", line=9, is_sure=False),
    )
    gone = {Gone(((0x10, 0x14), (0x10,))): {"t1"}, Gone(((), (0x10,))): {"t2"}}
    for file, ways in ways_of(branches, "lm3s.elf", gone).items():
        found[file].branches.update(ways)
    return found


def test_each_way_of_a_branch_counts_by_itself_and_an_uncertain_one_does_not() -> None:
    counts = counts_of(with_branches())
    assert (counts.branches, counts.covered_branches, counts.unsure_branches) == (6, 3, 1)
    (one,) = with_branches().values()
    assert one.branches[3, TAKEN].passed == {"t1", "t2"}
    both = counts_of(together([with_branches(), with_branches()]))
    assert (both.branches, both.covered_branches, both.unsure_branches) == (6, 3, 1)


def test_formats_tell_the_ways_of_branches(tmp_path: Path) -> None:
    text = lcov(with_branches())
    assert "BRDA:3,0,0,1\nBRDA:3,0,1,2\nBRDA:4,0,0,1\nBRDA:4,0,1,0\nBRDA:4,1,0,-\n" in text
    assert "BRF:6\nBRH:3\n" in text
    assert "BRDA:9" not in text
    assert "BRF" not in lcov(covered())
    root = ET.fromstring(cobertura(with_branches(), "/fw", 0.0))  # noqa: S314 - ours
    assert root.get("branch-rate") == "0.5"
    shares = [one.get("condition-coverage") for one in root.iter("line")]
    assert shares == ["100% (2/2)", "25% (1/4)", None]
    (tmp_path / "a.c").write_text("one\ntwo\nthree\nfour\n")
    write(told(with_branches()), tmp_path / "out", tmp_path, 0.0)
    page = (tmp_path / "out" / "index.html").read_text()
    assert '<u class="c-half">1/4</u>' in page
    assert "<u>2/2</u>" in page
    assert "1 more branches are uncertain" in page
    row, trouble = list(lines(told(with_branches())))[1:]
    assert row == "board (arm), debug  66.7 %  2 of 3     1 of 2    3 of 6"
    assert trouble.startswith("coverage: of 1 branches it is uncertain which way they went")


def test_branches_have_a_limit_of_their_own() -> None:
    spec = CoverageSpec(wanted=True, fail_under_branches=51, fail_under_branches_origin="a:3")
    assert refused(told(with_branches()), spec) == (
        "coverage is 50.00 % (3 of 6 ways of branches), less than fail_under_branches = 51 % (a:3)"
    )
    assert "not one way of a branch could be judged" in refused(told(covered()), spec)
    assert not refused(told(with_branches()), CoverageSpec(fail_under_branches=50))


def branches_of_code(code: str, arch: int) -> Branches:
    kinds, in_code = _kinds(archs()[arch].name)
    image = Image(((0, bytes.fromhex(code)),), ())
    return Branches(arch=archs()[arch], image=image, kinds=kinds, data_in_code=in_code)


@pytest.mark.parametrize(
    ("arch", "code", "target"),
    [
        # As GNU's and LLVM's assemblers make them.
        (0, "fdd1", -2),  # bne .-2
        (0, "05d0", 14),  # beq .+14
        (0, "08b1", 6),  # cbz r0, .+6
        (0, "fbbb", 130),  # cbnz r3, .+130
        (0, "40f00280", 8),  # bne.w .+8
        (0, "7ff4feaf", 0),  # bne.w .
        (0, "00df", None),  # svc
        (0, "00de", None),  # udf
        (0, "fee7", None),  # b .
        (0, "00f000f8", None),  # bl
        (0, "aff30080", None),  # nop.w
        (1, "6304b500", 8),  # beq a0, a1, .+8
        (1, "e31eb5fe", -4),  # bne a0, a1, .-4
        (1, "6f008000", None),  # j .+8
        (1, "01c5", 8),  # c.beqz a0, .+8
        (1, "f5fd", -4),  # c.bnez a1, .-4
    ],
)
def test_branches_are_decoded(arch: int, code: str, target: int | None) -> None:
    found = branches_of_code(code, arch).at(0)
    assert (found.target if found else None) == target
    assert found is None or found.behind == len(code) // 2


def test_data_between_instructions_is_no_branch_and_may_not_be_taken_for_one() -> None:
    branches = branches_of_code("00bffdd1fdd1fdd1", 0)
    known = CodeMap(((0, True), (4, False)))
    assert [one.address for one in branches.within(0, 8, known)] == [2]
    assert [(one.address, one.is_sure) for one in branches.within(0, 8, CodeMap())] == [
        (2, False),
        (4, False),
        (6, False),
    ]


WAYS = """Trace 0: 0x7 [0/00000000/1/2] main
Trace 0: 0x7 [0/00000002/1/2] main
Trace 0: 0x7 [0/00000000/1/2] main
Stopped execution of TB chain before 0x7 [0] main
Trace 0: 0x7 [0/00000100/1/2] irq
Trace 0: 0x7 [0/00000000/1/2] main
cpu_io_recompile: rewound execution of TB to 00000000
Trace 0: 0x7 [0/00000000/1/2] main
Trace 0: 0x7 [0/00000002/1/2] main
Trace 0: 0x7 [0/00000004/1/2] main
"""


@given(st.lists(st.integers(0, len(WAYS)), max_size=8))
def test_ways_are_seen_before_an_interrupt_comes_in_between(cuts: list[int]) -> None:
    # nop; bne 0; nop
    ways = Trodden(branches_of_code("00bffdd100bf", 0))
    for start, end in itertools.pairwise([0, *sorted(cuts), len(WAYS)]):
        ways.feed(WAYS[start:end].encode())
    assert ways.outcomes() == ((2,), (2,))
    first = Trodden(branches_of_code("00bffdd100bf", 0))
    first.feed("".join(WAYS.splitlines(keepends=True)[:5]).encode())
    assert first.outcomes() == ((2,), ())


def test_several_cores_are_not_told_apart() -> None:
    ways = Trodden(branches_of_code("00bffdd100bf", 0))
    ways.feed(WAYS.replace("Trace 0", "Trace 1").encode())
    assert "several cores" in ways.trouble


def test_what_spins_for_long_is_not_followed_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_karatos.emulators.qemu.ways.QUIET", 50)
    loop = "Trace 0: 0x7 [0/0/1/2] a\nTrace 0: 0x7 [0/2/1/2] a\n" * 30
    log = f"{loop}Trace 0: 0x7 [0/4/1/2] a\n".encode()
    for size in (7, 999, 10**6):
        ways = Trodden(branches_of_code("00bffdd100bf", 0))
        for at in range(0, len(log), size):
            ways.feed(log[at : at + size])
        assert ways.is_cut
        assert ways.outcomes() == ((2,), ())
    monkeypatch.setattr("pytest_karatos.emulators.qemu.ways.QUIET", 60)
    ways = Trodden(branches_of_code("00bffdd100bf", 0))
    ways.feed(log)
    assert ways.outcomes() == ((2,), (2,))


def test_a_way_that_may_have_gone_unseen_is_uncertain() -> None:
    branch = CodeBranch(address=2, file="a.c", line=3, target=0, behind=4)
    taken = ((2,), ())
    open_way = Gone(taken, ((0, 6),), is_cut=True)
    for gone, sure in (
        ([open_way], False),
        ([Gone(taken, ((0, 6),))], True),
        ([Gone(taken, ((0, 4),), is_cut=True)], True),  # what is behind it never ran
        ([open_way, Gone(((), (2,)))], True),
    ):
        (ways,) = ways_of([branch], "x", {one: {"t"} for one in gone})["a.c"].values()
        assert ways.is_sure is sure


def test_a_branch_to_itself_that_is_interrupted_was_not_taken_again() -> None:
    ways = Trodden(branches_of_code("fed1", 0))  # bne .
    log = "Trace 0: 0x7 [0/0/1/2] a\nStopped execution of TB\nTrace 0: 0x7 [0/0/1/2] a\n"
    ways.feed(f"{log}Trace 0: 0x7 [0/2/1/2] a\n".encode())
    assert ways.outcomes() == ((), (0,))
