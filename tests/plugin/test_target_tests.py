"""Each case on the target is a test of its own in every report."""

import xml.etree.ElementTree as ET

import pytest

from tests.emulated.tiny_guest import image
from tests.plugin.guests import Guests

SAID = {
    "fine": b"1..2\nok 1 - adds\nok 2 - waits # SKIP no timer\n",
    "bad": b"1..3\nok 1 - adds\nnot ok 2 - subs\nok 3 - a::b[\x1b[2J]<&>\n",
    "hangs": b"START - adds\n PASS - adds in 0.1 seconds\nSTART - hangs\n",
}
TESTS = """
@guest("fine")
def test_fine(target_tests):
    assert [one.name for one in target_tests.run()] == ["adds", "waits"]

@guest("bad")
def test_bad(target_tests):
    target_tests.run()

@guest("hangs")
def test_hangs(target_tests):
    target_tests.run()
"""


@pytest.fixture
def guests(guests: Guests) -> Guests:
    folder = guests.pytester.path / "fw"
    for name, said in SAID.items():
        image(folder, "arm", ("say", said), ("idle",)).rename(folder / f"{name}.elf")
    guests.tests(test_it=TESTS)
    return guests


@pytest.mark.parametrize("how", ["-n0", "-n2", "--reruns=1"])
def test_each_is_told_by_its_name(guests: Guests, how: str) -> None:
    result, _ = guests.run(how, "-v", "--junitxml=junit.xml", "--html=report.html")
    outcomes = {one: count for one, count in result.parseoutcomes().items() if one != "rerun"}
    assert outcomes == {"passed": 5, "failed": 4, "skipped": 1}
    said = result.stdout.str()
    for line in ("test_fine::adds[arm] PASSED*", "test_bad::subs[arm] FAILED*"):
        result.stdout.fnmatch_lines([f"test_it.py::{line}".replace("[", "[[]")])
    assert "CasesFailed: On the target 1 of 3 cases failed (subs)" in said
    assert "On the target 1 of 2 cases never finished (hangs)" in said
    assert "\x1b[2J" not in said
    junit = ET.parse(guests.pytester.path / "junit.xml").getroot()  # noqa: S314 - our own
    failed = [
        one.attrib["name"] for one in junit.iter("testcase") if one.find("failure") is not None
    ]
    assert sorted(failed) == ["hangs[arm]", "subs[arm]", "test_bad[arm]", "test_hangs[arm]"]
    page = (guests.pytester.path / "report.html").read_text()
    assert "test_bad::subs[arm]" in page


def test_the_ledger_counts_them_on_their_board(guests: Guests) -> None:
    result, tests = guests.run()
    assert "5 of 10 passed" in result.stdout.str()
    assert tests["subs"]["outcome"] == "failed"
    assert tests["subs"]["board"] == "lm3s6965evb"
    assert tests["waits"]["outcome"] == "skipped"
    assert tests["hangs"]["message"] == "it was announced, and never finished: START - hangs"
    assert result.ret == 1


def test_what_judges_nothing_is_red(guests: Guests) -> None:
    guests.tests(
        test_it="""
@guest("fine")
def test_asks_nobody(target_tests):
    pass

@guest("echo")
def test_has_no_cases(target_tests):
    target_tests.run(timeout=1)

@guest("bad")
def test_catches_it(target_tests):
    with contextlib.suppress(AssertionError):
        target_tests.run()

@pytest.mark.xfail
@guest("bad")
def test_is_expected(target_tests):
    target_tests.run()
"""
    )
    result, tests = guests.run()
    assert tests["test_asks_nobody"]["outcome"] == "error"
    assert tests["test_has_no_cases"]["message"].startswith("CasesFailed: On the target no case")
    assert tests["test_catches_it"]["outcome"] == "failed"
    assert tests["test_is_expected"]["outcome"] == "xfailed"
    assert result.ret == 1
