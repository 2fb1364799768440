"""Decide a test's outcome from its phases, as pytest's own summary words it."""

from typing import Any

Facts = dict[str, Any]


def outcome_of(before: str, phase: Facts) -> str:
    """Return the outcome after ``phase``, where ``before`` is the outcome up to now.

    One of passed, failed, error, skipped, xfailed, xpassed, crashed, rerun; empty before the call.

    >>> outcome_of("", {"when": "setup", "outcome": "failed"})
    'error'
    >>> outcome_of("passed", {"when": "teardown", "outcome": "passed"})
    'passed'
    >>> outcome_of("", {"when": "???", "outcome": "failed"})
    'crashed'
    """
    when, outcome = phase["when"], phase["outcome"]
    if outcome == "rerun":
        return "rerun"
    if when not in ("setup", "call", "teardown"):
        return "crashed"
    if outcome == "skipped":
        return "xfailed" if phase.get("xfail") else "skipped"
    if when == "call":
        return "xpassed" if phase.get("xfail") and outcome == "passed" else str(outcome)
    if outcome == "failed":
        return before if before in ("failed", "crashed") else "error"
    return before
