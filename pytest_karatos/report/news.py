"""What a run means to people who did not watch it: red, green again, or grown, in three lines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.history import FigureRow, RunRow
from pytest_karatos.report.cause import BAD, causes
from pytest_karatos.report.comparison import Change
from pytest_karatos.report.history import row_of
from pytest_karatos.report.reading import read_ledger
from pytest_karatos.report.shape import LedgerFacts
from pytest_karatos.text import fitted, printable

RED, RECOVERY, REGRESSION = "red", "recovery", "regression"
#: Units of which more is worse, whatever is measured.
_WORSE_IF_MORE = ("B", "instructions")
#: Characters of a revision that tell it from others.
_SHORT = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """One message: its ``kind``, a ``title``, and the ``lines`` below it."""

    kind: str
    title: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A run that is over, the runs ``before`` it, and the growth in percent that is no news."""

    ledger: LedgerFacts
    before: Sequence[RunRow]
    grown_by: float = 0.0

    @property
    def where(self) -> str:
        """The revision of the sources, or else of the tests, as far as it is known."""
        return _revision(row_of(self.ledger).revision or self.ledger["run"].get("revision", ""))


def read_told(path: Path, runs: Sequence[RunRow], *, grown_by: float = 0.0) -> Told:
    """Read the ledger of a run that may be among ``runs``.

    :raises BadSetting: when there is none.
    """
    ledger = read_ledger(path)
    own = row_of(ledger)
    before = [one for one in runs if one.id != own.id and one.started <= own.started]
    return Told(ledger=ledger, before=before, grown_by=grown_by)


def unknown_end(error: BadSetting) -> News:
    """Return the news of a run that has left no ledger: that is not green."""
    return News(
        kind=RED,
        title="red: a run left no ledger",
        lines=(error.what, "It ended before it could say how its tests went: see its log."),
    )


def red(told: Told) -> News | None:
    """Return the news of a run that failed, with what broke most of its tests."""
    status, tests = told.ledger["run"].get("exit_status"), told.ledger["tests"]
    if status == 0:
        return None
    bad = sum(test["outcome"] in BAD for test in tests)
    found = causes(tests)
    why = f"no test failed; pytest ended with status {status}."
    if found:
        first, others = found[0], len(found) - 1
        names = ", ".join(
            f"{name} ({', '.join(targets)})" if targets else name
            for name, targets in first.names.items()
        )
        more = f"; and {others} more {_plural(others, 'cause')}" if others else ""
        why = f"{fitted(first.message, 300)} [{fitted(printable(names), 200)}]{more}"
    return News(
        kind=RED,
        title=f"red: {bad} of {len(tests)} {_plural(len(tests), 'test')} failed at {told.where}",
        lines=(why, _last_green(told.before)),
    )


def _last_green(before: Sequence[RunRow]) -> str:
    if not before:
        return "No run before it is known."
    for number, one in enumerate(reversed(before), 1):
        if one.exit_status == 0:
            ago = "The run before" if number == 1 else f"The last green run, {number} runs before,"
            return f"{ago} was at {_revision(one.revision)}, {one.started}."
    return f"The {len(before)} {_plural(len(before), 'run')} before it failed too."


def recovery(told: Told) -> News | None:
    """Return the news of a run that is green where the one before was not."""
    if told.ledger["run"].get("exit_status") != 0 or not told.before:
        return None
    last = told.before[-1]
    if last.exit_status == 0:
        return None
    bad = [one for one in last.tests if one.outcome in BAD]
    what = ", ".join(printable(one.test) for one in bad[:3]) or "no test"
    more = f" and {len(bad) - 3} more" if len(bad) > len(bad[:3]) else ""
    passed = sum(test["outcome"] == "passed" for test in told.ledger["tests"])
    return News(
        kind=RECOVERY,
        title=f"green again: {passed} of {len(told.ledger['tests'])} tests passed at {told.where}",
        lines=(
            f"In the run before, at {_revision(last.revision)}, there failed: {what}{more}.",
            _last_green(told.before),
        ),
    )


def regression(told: Told) -> News | None:
    """Return the news of a green run in which figures are larger than in the last green one."""
    greens = [one for one in told.before if one.exit_status == 0]
    if told.ledger["run"].get("exit_status") != 0 or not greens:
        return None
    last = greens[-1]
    grown = list(_grown(row_of(told.ledger).figures, last.figures, told.grown_by))
    if not grown:
        return None
    more = f"; and {len(grown) - 3} more" if len(grown) > len(grown[:3]) else ""
    compare = f"python -m pytest_karatos compare {_revision(last.revision)} {told.where}"
    return News(
        kind=REGRESSION,
        title=f"grown: {len(grown)} {_plural(len(grown), 'figure')} at {told.where}",
        lines=(
            "; ".join(grown[:3]) + more,
            f"Against {_revision(last.revision)}. What grew: {compare}",
        ),
    )


def _grown(now: Sequence[FigureRow], then: Sequence[FigureRow], percent: float) -> Iterator[str]:
    known = {_key(one): one.value for one in then}
    for one in now:
        before = known.get(_key(one))
        if one.unit not in _WORSE_IF_MORE or before is None:
            continue
        if one.value > before * (1 + percent / 100):
            change = Change(name=one.name, unit=one.unit, old=before, new=one.value)
            share = f" ({change.percent})" if change.percent else ""
            place = printable(" ".join(filter(None, (one.name, one.board, one.profile, one.test))))
            yield (
                f"{place}: {before:,.0f} to {one.value:,.0f} {one.unit}, "
                f"{change.delta:+,.0f}{share}"
            )


def _key(one: FigureRow) -> tuple[str, ...]:
    return one.board, one.profile, one.firmware, one.test, one.name, one.unit


def _revision(text: str) -> str:
    return printable(text)[:_SHORT] or "an unknown revision"


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


#: What may be news, by the word that asks for it: the first that there is, is told.
RULES: Mapping[str, Callable[[Told], News | None]] = {
    RED: red,
    RECOVERY: recovery,
    REGRESSION: regression,
}
