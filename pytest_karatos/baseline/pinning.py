"""What becomes of the baseline at the end of a run: rows that are new, better, or accepted.

Only the controller does it, under a lock, on the file as it is by then: rows of figures that this
run did not measure stay as they are. A figure that a red test measured changes nothing.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock

from pytest_karatos.baseline import file, symbols
from pytest_karatos.baseline.file import Baseline
from pytest_karatos.baseline.judge import FigureFacts, amount_of, called, held, place_of
from pytest_karatos.baseline.row import Place, Row
from pytest_karatos.board import Board
from pytest_karatos.builders.cache import key_of
from pytest_karatos.errors import KaratosError
from pytest_karatos.settings import BaselineRules

#: As many figures are named in a line.
_NAMED = 3
#: As many that no test judged are told one by one.
_MOST = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A figure of the run; ``green`` is whether all is well with whoever measured it."""

    figure: FigureFacts
    green: bool
    judged: bool

    @property
    def place(self) -> Place:
        """Its place in the baseline."""
        return place_of(self.figure)


@dataclass(kw_only=True, slots=True)
class Ending:
    """What is said at the end: ``lines`` in any case, ``red`` where the run cannot be green."""

    lines: list[str] = field(default_factory=list)
    red: list[str] = field(default_factory=list)
    #: The rows to write.
    rows: dict[Place, Row] = field(default_factory=dict)


def gather(figures: Iterable[tuple[FigureFacts, str, str]]) -> list[Seen]:
    """Fold the figures of all tests, each with its test's id and outcome.

    Of an ELF's figure all tests count that used it, of a test's its own.
    """
    found: dict[Place, list[tuple[FigureFacts, str]]] = {}
    for figure, _, outcome in figures:
        found.setdefault(place_of(figure), []).append((figure, outcome))
    return [
        Seen(
            figure=some[-1][0],
            green=_is_green([outcome for _, outcome in some])
            and len({one["value"] for one, _ in some}) == 1,
            judged=any(one["judged"] for one, _ in some),
        )
        for some in found.values()
    ]


def _is_green(outcomes: list[str]) -> bool:
    return "passed" in outcomes and set(outcomes) <= {"passed", "skipped", "xfailed"}


def conclude(seen: Iterable[Seen], known: Baseline, rules: BaselineRules) -> Ending:
    """Decide what is recorded, said and refused; nothing is written yet."""
    ending, better, new = Ending(), list[str](), list[str]()
    for one in seen:
        row = known.rows.get(one.place)
        value, unit = one.figure["value"], one.figure["unit"]
        if row is None:
            if one.green and math.isfinite(value):
                new.append(called(one.place))
                ending.rows[one.place] = _row(one)
            continue
        ok, _, why = held(row, value, unit, rules)
        if not one.judged and not ok and not (rules.update and rules.reason):
            ending.red.append(f"{why}; no test asked budget.check(firmware).")
        if row.unit != unit or value == row.value:
            continue
        if value < row.value and not rules.update:
            better.append(f"{called(one.place)} {amount_of(value - row.value, unit)}")
        elif one.green and (value < row.value or rules.reason) and rules.update:
            reason = rules.reason if value > row.value else ""
            ending.rows[one.place] = replace(_row(one), reason=reason)
            told = f"pinned anew: {called(one.place)}, {amount_of(value - row.value, unit)}"
            ending.lines.append(f"{told}{': ' if reason else ''}{reason}")
    ending.lines[:0] = [*_recorded(new, rules), *_better(better)]
    ending.red[_MOST:] = (
        [f"... and {more} more figures are worse"] if (more := len(ending.red[_MOST:])) else []
    )
    return ending


def _recorded(new: list[str], rules: BaselineRules) -> Iterator[str]:
    if new:
        yield f"baseline: {len(new)} recorded in {rules.path.name}: {_some(new)}"


def _better(better: list[str]) -> Iterator[str]:
    if better:
        yield f"better than the baseline (--karatos-update-baseline pins it): {_some(better)}"


def _some(names: list[str]) -> str:
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join((*names[:_NAMED], *more))


def _row(one: Seen) -> Row:
    figure = one.figure
    build = key_of(*(f"{key}={figure['build'][key]}" for key in sorted(figure["build"])))[:12]
    return Row(place=one.place, value=figure["value"], unit=figure["unit"], build=build)


def missing(
    seen: Iterable[Seen], known: Baseline, rules: BaselineRules, tests: Iterable[tuple[str, str]]
) -> list[str]:
    """Say of which rows of tests nothing was measured although their test ran and was green.

    ``tests`` are the names of those tests, each with its board: a figure that is gone is judged no
    more.
    """
    green = set(tests)
    places = {one.place: one for one in seen}
    ran = {one.place.whose for one in seen}
    return [
        f"{called(place)} is in {rules.path.name} and was not measured, although its test ran."
        for place in sorted(known.rows)
        if place not in places
        and (place.test, place.board) in green
        and place.whose in ran
        and rules.tracks(place.measure)
    ]


def write(
    ending: Ending,
    seen: Iterable[Seen],
    rules: BaselineRules,
    boards: Mapping[str, Board],
    lock: Path,
) -> None:
    """Put the rows into the file as it is now, with what they were measured of.

    :raises BadSetting: when the file is no baseline any more.
    :raises OSError: when it cannot be written; what was there stays.
    """
    if not ending.rows:
        return
    figures = {one.place: one.figure for one in seen}
    with FileLock(lock):
        known = file.read(rules.path)
        builds = {row.build: figures[place]["build"] for place, row in ending.rows.items()}
        rows = {**known.rows, **ending.rows}
        rules.path.parent.mkdir(parents=True, exist_ok=True)
        file.write(rules.path, Baseline(rows=rows, builds={**known.builds, **builds}))
        if rules.symbols:
            _write_symbols(ending, figures, rules, boards)


def _write_symbols(
    ending: Ending,
    figures: Mapping[Place, FigureFacts],
    rules: BaselineRules,
    boards: Mapping[str, Board],
) -> None:
    known = dict(symbols.read(rules.symbols_path))
    # A figure of a test that is new says nothing of the ELF that the others were pinned with.
    elves = {
        place.whose: figures[place]["elf"]
        for place in ending.rows
        if not place.test or place.whose not in known
    }
    for whose, elf in elves.items():
        try:
            known[whose] = symbols.measured(Path(elf), boards[whose[1]])
        except (KaratosError, KeyError, OSError):  # then what grew is not known, and told so
            known.pop(whose, None)
    symbols.write(rules.symbols_path, known)
