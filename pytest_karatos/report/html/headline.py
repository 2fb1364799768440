"""The verdict of a run in words, and why each red test is red."""

import re
from collections import Counter
from collections.abc import Sequence

from pytest_karatos.report.html.links import anchor, row_anchor
from pytest_karatos.report.html.log import key_lines
from pytest_karatos.report.html.words import SIGNS, count, is_bad, outcome, time
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import TestRecord, View

#: Reasons that are listed; the matrix below has all of them.
_REASONS = 12
_QUOTED_ERROR = re.compile(r"^[ E>]{0,20}\| (.*\berror\b.*)$", re.MULTILINE | re.IGNORECASE)
#: What pytest's exit status means where it is more than "some tests failed".
_ENDINGS = {2: "the run was interrupted", 3: "pytest failed internally", 4: "pytest was misused"}


def headline(ledger: Ledger, red: Sequence[str] = ()) -> View:
    """Return ``state sign text detail reasons more``; ``text`` is the page's title as well.

    ``red`` is what was wrong beside the tests.
    """
    bad = [one for one in ledger.tests if is_bad(one)]
    state = "bad" if bad or red or _ending(ledger) else "good" if _passed(ledger) else "idle"
    reasons = _reasons(bad)
    return {
        "state": state,
        "sign": SIGNS[state],
        "text": "; ".join([*red[:1], _text(ledger)]),
        "detail": _detail(ledger),
        "reasons": reasons[:_REASONS],
        "more": len(reasons) - len(reasons[:_REASONS]),
    }


def _text(ledger: Ledger) -> str:
    total, passed, ending = len(ledger.tests), _passed(ledger), _ending(ledger)
    found = Counter(record["outcome"] for record in ledger.tests)
    words = [f"{found[word]} {told}" for word, told in _TOLD.items() if found[word]]
    if ending:
        words.insert(0, ending)
    if not total:
        return "; ".join([*words, "no test ran"])
    passing = f"{passed} of {count(total, 'test')} passed"
    if passed == total:
        passing = f"all {total} tests passed" if total > 1 else "the one test passed"
    return ", ".join([*words, passing])


_TOLD = {
    "failed": "failed",
    "crashed": "crashed",
    "error": "could not be set up or torn down",
    "xfailed": "failed as expected",
    "xpassed": "passed unexpectedly",
    "skipped": "skipped",
}


def _passed(ledger: Ledger) -> int:
    return sum(outcome(one["outcome"])["state"] == "good" for one in ledger.tests)


def _ending(ledger: Ledger) -> str:
    return _ENDINGS.get(int(ledger.run.get("exit_status") or 0), "")


def _detail(ledger: Ledger) -> str:
    run = ledger.run
    workers = int(run.get("workers") or 0)
    parts = [
        f"started {str(run.get('started', '')).replace('T', ' ').replace('Z', ' UTC')}",
        f"took {time(float(run.get('seconds') or 0))}",
        count(workers, "worker") if workers else "one process",
        count(sum(bool(one["ok"]) for one in ledger.builds), "firmware build"),
        str(run.get("id", "")),
    ]
    return " · ".join(part for part in parts if part.strip())


def _reasons(bad: list[TestRecord]) -> list[View]:
    """Put the boards on which one test ended alike into one entry, and what they say alike once."""
    found: dict[tuple[str, str], View] = {}
    for record in bad:
        reason = found.setdefault((record["test"], record["outcome"]), _reason(record))
        if record["target"] and record["target"] not in reason["targets"]:
            reason["targets"].append(record["target"])
        message, line = record["message"] or "no reason was given", _line(record)
        # Boards that failed at the same console line failed for the same reason.
        alike = reason["causes"].setdefault(line or message, {"message": message, "line": line})
        alike.setdefault("targets", []).append(record["target"])
    for reason in found.values():
        reason["targets"].sort()
    return list(found.values())


def _line(record: TestRecord) -> str:
    """Return the line that says most: the console's first fault, else the compiler's error."""
    quoted = _QUOTED_ERROR.findall(record["details"] or "")
    return next(iter([*key_lines(record["boots"], 1), *quoted]), "")


def _reason(record: TestRecord) -> View:
    return {
        **outcome(record["outcome"]),
        "test": record["test"],
        "anchor": anchor(record["test"]) if record["board"] else row_anchor(record["id"]),
        "targets": [],
        "causes": {},
    }
