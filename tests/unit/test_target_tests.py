"""The verdict on tests that run on the target, from what their console tells."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.dialect import CASE_KINDS, Dialect, Event
from pytest_karatos.errors import CasesFailed, Forbidden, TooLittle
from pytest_karatos.settings import load
from pytest_karatos.target_tests import Case, Cases, TargetTests
from pytest_karatos.text import printable
from tests.unit.console.guest import Guest, guests

UNITY = "t.c:1:adds:PASS\nt.c:9:waits:IGNORE: no timer\n"
ZTEST = "Running TESTSUITE math\nSTART - adds\n PASS - adds in 0.001 seconds\n"
TAP = "1..2\nok 1 - adds\nok 2 # SKIP no timer\n"
RUST = "running 2 tests\ntest math::adds ... ok\nmath::waits...\t[ok]\n"
LIBTEST = "test result: FAILED. 1 passed; 1 failed\n"
DEFMT = "0.000000 INFO  (1/3) running `adds`...\n└─ app::tests::__defmt_test_entry @ tests/a.rs:7\n"
EMBEDDED = "INFO - Test exited with"
IGNORING = "0.1 INFO  (2/3) ignoring `waits`...\n"
ALL_PASSED = "0.3 INFO  all tests passed!\n"
PROBE_RS = """
running 2 tests
test t::it_works         ... ok
test t::it_works_ignored ... ignored

