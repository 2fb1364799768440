"""Runs as JSON lines, one each: what a CI can keep as a file and put together elsewhere."""

import json
import math
from dataclasses import asdict
from typing import Any

from pytest_karatos.errors import BadSetting
from pytest_karatos.history.rows import FigureRow, RunRow, TestRow
from pytest_karatos.text import printable

#: Raised when a reader of the lines would have to change.
_SCHEMA = 1


def as_line(run: RunRow) -> str:
    """Write one run.

    >>> of_line(as_line(RunRow(id="a", started="", seconds=1, exit_status=0))).id
    'a'
    """
    return json.dumps({"schema": _SCHEMA, **asdict(run)}, sort_keys=True)


def of_line(line: str) -> RunRow:
    """Read one run.

    :raises BadSetting: when the line is none.
    """
    try:
        return _run_of(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadSetting(
            f"a line is not that of a run: {printable(str(error))[:200]}.",
            why=f"it begins with {printable(line[:60])!r}.",
            fix="give a file that `python -m pytest_karatos history --export` wrote",
        ) from None


def _run_of(plain: dict[str, Any]) -> RunRow:
    if plain.pop("schema") != _SCHEMA:
        raise ValueError("another schema")
    figures = tuple(FigureRow(**one) for one in plain.pop("figures"))
    if not all(math.isfinite(one.value) for one in figures):
        raise ValueError("a figure that is not a number")
    tests = tuple(TestRow(**one) for one in plain.pop("tests"))
    return RunRow(**plain, figures=figures, tests=tests)
