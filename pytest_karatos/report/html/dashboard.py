"""The dashboard: a page about all runs of a history, without a server and without a script."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from pytest_karatos.history import Point, RunRow
from pytest_karatos.report.cause import BAD
from pytest_karatos.report.history import Series
from pytest_karatos.report.html.template import render, style
from pytest_karatos.report.shape import View

#: Where a run's own report is, by the run's folder name; empty where it has none.
LinkOf = Callable[[str], str]
#: The size of a chart, its margin, and points that get a mark of their own.
_WIDTH, _HEIGHT, _MARGIN, _MARKED = 320, 72, 6, 120
#: What is shown at most: a page must open, however long the history is.
_CHARTS, _TESTS, _SLOWEST = 300, 100, 15
_SHORT = 10


def dashboard(runs: Sequence[RunRow], series: Series, *, link_of: LinkOf, title: str) -> str:
    """Return the page about ``runs``, the oldest first, and the figures in them.

    >>> "<h1>blinky</h1>" in dashboard([], {}, link_of=lambda run: "", title="blinky")
    True
    """
    links = {one.id: link_of(_folder(one.id)) for one in runs}
    groups = _grouped(series)
    return render(
        "dashboard.jinja2",
        css=style(),
        title=title,
        runs=[_run(one, links[one.id]) for one in runs],
        green=sum(one.exit_status == 0 for one in runs),
        groups=[
            {"name": name, "charts": [_chart(label, points, links) for label, points in charts]}
            for name, charts in groups.items()
        ],
        left=max(0, len(series) - _CHARTS),
        seconds=_chart("seconds of a whole run", _durations(runs), links) if runs else None,
        tests=_troubled(runs, links),
        slowest=_slowest(runs),
    )


def _folder(run: str) -> str:
    """Return the name of a run's folder, which its id in the history ends with."""
    return run.rpartition(" ")[2]


def _run(one: RunRow, link: str) -> View:
    bad = sum(test.outcome in BAD for test in one.tests)
    is_green = one.exit_status == 0
    words = "green" if is_green else f"red, {bad} of {len(one.tests)} tests failed"
    return {
        "is_green": is_green,
        "link": link,
        "title": f"{one.started}, {one.revision[:_SHORT] or 'unknown revision'}: {words}",
    }


def _grouped(series: Series) -> Mapping[str, list[tuple[str, Sequence[Point]]]]:
    """Put the figures of one firmware on one board together; a test's own come behind."""
    found: dict[str, list[tuple[str, Sequence[Point]]]] = defaultdict(list)
    ordered = sorted(series.items(), key=lambda item: (item[0][:3], item[0][3] != "", item[0]))
    for (board, profile, firmware, test, name), points in ordered[:_CHARTS]:
        group = " ".join(filter(None, (board, profile, firmware)))
        found[group].append((f"{name}, {test}" if test else name, points))
    return found


def _durations(runs: Sequence[RunRow]) -> Sequence[Point]:
    return [
        Point(run=one.id, started=one.started, revision=one.revision, value=one.seconds, unit="s")
        for one in runs
    ]


def _chart(label: str, points: Sequence[Point], links: Mapping[str, str]) -> View:
    """Return a figure through the runs: its line, and a mark a point which says what it is."""
    values = [one.value for one in points]
    low, high = min(values), max(values)
    across = (_WIDTH - 2 * _MARGIN) / max(1, len(points) - 1)
    up = (_HEIGHT - 2 * _MARGIN) / (high - low) if high > low else 0.0
    places = [
        (f"{_MARGIN + at * across:.1f}", f"{_HEIGHT - _MARGIN - (one.value - low) * up:.1f}")
        for at, one in enumerate(points)
    ]
    marks = [
        {
            "x": x,
            "y": y,
            "title": f"{one.revision[:_SHORT] or one.started}: {_amount(one.value, one.unit)}",
            "link": links.get(one.run, ""),
        }
        for (x, y), one in zip(places, points, strict=True)
    ]
    change = points[-1].value - points[0].value
    return {
        "label": label,
        "width": _WIDTH,
        "height": _HEIGHT,
        "line": " ".join(f"{x},{y}" for x, y in places),
        "marks": marks[-_MARKED:],
        "last": _amount(points[-1].value, points[-1].unit),
        "change": f"{change:+,g}" if change else "",
        "is_worse": change > 0,
        "span": f"{_amount(low, '')} to {_amount(high, points[-1].unit)}",
    }


def _amount(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"
    return f"{number} {unit}".rstrip()


def _troubled(runs: Sequence[RunRow], links: Mapping[str, str]) -> list[View]:
    """List the tests that did not pass in each run: those of the last run first."""
    found: dict[tuple[str, str], list[View]] = defaultdict(list)
    for run in runs:
        for test in run.tests:
            found[test.test, test.target].append(
                {
                    "is_bad": test.outcome in BAD,
                    "is_again": test.reruns > 0,
                    "title": f"{run.started}: {test.outcome}"
                    + (f", run {test.reruns + 1} times" if test.reruns else ""),
                    "link": links[run.id],
                }
            )
    rows = [
        {
            "name": name,
            "target": target,
            "cells": cells,
            "bad": sum(one["is_bad"] for one in cells),
            "again": sum(one["is_again"] for one in cells),
        }
        for (name, target), cells in found.items()
    ]
    rows = [one for one in rows if one["bad"] or one["again"]]
    rows.sort(key=lambda one: (not one["cells"][-1]["is_bad"], -one["bad"] - one["again"]))
    return rows[:_TESTS]


def _slowest(runs: Sequence[RunRow]) -> list[View]:
    """List the tests of the last run that took longest."""
    tests = sorted(runs[-1].tests, key=lambda one: -one.seconds) if runs else []
    return [
        {"name": one.test, "target": one.target, "seconds": f"{one.seconds:,.2f} s"}
        for one in tests[:_SLOWEST]
    ]
