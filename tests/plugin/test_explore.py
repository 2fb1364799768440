"""Timings of real firmware: those that break it are red, at the instructions that are wrong."""

import re

import pytest

from tests.emulated.racing import Races
from tests.plugin.guests import Guests

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def races(pytester: pytest.Pytester) -> Races:
    return Races(pytester)


@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_a_lost_update_is_red_between_load_and_store_only(races: Races, arch: str) -> None:
    tests = races.explore(arch, "lost", at='at="take"')
    races.result.assert_outcomes(passed=1, failed=1)
    wrong, mended = tests[f"test_wrong[{arch}]"], tests[f"test_mended[{arch}]"]
    assert mended["tally"].startswith("0 of ")
    # The load and the store are red's neighbours: what comes right before each of the two and
    # what is between them fails, and nothing else does.
    (take,) = wrong["explored"]["functions"]
    assert re.fullmatch("g+r{2}g+", take["states"])
    said = wrong["details"]
    assert f"2 of {len(take['states'])} timings fail: " in said
    assert re.search(r"the interrupt writes .*PENDING: 1 -> 2", said)
    assert "then the code writes PENDING: 2 -> 0" in said
    first = take["addresses"][take["states"].index("r")]
    assert f"test_it.py::test_wrong[{arch}]' --karatos-vary=at={first}" in said
    for _ in range(2):
        again = races.run(f"--karatos-vary=at={first}", "-k", "wrong", f"--arch={arch}")
        (test,) = again.values()
        assert (test["outcome"], test["boots"][0]["exit_status"]) == ("failed", 1)


SEEDS = {
    "wakeup": ("arm", 'at="work"'),
    "queue": ("riscv", 'at="work"'),
    "deadline": ("arm", 'at="work", stall=3'),
}


@pytest.mark.parametrize("case", SEEDS)
def test_other_races_are_found(races: Races, case: str) -> None:
    arch, at = SEEDS[case]
    tests = races.explore(arch, case, "-n2", at=at)
    wrong = [one for name, one in tests.items() if "wrong" in name]
    mended = [one for name, one in tests.items() if "mended" in name]
    assert {one["outcome"] for one in mended} == {"passed"}
    assert "failed" in {one["outcome"] for one in wrong}
    races.result.stdout.re_match_lines(
        [r"test_it\.py::test_wrong \[\w+\]: [1-9]\d* of \d+ timings"]
    )
    if case == "deadline":  # one tick too many does no harm, so nothing smaller is named
        said = "".join(one["details"] for one in wrong)
        assert re.search(r"--karatos-vary=at=0x[0-9a-f]+,stall=[23]", said)


BAD = {
    'at="no_such_function"': "TooLittle: Nothing that the test's boot executed is meant by",
    'at="all", stall=0': "makes no sense",
    'att="all"': "unknown word 'att'",
}


@pytest.mark.parametrize("marker", BAD)
def test_what_explores_nothing_is_red(guests: Guests, marker: str) -> None:
    guests.tests(
        test_it=f"""
@pytest.mark.karatos_explore({marker})
def test_it(console):
    console.expect("boot")
"""
    )
    result, tests = guests.run()
    assert result.ret != 0
    said = "".join(one["message"] + one["details"] for one in tests.values())
    assert BAD[marker] in said + result.stdout.str()


def test_a_guest_without_a_timer_is_the_same_under_each_timing(guests: Guests) -> None:
    guests.tests(
        test_it="""
def test_it(console):
    console.expect("boot")
    console.send("x")
    console.expect("x")

@pytest.mark.karatos(icount="off")
def test_it_has_no_time_of_its_own(console):
    console.expect("boot")
"""
    )
    result, tests = guests.run("--karatos-explore=all,limit=4")
    result.assert_outcomes(passed=1, failed=1)
    # What it executes only after it was typed at is not explored, and that is said.
    assert re.match(r"0 of [1-4] timings fail; [1-4] of 4 points", tests["test_it"]["tally"])
    said = tests["test_it_has_no_time_of_its_own"]["message"]
    assert "cannot be had" in said


@pytest.fixture
def guests(pytester: pytest.Pytester) -> Guests:
    return Guests(pytester)
