"""The ledger folds phases into one record a test, whatever order and workers they come from."""

from typing import Any, cast

import pytest

from pytest_karatos.measurement import Budget
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import Phase
from pytest_karatos.report.text import table
from pytest_karatos.report.unjudged import unjudged
from tests.unit.hand_made import build_facts, figure

ARM = {"test": "t.py::a", "target": "arm", "board": "lm3", "arch": "arm", "profile": "debug"}
FIRMWARE = {
    "key": "k1",
    "build": "k1",
    "name": "",
    "binary": "",
    "features": [],
    "builder": "local",
    "build_seconds": 2.0,
    "measurements": [figure("flash", 7536, limit=16384), figure("ram", 412)],
}


def phase(when: str, outcome: str = "passed", **more: Any) -> Phase:  # noqa: ANN401 - facts are of any plain type
    facts = {"id": "t.py::a[arm]", "when": when, "outcome": outcome, "seconds": 1.0, **ARM, **more}
    return cast("Phase", facts)


def ledger_of(*phases: Phase) -> Ledger:
    ledger = Ledger()
    for one in phases:
        ledger.take(one)
    return ledger


def test_three_phases_are_one_test() -> None:
    phases = [phase("setup"), phase("call", firmware=FIRMWARE), phase("teardown", boots=[{"n": 1}])]
    (test,) = ledger_of(*phases).tests
    assert (test["outcome"], test["seconds"], test["firmware"]) == ("passed", 3.0, "k1")
    assert [one.get("n") for one in test["boots"]] == [1]


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        ([phase("setup", "failed", message="no qemu"), phase("teardown")], "error"),
        ([phase("setup"), phase("call", "failed", message="x"), phase("teardown")], "failed"),
        ([phase("setup"), phase("call"), phase("teardown", "failed", message="x")], "error"),
        ([phase("setup", "skipped", message="why"), phase("teardown")], "skipped"),
        ([phase("setup"), phase("call", "skipped", xfail=True), phase("teardown")], "xfailed"),
        ([phase("setup"), phase("call", xfail=True), phase("teardown")], "xpassed"),
        ([phase("setup"), phase("???", "failed", message="gw0 crashed")], "crashed"),
    ],
)
def test_outcomes(phases: list[Phase], outcome: str) -> None:
    (test,) = ledger_of(*phases).tests
    assert test["outcome"] == outcome
    assert bool(test["message"]) == (outcome not in ("xfailed", "xpassed"))


def test_a_rerun_takes_the_place_of_the_run_before_and_is_counted() -> None:
    first = [phase("setup"), phase("call", "rerun", message="x", boots=[{"n": 1}])]
    again = [phase("setup"), phase("call"), phase("teardown", boots=[{"n": 2}])]
    (test,) = ledger_of(*first, *first, *again).tests
    assert (test["outcome"], test["reruns"]) == ("passed", 2)
    assert [one.get("n") for one in test["boots"]] == [2]
    assert not test["message"]


def test_one_id_on_two_workers_is_two_tests() -> None:
    ledger = ledger_of(phase("call", worker="gw0"), phase("call", "failed", worker="gw1"))
    assert [test["outcome"] for test in ledger.tests] == ["passed", "failed"]
    assert ledger.boards()[0]["verdict"] == "1 failed"


def test_a_board_without_a_test_has_a_row() -> None:
    ledger = ledger_of(phase("call", firmware=FIRMWARE))
    ledger.targets = [{"board": "virt", "arch": "riscv", "profile": "debug"}]
    assert [(row["board"], row["verdict"]) for row in ledger.boards()] == [
        ("lm3", "passed"),
        ("virt", "no test ran"),
    ]
    rows = table(ledger)
    assert "1 of 1 passed  7,536 of 16,384 B  412 B  2.0 s  passed" in rows[1]
    assert "virt (riscv)" in rows[2]
    assert rows[2].endswith("no test ran")


