"""Several boots of one ELF for one test: n of m, by cause, replayable, one verdict."""

import re
from typing import Any

import pytest

from tests.emulated.harts import counting
from tests.plugin.guests import Guests

_HARTS = """
[run]
arch = ["riscv"]
[boards.two]
arch = "riscv"
default = true
qemu = ["-machine", "virt", "-bios", "none", "-smp", "2"]
[boards.two.regions.ram]
start = 0x80000000
size = "128 MiB"
[build]
source = "fw"
command = "cp harts.elf out.elf"
elf = "out.elf"
builder = "local"
"""
COUNTS = """
def test_it_counts(console):
    console.expect("all counted")
"""


@pytest.fixture
def guests(pytester: pytest.Pytester) -> Guests:
    return Guests(pytester)


@pytest.fixture
def harts(guests: Guests) -> Guests:
    counting(guests.pytester.path / "fw", wrong=b"panicked at src/counter.rs:7\n")
    (guests.pytester.path / "karatos.toml").write_text(_HARTS)
    guests.tests(test_it=COUNTS)
    return guests


def only(tests: dict[str, Any]) -> dict[str, Any]:
    (test,) = tests.values()
    assert isinstance(test, dict)
    return test


def test_a_flaky_image_of_two_harts(harts: Guests) -> None:
    result, tests = harts.run("--karatos-boots=20", "--junitxml=junit.xml")
    result.assert_outcomes(failed=1)
    test, said = only(tests), result.stdout.str()
    found = re.search(r"Flaky: Failed in (\d+) of 20 boots: ", said)
    assert found
    failed = int(found[1])
    assert 0 < failed < 20
    assert test["tally"] == f"passed in {20 - failed} of 20 boots"
    assert test["message"].startswith(f"Flaky: Failed in {failed} of 20 boots: Waited for 'all co")
    # What each hart was doing, one transcript of the cause, and one of a boot that passed.
    assert re.search(r"hart 0: #0  0x80000[0-9a-f]{3}\n.*hart 1: #0  0x800000[0-9a-f]{2}", said)
    assert said.count("transcript: ") == 2
    assert len(test["boots"]) == 2
    assert "console.expect" in said
    assert f"passed in {20 - failed} of 20 boots" in (harts.pytester.path / "junit.xml").read_text()


def test_the_same_boot_again_by_its_name(harts: Guests) -> None:
    result, _ = harts.run("--karatos-boots=12")
    vary = re.findall(r"--karatos-vary=(\S+)", result.stdout.str())[0]
    for _ in range(2):
        result, tests = harts.run(f"--karatos-vary={vary}")
        result.assert_outcomes(failed=1)
        (boot,) = only(tests)["boots"]
        assert boot["variation"] == vary
    harts.run()[0].assert_outcomes(passed=1)


@pytest.mark.parametrize(("boots", "must_pass", "green"), [(20, 5, True), (20, 19, False)])
def test_so_many_must_pass(harts: Guests, boots: int, must_pass: int, green: str) -> None:
    marker = f"@pytest.mark.karatos(boots={boots}, must_pass={must_pass})"
    harts.tests(test_it=f"{marker}{COUNTS}")
    result, _ = harts.run("--karatos-boots=2")
    result.assert_outcomes(passed=int(bool(green)), failed=int(not green))


def test_each_boot_has_fixtures_of_its_own_and_shares_those_of_others(guests: Guests) -> None:
    guests.tests(
        test_it="""
made = []

@pytest.fixture(scope="module")
def shared():
    made.append("shared")
    yield
    made.append("over")

@pytest.fixture
def own(shared, machine):
    made.append(machine)
    yield len(made)
    made.append("ended")

class TestIt:
    def setup_method(self):
        self.seen = []

    @pytest.mark.karatos(boots=3)
    def test_it(self, own, console):
        console.send("x")
        console.expect("x")
        assert self.seen == []
        self.seen.append(own)
        assert made[0] == "shared" and "over" not in made
        if own > 5:
            assert len({one for one in made if not isinstance(one, str)}) == 3
            assert made.count("ended") == 2
"""
    )
    result, tests = guests.run()
    result.assert_outcomes(passed=1)
    assert only(tests)["tally"] == "passed in 3 of 3 boots"
    assert len(only(tests)["boots"]) == 1
    result.stdout.fnmatch_lines(["*test_it*: passed in 3 of 3 boots"])


