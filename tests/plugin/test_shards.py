"""One part of the tests on each machine: together they are all of them, and none runs twice."""

import json
from pathlib import Path
from typing import Any

from tests.plugin.guests import Guests

TESTS = """
@pytest.mark.parametrize("number", range(7))
def test_plain(number):
    assert number >= 0

@pytest.mark.xdist_group("pair")
def test_one():
    pass

@pytest.mark.xdist_group("pair")
def test_other():
    pass

def test_boots(console):
    console.expect("boot")

def test_flash(firmware):
    assert firmware.sizes.flash_bytes > 0
"""
UNSEEN = ("-p", "no:html", "-p", "no:metadata", "-p", "no:hypothesispytest")


def run(guests: Guests, shard: str, *more: str, status: int = 0) -> dict[str, Any]:
    """Run a shard as a machine that knows only the history that it was given."""
    result, _ = guests.run(f"--karatos-shard={shard}", *UNSEEN, *more)
    assert result.ret == status, result.stdout.str()
    facts: dict[str, Any] = json.loads(Path("ledger.json").read_text())
    return facts


def names(ledger: dict[str, Any]) -> list[str]:
    return sorted(one["id"].partition("::")[2] for one in ledger["tests"])


def test_the_shards_are_all_tests_and_none_twice(guests: Guests) -> None:
    guests.tests(test_it=TESTS)
    whole, _ = guests.run("--karatos-history=other", *UNSEEN)
    assert whole.ret == 0
    expected = names(json.loads(Path("ledger.json").read_text()))
    parts = []
    # Workers divide as one process does.
    for number, more in ((1, ()), (2, ("-n", "2")), (3, ())):
        history = f"--karatos-history=h{number}"
        parts.append(run(guests, f"{number}/3", history, *more))
    assert sorted(name for part in parts for name in names(part)) == expected
    assert sorted(len(part["tests"]) for part in parts) == [3, 4, 4]
    shards = [part["run"]["shard"] for part in parts]
    assert {(one["all"], one["with_board"], one["of"]) for one in shards} == {(11, 2, 3)}
    assert len({one["plan"] for one in shards}) == 1
    pairs = [sum(name in names(part) for name in ("test_one", "test_other")) for part in parts]
    assert sorted(pairs) == [0, 0, 2]


def test_durations_of_the_history_decide(guests: Guests) -> None:
    slow = "import time\n@pytest.mark.parametrize('n', range(6))\ndef test_a(n):\n"
    guests.tests(test_it=f"{slow}    time.sleep(2 if n == 4 else 0)\n{TESTS}")
    guests.run("--karatos-history=known", *UNSEEN)
    # A shard adds nothing to the history, or the next would divide by another one.
    found = [run(guests, f"{number}/2", "--karatos-history=known") for number in (1, 2)]
    assert len({one["run"]["shard"]["plan"] for one in found}) == 1
    # The slow one takes longer than half of all together, on however busy a machine.
    assert min(len(one["tests"]) for one in found) < 7
    assert {one["run"]["shard"]["timed"] for one in found} == {17}


def test_more_shards_than_tests_are_green_where_nothing_is_left(guests: Guests) -> None:
    guests.tests(test_it="def test_b(firmware):\n    pass\n")
    for workers in ((), ("-n", "1")):
        ledger = run(guests, "2/2", "--arch=arm", *workers)
        assert ledger["tests"] == []
        assert ledger["run"]["exit_status"] == 0
    # Of no test at all no shard is right.
    run(guests, "2/2", "--arch=arm", "-k", "nothing", status=5)


def test_a_suite_without_a_board_is_refused_in_each_shard(guests: Guests) -> None:
    guests.tests(test_it="def test_a():\n    pass\ndef test_b():\n    pass\n")
    result, _ = guests.run("--karatos-shard=1/2", "--arch=arm", *UNSEEN)
    assert result.ret == 5
    result.stdout.fnmatch_lines(["*no test used a board*"])


def test_a_shard_that_cannot_be_stops_the_run(guests: Guests) -> None:
    guests.tests(test_it="def test_a():\n    pass\n")
    result = guests.pytester.runpytest_subprocess("--karatos-shard=3/2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--karatos-shard: shard '3/2' cannot be*number 3 of 2*"])