def test_the_plain_firmware_speaks_for_its_board() -> None:
    varied = {**FIRMWARE, "key": "k2", "features": ["fat"]}
    other = phase("call", firmware=varied, id="t.py::b[arm]")
    ledger = ledger_of(other, phase("call", firmware=FIRMWARE))
    assert ledger.boards()[0]["firmware"] == "k1"
    assert set(ledger.firmwares) == {"k1", "k2"}


@pytest.mark.parametrize(
    ("builders", "built", "line"),
    [
        (["prebuilt"], 0, "0 built, 1 prebuilt"),
        (["local"], 0, "0 built, 1 cached"),
        (["local"], 1, "1 built, 0 cached"),
        (["local", "local", "prebuilt"], 1, "1 built, 1 cached, 1 prebuilt"),
    ],
)
def test_it_is_counted_where_the_firmware_came_from(
    builders: list[str], built: int, line: str
) -> None:
    ledger = Ledger(builds=[build_facts()] * built)
    for number, builder in enumerate(builders):
        own = {"key": f"k{number}", "build": f"k{number}", "builder": builder}
        firmware = {**FIRMWARE, **own}
        ledger.take(phase("call", firmware=firmware))
    assert table(ledger)[-1] == line


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        (["a.run", "a.run"], ": a.run changed; exclude it ([build] exclude) if it is no source"),
        (["/usr/bin/cc", "/usr/bin/cc"], ": /usr/bin/cc changed"),
        (["a.run", "b.run"], ""),
        (["a.run", ""], ""),
        (["a.run"], ""),
    ],
)
def test_what_caused_several_builds_is_named(changed: list[str], end: str) -> None:
    ledger = ledger_of(phase("call", firmware=FIRMWARE))
    ledger.builds = [build_facts(changed=one) for one in changed]
    assert table(ledger)[-1] == f"{len(changed)} built, 0 cached{end}"


def test_tools_that_were_judged_by_name_are_told() -> None:
    ledger = ledger_of(phase("call", firmware=FIRMWARE))
    ledger.builds = [{**build_facts(), "watched": False}]
    assert table(ledger)[-1].startswith("tools were judged by name and PATH: 1 of 1 builds")


@pytest.mark.parametrize(
    ("arch", "profile", "told"),
    [
        ("arm", "", 1),
        ("arm", "debug", 1),
        ("lm3", "debug", 1),
        ("arm", "release", 0),
        ("riscv", "", 0),
    ],
)
def test_a_budget_of_what_was_tested_that_judged_nothing_is_told(
    arch: str, profile: str, told: int
) -> None:
    budget = Budget(metric="stack", limit=400, arch=arch, profile=profile, origin="karatos.toml:9")
    phases = [phase("setup"), phase("call", firmware=FIRMWARE), phase("teardown")]
    assert [one["name"] for one in unjudged(ledger_of(*phases), [budget])] == ["stack"] * told
    judged = phase("call", firmware=FIRMWARE, verdicts=[{"name": "stack"}])
    assert not unjudged(ledger_of(phase("setup"), judged), [budget])


@pytest.mark.parametrize(
    ("phases", "word", "verdict"),
    [
        ([phase("setup", "failed", message="no qemu"), phase("teardown")], "errors", "1 error"),
        ([phase("setup"), phase("call", "failed", message="x")], "failed", "1 failed"),
        ([phase("setup"), phase("???", "failed", message="gw0 crashed")], "failed", "1 failed"),
        ([phase("setup", "skipped", message="why")], "skipped", "skipped"),
        ([phase("setup"), phase("call", "skipped", xfail=True)], "xfailed", "xfailed"),
        ([phase("setup"), phase("call", xfail=True)], "xpassed", "xpassed"),
        ([phase("setup"), phase("call"), phase("teardown")], "passed", "passed"),
        ([phase("setup")], "", "no test ran"),
    ],
)
def test_a_board_counts_each_outcome_as_what_it_is(
    phases: list[Phase], word: str, verdict: str
) -> None:
    (row,) = ledger_of(*phases).boards()
    counts = {name: count for name, count in row.items() if isinstance(count, int) and count}
    assert counts == ({word: 1} if word else {})
    assert row["verdict"] == verdict
