"""Causes of failures: one broken build is one line, not forty."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_karatos.report.shape import TestRecord
from pytest_karatos.text import printable

#: Outcomes that make a run red.
BAD = ("failed", "error", "crashed")
_BUILD = re.compile(r"building '(?P<title>[^']*)' failed")
_FIGURE = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One cause in one line, and the tests (as the ledger keeps them) that it broke."""

    message: str
    tests: tuple[TestRecord, ...]

    @property
    def names(self) -> dict[str, list[str]]:
        """The tests by name, each with the targets it fails on, in the ledger's order."""
        found: dict[str, list[str]] = {}
        for test in self.tests:
            targets = found.setdefault(str(test["test"]), [])
            if test["target"] and test["target"] not in targets:
                targets.append(str(test["target"]))
        return found


def causes(tests: Iterable[TestRecord]) -> list[Cause]:
    """Return the causes of all red tests; the one that broke most comes first.

    One cause is: the same failed build; the same words (figures apart) at the same line of a test;
    for what went wrong outside a test's body, the same words.
    """
    groups: dict[tuple[object, ...], list[TestRecord]] = {}
    for test in tests:
        if test["outcome"] in BAD:
            groups.setdefault(_key(test), []).append(test)
    found = [Cause(message=_longest(tests), tests=tuple(tests)) for tests in groups.values()]
    return sorted(found, key=lambda cause: -len(cause.tests))


def _longest(tests: Sequence[TestRecord]) -> str:
    # A failed build is told at length to the one who asked first, whoever is reported first.
    return message_of(max(tests, key=lambda test: len(str(test["details"]))))


def _key(test: TestRecord) -> tuple[object, ...]:
    message = message_of(test)
    build = _BUILD.search(message)
    if build:
        return "build", build["title"]
    place = (test["file"], test["line"]) if test["outcome"] == "failed" else ()
    return _FIGURE.sub("#", message), *place


def message_of(test: TestRecord) -> str:
    r"""Return one line that says why a test is red, whatever its record holds.

    >>> message_of({"message": "", "details": "a\nE  boom\n", "outcome": "failed"})
    'E  boom'
    """
    for text in (test["message"], test["details"]):
        lines = [line.strip() for line in printable(str(text or "")).split("\n") if line.strip()]
        if lines:
            return lines[0] if text is test["message"] else lines[-1]
    return f"{test['outcome']}, and nobody said why"
