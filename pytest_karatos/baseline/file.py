"""The baseline's file: JSON whose rows are sorted, one a line, so that git can merge it.

Rows end with an empty one: a new last row changes no other line. Where two branches changed the
same figure git leaves its marks, and reading says so.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.baseline.row import Place, Row
from pytest_karatos.errors import BadSetting

SCHEMA_VERSION = 1
_LARGEST = 64 * 1024 * 1024
_WORDS = ("firmware", "board", "profile", "test", "measure")


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """All rows by their place, and by its name what each was measured of."""

    rows: Mapping[Place, Row] = field(default_factory=dict)
    builds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read(path: Path) -> Baseline:
    """Read the file; an empty baseline where there is none.

    :raises BadSetting: for what is no baseline, with the line as far as that is known.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return Baseline()
    except OSError as error:
        raise _broken(path, f"cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise _broken(path, f"is larger than {_LARGEST:,} B")
    try:
        found = json.loads(data)
        rows = list(_rows(found["rows"])) if found["schema"] == SCHEMA_VERSION else None
        builds = {name: _texts(one) for name, one in found["builds"].items() if name}
    except json.JSONDecodeError as error:
        raise _broken(path, f"is no JSON in line {error.lineno}: {error.msg}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(path, f"is no baseline: {str(error)[:100]!r}") from None
    if rows is None:
        raise _broken(path, f"has schema {found['schema']!r}, which is not {SCHEMA_VERSION}")
    return Baseline(rows=_unique(path, rows), builds=builds)


def _rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    for one in filter(None, found):
        place = Place(**{word: str(one.get(word, "")) for word in _WORDS})
        value = one["value"]
        usual = isinstance(value, int | float) and not isinstance(value, bool)
        if not (usual and math.isfinite(value) and place.measure and place.board):
            raise ValueError(json.dumps(one))
        texts = {word: str(one.get(word, "")) for word in ("unit", "build", "reason")}
        yield Row(place=place, value=value, **texts)


def _texts(found: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()}


def _unique(path: Path, rows: list[Row]) -> dict[Place, Row]:
    found: dict[Place, Row] = {}
    for one in rows:
        if one.place in found:
            raise _broken(path, f"has two rows for {_line(one)}", "keep one of the two rows")
        found[one.place] = one
    return found


def _broken(path: Path, what: str, fix: str = "") -> BadSetting:
    return BadSetting(
        f"the baseline {path} {what}.",
        why="figures are held against it.",
        fix=fix or "correct it (after a merge: keep one side's rows), or restore it from git",
    )


def write(path: Path, baseline: Baseline) -> None:
    """Write the file in one step; builds that no row names are left out.

    :raises OSError: when it cannot be written; what was there stays.
    """
    rows = [baseline.rows[place] for place in sorted(baseline.rows)]
    named = {row.build for row in rows}
    lines = ["{", f'"schema": {SCHEMA_VERSION},', '"rows": [']
    lines += [f"{_line(row)}," for row in rows]
    lines += ["{}", "],", '"builds": {']
    lines += [
        f"{json.dumps(name)}: {json.dumps(dict(baseline.builds[name]))},"
        for name in sorted(baseline.builds)
        if name in named
    ]
    lines += ['"": {}', "}", "}"]
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())


def _line(row: Row) -> str:
    words = {word: getattr(row.place, word) for word in _WORDS}
    facts = {"value": row.value, "unit": row.unit, "build": row.build, "reason": row.reason}
    return json.dumps({key: value for key, value in (words | facts).items() if value != ""})
