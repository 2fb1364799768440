"""The matrix of tests and boards: verdicts in a row, console logs side by side below it."""

import shlex

from pytest_karatos.report.html.links import Links, anchor, row_anchor
from pytest_karatos.report.html.log import boot_view, cost
from pytest_karatos.report.html.words import bounded, figures, is_bad, outcome, time, verdicts
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import TestRecord, View

#: Characters of console text and markup in one page, red tests first: it must open at once.
ALLOWANCE = 700_000
_DETAILS = 1_200
_Column = tuple[str, str, str]


def matrix(ledger: Ledger, links: Links, allowance: int = ALLOWANCE) -> View:
    """Return ``columns`` (arch, board, profile) and ``rows``, red ones first."""
    tests = sorted((one for one in ledger.tests if one["board"]), key=lambda one: not is_bad(one))
    columns = sorted({_column(one) for one in tests})
    short_repr = _shown(tests, allowance)
    # As in the run: test ids say the profile when several are chosen.
    profiles = ",".join(dict.fromkeys(one["profile"] for one in ledger.targets))
    rows: dict[str, View] = {}
    for record in tests:
        row = rows.setdefault(record["test"], _row(record, columns))
        place = columns.index(_column(record))
        row["cells"][place].append(
            _cell(record, links, short_repr=id(record) in short_repr, profiles=profiles)
        )
        row["open"] = row["open"] or is_bad(record)
    return {"columns": columns, "rows": list(rows.values())}


def _column(record: TestRecord) -> _Column:
    return record["arch"], record["board"], record["profile"]


def _shown(tests: list[TestRecord], allowance: int) -> set[int]:
    """Choose whose logs are in the page: as many as may be, in the order given."""
    chosen = set()
    for record in tests:
        allowance -= sum(cost(boot) for boot in record["boots"])
        if allowance < 0:
            break
        chosen.add(id(record))
    return chosen


def _row(record: TestRecord, columns: list[_Column]) -> View:
    path, bracket, parameters = record["test"].partition("[")
    file, _, name = path.partition("::")
    return {
        "anchor": anchor(record["test"]),
        "file": file,
        "name": f"{name}{bracket}{parameters}",
        "open": False,
        "cells": [[] for _ in columns],
    }


def _cell(record: TestRecord, links: Links, *, short_repr: bool, profiles: str) -> View:
    bad, boots = is_bad(record), record["boots"]
    return {
        **outcome(record["outcome"]),
        "time": time(record["seconds"]),
        "where": " ".join(_column(record)),
        "worker": record["worker"],
        "reruns": record["reruns"],
        "message": record["message"] or "",
        # What never booted has no console to show: the failure's own text says why.
        "details": bounded(_telling(record["details"] or ""), _DETAILS)
        if bad and not boots
        else "",
        "place": f"{record['file']}:{record['line']}" if record["file"] and record["line"] else "",
        "row": row_anchor(record["id"]) if bad else "",
        "again": _again(record, profiles) if bad else "",
        "boots": [boot_view(boot, links, short_repr=short_repr) for boot in boots],
        "figures": figures(record),
        "verdicts": verdicts(record),
    }


def _telling(details: str) -> str:
    r"""Leave out what pytest shows before the line that failed: the values of all arguments.

    >>> _telling("board = Board(...)\n\n>   assert x\nE   no")
    '>   assert x\nE   no'
    """
    return details[details.find("\n>") + 1 :]


def _again(record: TestRecord, profiles: str) -> str:
    flags = [f"--arch={record['arch']}", *([f"--karatos-profile={profiles}"] if profiles else [])]
    return shlex.join(["pytest", *flags, record["id"]])
