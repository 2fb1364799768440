"""Budgets that limited nothing, because no test asked for them or nobody measured their figure."""

from collections.abc import Iterable

from pytest_karatos.measurement import Budget, When, metric
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import TestRecord, UnjudgedFacts

_WHY = {
    When.ELF: "no test called budget.check(firmware)",
    When.REPEAT: "no test called budget.check(firmware)",
    When.LIVE: "no test booted a machine by the fixtures",
    When.BOOT: "no test booted a machine by the fixtures",
}
_OF_A_HOOK = "no pytest_karatos_measurement returned a figure of that name"


def unjudged(ledger: Ledger, budgets: Iterable[Budget]) -> list[UnjudgedFacts]:
    """Find the budgets of the boards that were tested which no verdict bears the name of."""
    return [
        _facts(one, test)
        for one in budgets
        if (test := _tested(ledger, one)) is not None and not _judged(ledger, one)
    ]


def is_unknown(one: UnjudgedFacts) -> bool:
    """Tell whether the budget is for a figure that the plugin does not know itself."""
    return metric(one["name"]) is None


def _tested(ledger: Ledger, budget: Budget) -> TestRecord | None:
    """Return the first test that had a firmware which the budget limits."""
    return next((test for test in ledger.tests if test["firmware"] and _of(budget, test)), None)


def _of(budget: Budget, test: TestRecord) -> bool:
    names, profiles = {test["arch"], test["board"]}, {"", test["profile"]}
    return budget.arch in names and budget.profile in profiles


def _judged(ledger: Ledger, budget: Budget) -> bool:
    names = (one["name"] for test in ledger.tests if _of(budget, test) for one in test["verdicts"])
    return budget.metric in names


def _facts(budget: Budget, test: TestRecord) -> UnjudgedFacts:
    known = metric(budget.metric)
    why = _WHY[known.when] if known else _OF_A_HOOK
    return {
        "name": budget.metric,
        "board": test["board"],
        "profile": test["profile"],
        "origin": budget.origin,
        "why": f"{budget.origin}: budget '{budget.metric}' judged nothing: {why}.",
    }
