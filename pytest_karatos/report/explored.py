"""Explored timings in reports: the sum over a test's parts, and a strip of points by function."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pytest_karatos.report.shape import ExploredFunctionFacts, TestRecord, View

#: Words and the page's state of a point's letter.
_STATES = {"g": ("pass", "good"), "r": ("fail", "bad"), "o": ("not explored", "idle")}
#: Functions, and pieces of one strip, that the page shows; the JSON has all.
_FUNCTIONS, _PIECES = 200, 400


def summed(tests: Sequence[TestRecord]) -> Iterator[str]:
    """Tell of each test whose timings several workers explored how many fail in all."""
    for (test, target), parts in _by_test(tests).items():
        if len(parts) > 1:
            red, tried, points = _counts(parts)
            yield (
                f"{test} [{target}]: {red:,} of {tried:,} timings fail; {tried:,} of {points:,} "
                f"points explored, in {len(parts)} parts"
            )


def strips(tests: Sequence[TestRecord]) -> list[View]:
    """Return a view of each explored test: its numbers, and ``rows``, one a function."""
    found = []
    for (test, target), parts in _by_test(tests).items():
        red, tried, points = _counts(parts)
        functions = _functions(parts)
        found.append(
            {
                "test": test,
                "target": target,
                "state": "bad" if red else "good",
                "text": f"{red:,} of {tried:,} timings fail; {tried:,} of {points:,} explored",
                "bound": parts[0]["explored"]["bound"],
                "rows": [_row(one) for one in functions[:_FUNCTIONS]],
                "more": max(0, len(functions) - _FUNCTIONS),
            }
        )
    return found


def _by_test(tests: Sequence[TestRecord]) -> dict[tuple[str, str], list[TestRecord]]:
    found: dict[tuple[str, str], list[TestRecord]] = {}
    for one in tests:
        if one.get("explored"):
            found.setdefault((one["test"], one["target"]), []).append(one)
    return found


def _functions(parts: Sequence[TestRecord]) -> list[ExploredFunctionFacts]:
    """Put together what several parts tell of a function; those that fail come first."""
    found: dict[str, ExploredFunctionFacts] = {}
    for part in parts:
        for one in part["explored"]["functions"]:
            row = found.setdefault(one["function"], {**one, "addresses": [], "states": ""})
            row["addresses"] = [*row["addresses"], *one["addresses"]]
            row["states"] += one["states"]
            row["notes"] = {**row["notes"], **one["notes"]}
    return sorted(found.values(), key=lambda row: "r" not in row["states"])


def _counts(parts: Sequence[TestRecord]) -> tuple[int, int, int]:
    """Return how many timings fail, were tried, and were to be tried."""
    states = "".join(one["states"] for part in parts for one in part["explored"]["functions"])
    return states.count("r"), len(states) - states.count("o"), len(states)


def _row(function: ExploredFunctionFacts) -> View:
    pieces, at = [], 0
    for letter, run in groupby(function["states"]):
        count = len(list(run))
        addresses = function["addresses"][at : at + count]
        words, state = _STATES[letter]
        notes = {function["notes"].get(one, "") for one in addresses} - {""}
        pieces.append(
            {
                "state": state,
                "count": count,
                "title": f"{addresses[0]} to {addresses[-1]}: {count} {words}"
                + "".join(f"; {note}" for note in sorted(notes)[:3]),
            }
        )
        at += count
    reds = function["states"].count("r")
    return {
        "function": function["function"] or "?",
        "count": len(function["states"]),
        "red": reds,
        "pieces": pieces[:_PIECES],
        "again": next((one for one in function["notes"].values() if one.startswith("at=")), ""),
    }
