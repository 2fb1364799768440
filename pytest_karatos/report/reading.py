"""A ledger read from a file: it is what it says, or a sentence tells what is wrong.

The shape that is asked for is the one that is written: the records of :mod:`report.shape`.
"""

import json
import math
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from pytest_karatos.errors import BadSetting
from pytest_karatos.report.ledger import SCHEMA_VERSION
from pytest_karatos.report.shape import LedgerFacts
from pytest_karatos.text import printable

#: A ledger of a hundred megabytes is not a ledger.
LARGEST = 100 * 1024 * 1024


def read_ledger(path: Path) -> LedgerFacts:
    """Read what ``pytest --karatos-json=PATH`` wrote.

    :raises BadSetting: when it is no ledger, or one of another version.
    """
    try:
        with path.open("rb") as file:
            facts: LedgerFacts = _checked(json.loads(_bounded(file.read(LARGEST + 1))))
    except (OSError, ValueError, RecursionError) as no:
        raise BadSetting(
            f"{printable(str(path))} is not a ledger: {printable(str(no))[:200]}.",
            why="it says which tests ran, on what, and how they ended.",
            fix="name a file that `pytest --karatos-json=FILE` wrote",
        ) from None
    return facts


def _bounded(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} B")
    return data


def _checked(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(value, dict) or "schema" not in value:
        raise ValueError("it has no key 'schema'")
    if value["schema"] != SCHEMA_VERSION:
        raise ValueError(f"its schema is {value['schema']!r}, and this reads {SCHEMA_VERSION}")
    value.setdefault("coverage", [])  # it came later than the others
    if wrong := _wrong(value, LedgerFacts, "the ledger"):
        raise ValueError(wrong)
    return value


def _wrong(value: object, hint: Any, place: str) -> str:  # noqa: ANN401 - types have no type
    """Say where ``value`` is not as the type ``hint`` wants it; empty when it is."""
    if hint is Any:
        return ""
    if is_typeddict(hint):
        return _wrong_record(value, hint, place)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        found = [_wrong(value, one, place) for one in inner]
        return "" if "" in found else found[0]
    if origin is list:
        items = list(enumerate(value)) if isinstance(value, list) else None
        return _wrong_inside(items, inner[0], place, "a list")
    if origin is dict:
        items = list(value.items()) if isinstance(value, dict) else None
        return _wrong_inside(items, inner[1], place, "a table")
    return "" if _is(value, hint) else f"{place} is not {getattr(hint, '__name__', hint)}"


def _is(value: object, hint: type) -> bool:
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    return type(value) is hint


def _wrong_inside(items: list[Any] | None, hint: Any, place: str, what: str) -> str:  # noqa: ANN401
    if items is None:
        return f"{place} is not {what}"
    found = (_wrong(one, hint, f"{place}, {str(key)[:40]!r}") for key, one in items)
    return next((one for one in found if one), "")


def _wrong_record(value: object, hint: Any, place: str) -> str:  # noqa: ANN401
    if not isinstance(value, dict):
        return f"{place} is not a table"
    if lost := sorted(hint.__required_keys__ - value.keys()):
        return f"{place} has no key '{lost[0]}'"
    hints = get_type_hints(hint)
    found = (_wrong(value[k], one, f"{place}, {k!r}") for k, one in hints.items() if k in value)
    return next((one for one in found if one), "")
