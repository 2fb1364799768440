"""Every outcome, in every report, with and without workers: all of them say what pytest says."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.plugin.guests import Guests
from tests.unit.hand_made import SCHEMA


@dataclass(frozen=True)
class Case:
    """A test by its code; what the ledger, pytest-html's rows and JUnit's elements call it."""

    outcome: str
    rows: str
    junit: str
    code: str


SUBTESTS = {
    "sub_pass": Case(
        "passed", "Passed", "", "def test_sub_pass(firmware, subtests):\n"
        "    with subtests.test('a'): pass"
    ),
    "sub_fail": Case(
        "failed", "Failed", "failure failure", "def test_sub_fail(firmware, subtests):\n"
        "    for n in range(3):\n"
        "        with subtests.test(n=n): assert n != 1, 'the second'"
    ),
    "sub_and_body": Case(
        "failed", "Failed", "failure failure", "def test_sub_and_body(firmware, subtests):\n"
        "    with subtests.test('a'): assert 0, 'in the subtest'\n"
        "    assert 0, 'in the body'"
    ),
    "sub_skip": Case(
        "passed", "Passed", "skipped", "def test_sub_skip(firmware, subtests):\n"
        "    with subtests.test('a'): pytest.skip('not now')"
    ),
    "sub_xfail": Case(
        "passed", "Passed", "skipped", "def test_sub_xfail(firmware, subtests):\n"
        "    with subtests.test('a'): pytest.xfail('known')"
    ),
    "sub_panic": Case(
        "failed", "Failed", "failure failure", "def test_sub_panic(panicked, subtests):\n"
        "    with subtests.test('a'): panicked.expect('pass')"
    ),
}  # fmt: skip
CASES = {
    "pass": Case("passed", "Passed", "", "def test_pass(firmware): pass"),
    "fail": Case("failed", "Failed", "failure", "def test_fail(firmware): assert 0, 'nope'"),
    "skip": Case(
        "skipped", "Skipped", "skipped", "@pytest.mark.skip\ndef test_skip(firmware): pass"
    ),
    "skip_late": Case(
        "skipped", "Skipped", "skipped", "def test_skip_late(firmware): pytest.skip('later')"
    ),
    "xfail": Case(
        "xfailed", "XFailed", "skipped", "@pytest.mark.xfail\ndef test_xfail(firmware): assert 0"
    ),
    "xfail_late": Case(
        "xfailed", "XFailed", "skipped", "def test_xfail_late(firmware): pytest.xfail('known')"
    ),
    "xpass": Case("xpassed", "XPassed", "", "@pytest.mark.xfail\ndef test_xpass(firmware): pass"),
    "xpass_strict": Case(
        "failed", "Failed", "failure",
        "@pytest.mark.xfail(strict=True)\ndef test_xpass_strict(firmware): pass"
    ),
    "set_up": Case("error", "Error", "error", "def test_set_up(bad_set_up): pass"),
    "teardown": Case("error", "Passed Error", "error", "def test_teardown(bad_teardown): pass"),
    "fail_and_teardown": Case(
        "failed", "Failed Error", "failure error",
        "def test_fail_and_teardown(bad_teardown): assert 0, 'first'"
    ),
    "skip_and_teardown": Case(
        "error", "Skipped Error", "skipped error",
        "def test_skip_and_teardown(bad_teardown): pytest.skip('later')"
    ),
    "rerun_pass": Case(
        "passed", "Rerun Passed", "", "@pytest.mark.flaky(reruns=2)\n"
        "def test_rerun_pass(firmware):\n"
        "    COUNT.append(0)\n"
        "    assert len(COUNT) > 1, 'too early'"
    ),
    "rerun_fail": Case(
        "failed", "Rerun Failed", "failure",
        "@pytest.mark.flaky(reruns=1)\ndef test_rerun_fail(firmware): assert 0, 'always'"
    ),
    "late_panic": Case(
        "failed", "Failed", "failure", "def test_late_panic(panicked): pass"
    ),
    "other_word": Case(
        "failed", "Failed", "failure", "def test_other_word(firmware): assert 0, 'quarantined'"
    ),
    "changed_late": Case(
        "failed", "Failed", "failure", "def test_changed_late(firmware): pass"
    ),
    **(SUBTESTS if pytest.version_tuple >= (9, 0) else {}),
}  # fmt: skip
FIXTURES = """
COUNT = []

