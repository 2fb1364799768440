"""Ten annotations that are worth something, and that no firmware commands GitHub's runner."""

from hypothesis import given

from pytest_karatos.report import github
from pytest_karatos.report.github import command
from pytest_karatos.text import printable
from tests.unit.hand_made import HOSTILE, failed, ledger, record
from tests.workflow.runner import obeyed


def test_an_annotation_points_at_the_line() -> None:
    found = github.annotations(ledger(failed("tests/test_a.py::test_a", "Stuck: 100 %")))
    where = "file=tests/test_a.py,line=7,title=tests/test_a.py%3A%3Atest_a on arm"
    assert found == [f"::error {where}::Stuck: 100 %25"]
    (inner,) = github.annotations(ledger(failed("test_a", "x")), folder="firmware")
    assert "file=firmware/tests/test_a.py," in inner


def test_one_line_that_fails_on_two_boards_is_annotated_once() -> None:
    reds = [
        failed("t", f"OverBudget: {size} B", target=arch)
        for size, arch in ((5, "arm"), (6, "riscv"))
    ]
    (found,) = github.annotations(ledger(*reds))
    assert "title=t on arm%2C riscv::OverBudget: 5 B" in found


def test_equal_words_at_other_lines_are_other_causes() -> None:
    reds = [failed("t", "AssertionError: assert False", line=number) for number in (1, 2)]
    assert len(github.annotations(ledger(*reds))) == 2


def test_at_most_ten_and_the_gravest_first() -> None:
    many = [failed(f"t{letter}", f"cause {letter}") for letter in "abcdefghijklm"]
    grave = [failed(f"g{number}", "BuildFailed: building 'arm' failed.") for number in range(9)]
    found = github.annotations(ledger(*many, *grave))
    assert len(found) == 10
    assert "title=g0 on arm and 8 more tests::BuildFailed" in found[0]
    assert "[arm]%0Aand 4 more tests" in found[0]
    assert found[9].startswith("::error title=5 further causes::")
    assert len(github.annotations(ledger(*many[:10]))) == 10


def test_a_crashed_worker_and_a_silent_failure_have_words() -> None:
    crashed = failed("t", "", outcome="crashed", details="a\nworker 'gw0' crashed\n", line=None)
    silent = failed("u", "", file="", line=None)
    found = github.annotations(ledger(crashed, silent))
    assert found[0] == "::error file=tests/test_a.py,title=t on arm::worker 'gw0' crashed"
    assert found[1] == "::error title=u on arm::failed, and nobody said why"
    assert github.annotations(ledger(record("t"))) == []


@given(HOSTILE, HOSTILE)
def test_the_runner_reads_exactly_what_was_meant(text: str, other: str) -> None:
    (found,) = github.annotations(ledger(failed(text, f"c{other}", file=other, target=text)))
    assert "\n" not in found
    assert "\r" not in found
    (read,) = obeyed(found)
    assert read.name == "error"
    assert read.message == printable(f"c{other}").partition("\n")[0].strip()
    assert set(read.properties) <= {"file", "line", "title"}


@given(HOSTILE, HOSTILE)
def test_properties_come_back_as_they_were(text: str, other: str) -> None:
    (read,) = obeyed(command("error", {"title": text, "file": other}, text))
    wanted = {"title": printable(text).strip(), "file": printable(other).strip()}
    read_back = {key: value.strip() for key, value in read.properties.items()}
    assert {"title": "", "file": "", **read_back} == wanted
    assert read.message == printable(text)


# ---- what firmware prints ------------------------------------------------------------------------


@given(HOSTILE)
def test_no_echoed_line_is_a_command(text: str) -> None:
    assert obeyed(f"| {printable(text)}".replace("\n", "\n| ")) == []
    assert obeyed(github.pause("t0ken") + "\n" + text + "\n" + github.resume("t0ken")) == []
