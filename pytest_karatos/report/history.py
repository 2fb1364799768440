"""The rows of the history that a ledger makes, and a history as text, JSON and a drawing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from pytest_karatos.history import FigureRow, Point, RunRow, TestRow
from pytest_karatos.report.shape import FirmwareFacts, LedgerFacts
from pytest_karatos.text import aligned, printable

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH, _HEIGHT, _MARGIN = 640, 120, 24
Series = Mapping[tuple[str, ...], Sequence[Point]]


def row_of(ledger: LedgerFacts) -> RunRow:
    """Return what is kept of a run."""
    run = ledger["run"]
    revisions = {one["revision"] for one in ledger["firmwares"].values() if one["revision"]}
    return RunRow(
        id=f"{run['started']} {run['id']}",
        started=run["started"],
        seconds=run["seconds"],
        exit_status=run["exit_status"],
        revision=revisions.pop() if len(revisions) == 1 else "",
        figures=(*_of_firmwares(ledger), *_of_tests(ledger)),
        tests=tuple(
            TestRow(
                test=one["test"],
                target=one["target"],
                outcome=one["outcome"],
                seconds=one["seconds"],
                reruns=one["reruns"],
            )
            for one in ledger["tests"]
        ),
    )


def _of_firmwares(ledger: LedgerFacts) -> Iterator[FigureRow]:
    for firmware in ledger["firmwares"].values():
        for one in firmware["measurements"]:
            yield FigureRow(
                board=firmware["board"],
                profile=firmware["profile"],
                firmware=_name(firmware),
                test="",
                name=one["name"],
                value=one["value"],
                unit=one["unit"],
                toolchain=firmware["toolchain"],
            )


def _of_tests(ledger: LedgerFacts) -> Iterator[FigureRow]:
    for test in ledger["tests"]:
        made = ledger["firmwares"].get(test["firmware"])
        boots = [one for boot in test["boots"] for one in boot["measurements"]]
        for one in (*test["measurements"], *boots):
            yield FigureRow(
                board=test["board"],
                profile=test["profile"],
                firmware=_name(made) if made else "",
                test=test["test"],
                name=one["name"],
                value=one["value"],
                unit=one["unit"],
                toolchain=made["toolchain"] if made else "",
            )


def _name(firmware: FirmwareFacts) -> str:
    words = [firmware["name"], firmware["binary"], *(f"+{one}" for one in firmware["features"])]
    return " ".join(filter(None, words))


def title(key: tuple[str, ...]) -> str:
    """Name a figure in one line.

    >>> title(("virt", "debug", "", "t.py::test_a", "stack"))
    'virt debug t.py::test_a stack'
    """
    return printable(" ".join(filter(None, key)))


def sparkline(values: Sequence[float]) -> str:
    """Draw values as letters of a height.

    >>> sparkline([1, 1, 2, 5])
    '▁▁▂█'
    """
    low, high = min(values), max(values)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0
    return "".join(_BARS[int((value - low) * scale)] for value in values)


def as_text(series: Series) -> str:
    """Write a line for each figure: how it went, what it was first and last."""
    rows = [
        (
            title(key),
            sparkline([one.value for one in points]),
            f"{points[0].value:,g}",
            f"{points[-1].value:,g}",
            f"{points[-1].value - points[0].value:+,g} {points[-1].unit}".rstrip(),
            f"{len(points)} runs",
        )
        for key, points in series.items()
    ]
    return "\n".join(
        aligned([("figure", "", "first", "last", "change", ""), *rows], right=(2, 3, 4))
    )


def as_json(series: Series) -> str:
    """Write all points."""
    return json.dumps(
        [
            {
                **dict(zip(("board", "profile", "firmware", "test", "name"), key, strict=True)),
                "unit": points[-1].unit,
                "points": [
                    {
                        "run": one.run,
                        "started": one.started,
                        "revision": one.revision,
                        "value": one.value,
                    }
                    for one in points
                ],
            }
            for key, points in series.items()
        ],
        indent=1,
    )


def as_svg(series: Series) -> str:
    """Draw a small chart for each figure, one below the other; no script, no server."""
    charts = [_chart(key, points, at) for at, (key, points) in enumerate(series.items())]
    height = len(charts) * (_HEIGHT + _MARGIN) + _MARGIN
    drawn = "\n".join(charts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _MARGIN} {height}" '
        f'font-family="sans-serif" font-size="12">\n{drawn}\n</svg>\n'
    )


def _chart(key: tuple[str, ...], points: Sequence[Point], row: int) -> str:
    values = [one.value for one in points]
    low, high = min(values), max(values)
    top = row * (_HEIGHT + _MARGIN) + _MARGIN
    across = _WIDTH / max(1, len(points) - 1)
    up = (_HEIGHT - 2 * _MARGIN) / (high - low) if high > low else 0.0
    places = [
        (_MARGIN + at * across, top + _HEIGHT - _MARGIN - (one.value - low) * up)
        for at, one in enumerate(points)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(_dot(x, y, one) for (x, y), one in zip(places, points, strict=True))
    span = f"{low:,g} to {high:,g} {points[-1].unit}"
    return (
        f'<text x="{_MARGIN}" y="{top}">{escape(title(key))}: {escape(printable(span))}</text>'
        f'<polyline fill="none" stroke="#0550ae" points="{line}"/>{dots}'
    )


def _dot(x: float, y: float, point: Point) -> str:
    said = f"{point.revision or point.run}: {point.value:,g} {point.unit}"
    title = f"<title>{escape(printable(said))}</title>"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0550ae">{title}</circle>'