test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.51s
"""
GREEN = {
    "unity": (f"{UNITY}\n2 Tests 0 Failures 1 Ignored\nOK\n", "adds waits"),
    "ztest": (f"{ZTEST}PROJECT EXECUTION SUCCESSFUL\n", "math.adds"),
    "tap": (TAP, "adds|case 2"),
    "rust": (RUST, "math.adds math.waits"),
    "rust, spread": ("Running 1 tests\na::b...\tlog\n[ok]\n", "a.b"),
    "rust, panics": ("running 1 test\ntest a::b - should panic ... ok\n", "a.b"),
    "defmt-test": (f"{DEFMT}{IGNORING}[INFO ] (3/3) running `subs`... (a a.rs:1)\n{ALL_PASSED}",
                   "adds waits subs"),
    "defmt-test, bare": ("(1/1) running `it_works`...\nall tests passed!\n", "it_works"),
    "embedded-test": (f"{EMBEDDED} () or Ok(..)\n", "case 1|"),
    "embedded-test by its runner": (PROBE_RS, "t.it_works t.it_works_ignored"),
    "twice": ("1..2\nok 1 - a\nok 2 - a\n", "a|a (2)"),
}  # fmt: skip
RED = {
    "failed": (UNITY + "t.c:7:subs:FAIL: Expected 1\n3 Tests 1 Failures 1 Ignored\n",
               r"1 of 3 cases failed \(subs\)"),
    "never finished": (f"{ZTEST}START - hangs\n", r"1 of 2 cases never finished \(math.hangs\)"),
    "end before": (f"{ZTEST}START - hangs\nPROJECT EXECUTION SUCCESSFUL\n", r"never finished"),
    "fewer": ("1..3\nok 1 - a\n", "1 cases came of 3 that were planned"),
    "no end": (UNITY, "never said that there are no more"),
    "nothing": ("hello\n", "no case was told of"),
    "counts more": (f"{UNITY}7 Tests 0 Failures 0 Ignored\n", "counts 7 cases, and told of 2"),
    "claims": (f"{ZTEST}PROJECT EXECUTION FAILED\n", "the target said 'PROJECT EXECUTION FAILED'"),
    "libtest claims": (f"test a ... ok\n{LIBTEST}", "the target said 'test result: FAILED"),
    "bails out": ("1..2\nok 1 - a\nBail out! no RAM\n", "the target said 'Bail out! no RAM'"),
    "failed in TAP": ("1..1\nnot ok 1 - a\n", r"1 of 1 cases failed \(a\)"),
    "defmt-test stops": (f"{DEFMT}ok so far\n", r"1 of 1 cases never finished \(adds\); 1 cases"),
    "defmt-test, last": ("(1/1) running `a`...\n", r"1 of 1 cases never finished \(a\); the tar"),
    "defmt-test, a lost line": (
        f"{DEFMT}0.2 INFO  (3/3) running `subs`...\nall tests passed!\n",
        r"1 of 2 cases never finished \(adds\); 2 cases came of 3",
    ),
    "defmt-test, reset in a case": (
        "(1/2) running `a`...\n(1/2) running `a`...\n(2/2) running `b`...\nall tests passed!\n",
        r"1 of 3 cases never finished \(a\)",
    ),
    "defmt-test, early end": ("(1/2) running `a`...\nall tests passed!\n", "never finished"),
    "defmt-test, ignored last": ("(1/1) ignoring `a`...\n", "never said that there are no more"),
    "embedded-test errs": (f'{EMBEDDED} Err(..): "no"\n', r"1 of 1 cases failed \(case 1\)"),
    "embedded-test panics": ("=========== PANIC ===========\n", r"1 of 1 cases failed \(case 1\)"),
    "embedded-test says nothing": ("Very bad message\n", "no case was told of"),
    "rust fails": ("Running 1 tests\na::b...\t[failed]\n", r"1 of 1 cases failed \(a.b\)"),
}  # fmt: skip


@pytest.fixture(scope="module")
def dialects(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dialect, ...]:
    return load(root=tmp_path_factory.mktemp("tree"), environ={}, typed={}).dialects


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    with guests(tmp_path, silence_seconds=0.3) as make_one:
        yield make_one


def run(
    guest: Guest, dialects: tuple[Dialect, ...], *, timeout: float = 0.5
) -> tuple[list[Case], list[Case]]:
    noted: list[Case] = []
    tests = TargetTests(guest.console, dialects, noted.extend, timeout=timeout)
    return list(tests.run()), noted


@pytest.mark.parametrize(("text", "names"), GREEN.values(), ids=GREEN)
def test_each_case_is_told(
    make: Callable[..., Guest], dialects: tuple[Dialect, ...], text: str, names: str
) -> None:
    guest = make()
    guest.say(b"boot\r\n" + text.replace("\n", "\r\n").encode())
    found, noted = run(guest, dialects)
    assert [one.name for one in found] == names.strip("|").split("|" if "|" in names else " ")
    assert found == noted
    assert {one.state for one in found} <= {"passed", "skipped"}


@pytest.mark.parametrize("hangs_up", [True, False])
@pytest.mark.parametrize(("text", "says"), RED.values(), ids=RED)
def test_whatever_is_missing_is_red(
    make: Callable[..., Guest], dialects: tuple[Dialect, ...], text: str, says: str, hangs_up: str
) -> None:
    guest = make()
    guest.say(text.encode())
    if hangs_up:
        guest.close_stream()
    with pytest.raises(CasesFailed, match=says):
        run(guest, dialects)


def test_a_crash_in_a_case_is_told_with_it(
    make: Callable[..., Guest], dialects: tuple[Dialect, ...]
) -> None:
    guest = make()
    guest.say(f"{ZTEST}START - crashes\npanicked at main.c:7\n".encode())
    with pytest.raises(CasesFailed, match=r"never finished \(math.crashes\).*panicked") as caught:
        run(guest, dialects)
    assert isinstance(caught.value.instead_of, Forbidden)


def test_a_last_line_without_its_end_counts(
    make: Callable[..., Guest], dialects: tuple[Dialect, ...]
) -> None:
    guest = make()
    guest.say(b"1..1\nok 1 - a")
    guest.close_stream()
    assert len(run(guest, dialects)[0]) == 1


def test_a_plan_of_none_is_too_little(
    make: Callable[..., Guest], dialects: tuple[Dialect, ...]
) -> None:
    guest = make()
    guest.say(b"running 0 tests\n")
    with pytest.raises(TooLittle, match="told of no case"):
        run(guest, dialects)


_EVENTS = st.builds(
    Event,
    kind=st.sampled_from(list(CASE_KINDS)),
    fields=st.fixed_dictionaries({"name": st.text(), "count": st.text(), "failed": st.text()}),
    line=st.text(),
)


@given(st.lists(_EVENTS))
def test_names_are_hostile(events: list[Event]) -> None:
    cases = Cases()
    for event in events:
        cases.take(event)
    names = [one.name for one in cases.all]
    assert len(set(names)) == len(names)
    assert all(printable(one) == one and "::" not in one and len(one) < 250 for one in names)
    assert all(printable(clause) == clause for clause in cases.wrong())
