"""The coverage of a run as one HTML page: files with their figures, and their source."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_karatos.measure.branches import Ways
from pytest_karatos.measure.coverage import Coverage, FileCoverage, counts_of
from pytest_karatos.report.coverage.gather import Told, uncovered
from pytest_karatos.report.html.template import render, style
from pytest_karatos.report.shape import View

#: As much source is shown, of one file and of all, in bytes.
_LARGEST, _MOST = 1024 * 1024, 16 * 1024 * 1024
#: Tests that a line names.
_NAMED = 8
_BOTH = 2


def page(told: Told, source: Path) -> str:
    """Return the page; ``source`` is the firmware's tree."""
    everything = told.all
    left = _MOST
    files = []
    for name, one in sorted(everything.items()):
        text = _text(source, name, left)
        left -= len(text)
        files.append(_file(name, one, told, text))
    return render(
        "coverage.jinja2",
        style=style(),
        counts=told.counts,
        boots=told.boots,
        targets=[(name, counts_of(part)) for name, part in told.targets.items()],
        troubles=told.troubles,
        files=files,
    )


def _text(source: Path, name: str, left: int) -> str:
    """Read a file of the tree; empty where it is not there, is no file, or is too large."""
    path = source / name
    try:
        if not path.is_file() or path.stat().st_size > min(left, _LARGEST):
            return ""
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _file(name: str, one: FileCoverage, told: Told, text: str) -> View:
    numbers = sorted(one.lines)
    missed = [number for number in numbers if not one.lines[number]]
    return {
        "name": name,
        "counts": one.counts,
        "targets": [_percent(part, name) for part in told.targets.values()],
        "missed": uncovered(missed, numbers),
        "lines": list(_lines(one, text)),
        "functions": [called for (called, _), who in sorted(one.functions.items()) if not who],
    }


def _percent(part: Coverage, name: str) -> str:
    return f"{part[name].counts.percent:.1f} %" if name in part else "-"


def _lines(one: FileCoverage, text: str) -> Iterator[View]:
    for number, line in enumerate(text.splitlines(), 1):
        who = one.lines.get(number)
        state = "none" if who is None else "run" if who else "missed"
        named = sorted(who or ())[:_NAMED]
        more = len(who or ()) - len(named)
        ways = one.branches_of(number)
        said = "\n".join([*named, *([f"and {more} more"] if more else [])])
        yield {
            "number": number,
            "text": line,
            "state": state,
            "who": said,
            "hits": len(who or ()),
            "ways": _ways(ways),
            "half": any(branch.went < _BOTH for branch in ways),
        }


def _ways(branches: Sequence[Ways]) -> str:
    """Write how many of a line's ways were gone; empty where it has none.

    >>> _ways([Ways(taken={"t"}), Ways()])
    '1/4'
    """
    return f"{sum(one.went for one in branches)}/{2 * len(branches)}" if branches else ""
