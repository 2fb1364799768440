"""The ledger folds phases into one record a test, whatever order and workers they come from."""

from typing import Any

import pytest

from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.text import table

ARM = {"test": "t.py::a", "target": "arm", "board": "lm3", "arch": "arm", "profile": "debug"}
FIRMWARE = {
    "key": "k1",
    "features": [],
    "builder": "local",
    "build_seconds": 2.0,
    "flash_bytes": 7536,
    "flash_limit": 16384,
    "ram_bytes": 412,
    "ram_limit": None,
}


def phase(when: str, outcome: str = "passed", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - facts are of any plain type
    return {"id": "t.py::a[arm]", "when": when, "outcome": outcome, "seconds": 1.0, **ARM, **more}


def ledger_of(*phases: dict[str, Any]) -> Ledger:
    ledger = Ledger()
    for one in phases:
        ledger.take(one)
    return ledger


def test_three_phases_are_one_test() -> None:
    phases = [phase("setup"), phase("call", firmware=FIRMWARE), phase("teardown", boots=[{"n": 1}])]
    (test,) = ledger_of(*phases).tests
    assert (test["outcome"], test["seconds"], test["firmware"]) == ("passed", 3.0, "k1")
    assert test["boots"] == [{"n": 1}]


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
def test_outcomes(phases: list[dict[str, Any]], outcome: str) -> None:
    (test,) = ledger_of(*phases).tests
    assert test["outcome"] == outcome
    assert bool(test["message"]) == (outcome not in ("xfailed", "xpassed"))


def test_a_rerun_takes_the_place_of_the_run_before_and_is_counted() -> None:
    first = [phase("setup"), phase("call", "rerun", message="x", boots=[{"n": 1}])]
    again = [phase("setup"), phase("call"), phase("teardown", boots=[{"n": 2}])]
    (test,) = ledger_of(*first, *first, *again).tests
    assert (test["outcome"], test["reruns"], test["boots"]) == ("passed", 2, [{"n": 2}])
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