@pytest.fixture
def bad_set_up(firmware):
    raise RuntimeError("set-up")

@pytest.fixture
def bad_teardown(firmware):
    yield
    raise RuntimeError("teardown")
"""
#: One plugin calls a failure otherwise, one changes an outcome when the terminal asks for its word.
CONFTEST = """
def pytest_report_teststatus(report, config):
    if report.when == "call" and "test_other_word" in report.nodeid and report.failed:
        return "quarantined", "q", "QUARANTINED"
    if report.when == "call" and "test_changed_late" in report.nodeid:
        report.outcome, report.longrepr = "failed", "changed late"
"""


def rows(page: Path) -> Iterator[tuple[str, str]]:
    """Give each row of pytest-html's page: the test's name, and its result."""
    found = re.search(r'data-jsonblob="([^"]*)"', page.read_text())
    assert found
    for name, told in json.loads(html.unescape(found[1]))["tests"].items():
        # A rerun has one row for each of its phases.
        results = dict.fromkeys(one["result"] for one in told)
        yield name.split("::test_")[1].split("[")[0], " ".join(results)


def elements(path: Path) -> dict[str, str]:
    """Return what JUnit says of each test: the elements in its cases."""
    found: dict[str, list[str]] = {}
    for case in ET.parse(path).iter("testcase"):  # noqa: S314 - our own
        name = str(case.get("name")).removeprefix("test_").split("[")[0]
        tags = [one.tag for one in case if one.tag in ("failure", "error", "skipped")]
        found.setdefault(name, []).extend(tags)
    return {name: " ".join(tags) for name, tags in found.items()}


@pytest.fixture(autouse=True)
def on_github(guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(guests.pytester.path / "summary.md"))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_all_reports_say_what_pytest_says(guests: Guests, workers: str) -> None:
    guests.tests(test_it=FIXTURES + "\n".join(f"{case.code}\n" for case in CASES.values()))
    guests.pytester.makeconftest(CONFTEST)
    result, tests = guests.run(f"-n{workers}", "--html=r.html", "--junit-xml=j.xml")
    folder = guests.pytester.path
    SCHEMA.validate(json.loads((folder / "ledger.json").read_text()))
    said = {name.removeprefix("test_"): test["outcome"] for name, test in tests.items()}
    assert said == {name: case.outcome for name, case in CASES.items()}
    assert dict(rows(folder / "r.html")) == {name: case.rows for name, case in CASES.items()}
    assert elements(folder / "j.xml") == {name: case.junit for name, case in CASES.items()}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    count = {word: list(said.values()).count(word) for word in said.values()}
    passed = f"{count['passed']} of {len(said)} passed, 2 xfailed, 1 xpassed"
    verdict = f"{count['failed']} failed, {count['error']} errors"
    result.stdout.fnmatch_lines([f"lm3s6965evb (arm) * {passed} * {verdict}"])
    headline = (folder / "summary.md").read_text().splitlines()[0]
    assert {f"{number} {word}" for word, number in count.items()} <= set(
        re.findall(r"\d+ \w+", headline)
    )
    if workers == "0" and pytest.version_tuple >= (9, 0):
        assert tests["test_sub_fail"]["message"].startswith("AssertionError: the second")


def test_a_red_test_is_annotated_once_with_its_own_cause(guests: Guests) -> None:
    guests.tests(test_it=FIXTURES + "\n".join(f"{case.code}\n" for case in CASES.values()))
    guests.pytester.makeconftest(CONFTEST)
    result, tests = guests.run()
    red = [name for name, one in tests.items() if one["outcome"] in ("failed", "error")]
    lines = [line for line in result.stdout.lines if line.startswith("::error")]
    named = [name for line in lines for name in red if f"{name} on" in line or f"{name} [" in line]
    assert len(named) == len(set(named)) >= 10
    assert "contains 1 failed subtest" not in "".join(lines)
