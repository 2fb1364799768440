"""The cases of tests on the target as tests of their own, in every report.

They are known when their test runs, too late for items of their own, and a worker of pytest-xdist
may report only on its items. So they travel on their test's report, as plain values, and where the
reports are told to all plugins, on the controller, three phases of each case are told besides.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import pytest

from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import TooLittle
from pytest_karatos.pytest_plugin import outcome
from pytest_karatos.report.shape import CaseFacts
from pytest_karatos.settings import Settings
from pytest_karatos.target_tests import Case, TargetTests

CASES: pytest.StashKey[list[CaseFacts]] = pytest.StashKey()
_BAD = ("failed", "unfinished")


def target_tests_of(
    item: pytest.Item, machine: Machine, settings: Settings
) -> Iterator[TargetTests]:
    """Give a test what runs the cases of ``machine``, and see that it is used.

    :raises TooLittle: nobody has asked what became of them.
    """
    item.stash[CASES] = []
    watch, known = machine.board.watch, settings.dialects
    named = [one for one in known if one.name == watch.dialect and one.tells_of_cases]

    def note(cases: Sequence[Case]) -> None:
        item.stash[CASES] = [_facts(one) for one in cases]

    tests = TargetTests(machine.console, named or known, note, timeout=watch.timeout_seconds)
    yield tests
    if not tests.was_run:
        raise TooLittle(
            "`target_tests` judges nothing by itself.", fix="let the test say target_tests.run()"
        )


def _facts(case: Case) -> CaseFacts:
    told = "it was announced, and never finished: " if case.state == "unfinished" else ""
    return {"name": case.name, "state": case.state, "message": f"{told}{case.message}"}


def case_reports(report: pytest.TestReport) -> Iterator[pytest.TestReport]:
    """Give the reports of the cases that the test of ``report`` has noted."""
    facts: Any = vars(report).get("karatos") or {}
    if report.when != "call" or str(report.outcome) == "rerun":
        return
    for case in facts.get("cases", ()):
        bad = case["state"] in _BAD
        if bad and hasattr(report, "wasxfail"):
            state: Literal["passed", "failed", "skipped"] = "skipped"
        else:
            state = "failed" if bad else "skipped" if case["state"] == "skipped" else "passed"
        phases: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")
        for when in phases:
            yield _report(report, case, when, state if when == "call" else "passed", facts)


def _with(case: CaseFacts, name: str) -> str:
    """Return the name of a test with that of its case in it, before the parameters."""
    head, bracket, parameters = name.partition("[")
    return f"{head}::{case['name']}{bracket}{parameters}"


def _report(
    parent: pytest.TestReport,
    case: CaseFacts,
    when: Literal["setup", "call", "teardown"],
    state: Literal["passed", "failed", "skipped"],
    facts: dict[str, Any],
) -> pytest.TestReport:
    file, line, name = parent.location
    one = pytest.TestReport(
        nodeid=_with(case, parent.nodeid),
        location=(file, line, _with(case, name)),
        keywords={},
        outcome=state,
        longrepr=None,
        when=when,
    )
    if state == "skipped":
        one.longrepr = (file, line or 0, f"Skipped: {case['message']}")
        if hasattr(parent, "wasxfail"):
            vars(one)["wasxfail"] = vars(parent)["wasxfail"]
    elif state == "failed":
        one.longrepr = outcome.as_failure(case["message"])
    same = {key: facts[key] for key in ("target", "board", "arch", "profile") if key in facts}
    test = f"{facts['test']}::{case['name']}" if "test" in facts else one.nodeid
    vars(one)["karatos"] = {**same, "test": test}
    return one