BODIES = {
    "assert": ("own = len(boots); assert own != 2", "Failed in 1 of 3 boots: assert 2 != 2"),
    "caught": (
        "if len(boots) == 2: console.send(PANIC)",
        "Failed in 1 of 3 boots: The console pri",
    ),
    "skips": ("if len(boots) == 2: pytest.skip('no')", "Failed in 1 of 3 boots: no"),
    "every": ("assert len(boots) < 0", "Failed in 3 of 3 boots: assert 1 < 0"),
    "fails": ("if len(boots) > 1: pytest.fail('late')", "Failed in 2 of 3 boots: late"),
}


@pytest.mark.parametrize(("body", "says"), BODIES.values(), ids=BODIES)
def test_what_is_wrong_in_one_boot_is_wrong(guests: Guests, body: str, says: str) -> None:
    guests.tests(
        test_it=f"""
boots = []

@pytest.mark.karatos(boots=3)
def test_it(console):
    boots.append(1)
    console.expect("boot")
    {body}
"""
    )
    result, tests = guests.run()
    result.assert_outcomes(failed=1)
    assert only(tests)["message"].startswith(f"Flaky: {says}")


def test_what_a_fixture_finds_behind_one_boot_is_wrong(guests: Guests) -> None:
    guests.tests(
        test_it="""
boots = []

@pytest.fixture
def watched(machine):
    boots.append(1)
    yield machine.console
    assert len(boots) != 1, "left behind"

@pytest.mark.karatos(boots=3)
def test_it(watched):
    watched.expect("boot")
"""
    )
    result, tests = guests.run()
    result.assert_outcomes(failed=1)
    assert "Failed in 1 of 3 boots: left behind" in only(tests)["message"]


def test_other_ways_to_run_tests_see_one(guests: Guests) -> None:
    guests.tests(
        test_it="""
boots = []

@pytest.mark.karatos(boots=3)
def test_passes_when_rerun(console):
    boots.append(1)
    console.expect("boot")
    assert len(boots) != 2

@pytest.mark.xfail(strict=True)
@pytest.mark.karatos(boots=3, features="exits3")
def test_is_expected_to_fail(console):
    console.expect("pass")

@pytest.mark.karatos(boots=2)
def test_is_skipped(console):
    pytest.skip("not here")
"""
    )
    result, tests = guests.run("--reruns=1", "-n2")
    result.assert_outcomes(passed=1, xfailed=1, skipped=1)
    again = tests["test_passes_when_rerun"]
    assert (again["reruns"], again["tally"]) == (1, "passed in 3 of 3 boots")


def test_boots_that_would_not_differ_are_not_counted(guests: Guests) -> None:
    guests.tests(
        test_it="""
def test_all_that_differ(console):
    console.expect("boot")

@pytest.mark.karatos(icount="off")
def test_they_vary_by_themselves(console):
    console.expect("boot")

@pytest.mark.karatos(must_pass=12)
def test_more_than_differ(console):
    console.expect("boot")
"""
    )
    result, tests = guests.run("--karatos-boots=13")
    result.assert_outcomes(passed=2, failed=1)
    told = "passed in 11 of 11 boots; 13 were asked for, and no more of this board would differ"
    assert tests["test_all_that_differ"]["tally"] == told
    assert tests["test_they_vary_by_themselves"]["tally"] == "passed in 13 of 13 boots"
    assert tests["test_more_than_differ"]["message"].startswith("TooLittle: ")


@pytest.mark.parametrize(
    ("words", "arguments", "says"),
    [
        ("boots=0", "", "boots must be a whole number above zero, not 0"),
        ("boots=2, must_pass=3", "", "of boots=2 no 3 can pass"),
        ("", "--karatos-vary=shift=99", "there is no variation 'shift=99' of a boot"),
        ("icount='off'", "--karatos-vary=shift=2", "its boots vary by themselves"),
    ],
)
def test_what_cannot_be_is_said(guests: Guests, words: str, arguments: str, says: str) -> None:
    guests.tests(
        test_it=f"""
@pytest.mark.karatos({words})
def test_it(console):
    console.expect("boot")
"""
    )
    result, tests = guests.run(*arguments.split())
    assert says in only(tests)["message"] + only(tests)["details"]
    assert result.ret == 1


def test_who_boots_otherwise_is_told(guests: Guests) -> None:
    guests.tests(
        test_it="""
@pytest.mark.karatos(boots=2)
def test_it(firmware, karatos_bench):
    with karatos_bench.boot(firmware) as machine:
        machine.console.expect("boot")
"""
    )
    result, tests = guests.run()
    result.assert_outcomes(failed=1)
    assert "does not use `machine`" in only(tests)["message"]
