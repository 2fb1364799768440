"""Show settings to people (each value with its origin) and to editors (a JSON Schema)."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_karatos.settings import kinds
from pytest_karatos.settings.keys import KEYS, Key, Tree, tree
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.sizes import spelled

Row = tuple[str, str, str]


def explain(settings: Settings) -> list[Row]:
    """List every value that is set as (key, value, origin), in the order of the documentation."""
    names = sorted(settings.values, key=_rank)
    return [
        (name, _spelled(_key_of(name), settings.values[name]), settings.origins[name])
        for name in names
    ]


def _rank(name: str) -> tuple[int, str, int]:
    """Order by table, then by the name within the table (a board's), then by key."""
    key = _key_of(name)
    table, star, _ = key.name.partition("*")
    first = next(place for place, one in enumerate(KEYS) if one.name.startswith(table))
    inner = name.removeprefix(table).split(".", maxsplit=1)[0]
    return (first, inner, KEYS.index(key)) if star else (KEYS.index(key), "", 0)


def _key_of(name: str) -> Key:
    return next(key for key in KEYS if _pattern(key.name).fullmatch(name))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", ".+"))


def _spelled(key: Key, value: object) -> str:
    if key.kind is kinds.SIZE and isinstance(value, int):
        return spelled(value)
    if key.kind is kinds.ADDRESS and isinstance(value, int):
        return hex(value)
    if key.kind is kinds.RULES and isinstance(value, tuple):
        return f"{len(value)} rules"
    if isinstance(value, tuple):
        return ", ".join(repr(str(one)) for one in value)
    return str(value) if isinstance(value, Path | bool | int | float) else repr(value)


def schema() -> dict[str, object]:
    """Return the JSON Schema of karatos.toml, made from the table of keys."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "karatos.toml, the settings of pytest-karatos",
        **_table_schema(tree()),
    }


def _table_schema(table: Tree) -> dict[str, object]:
    named = {name: _schema_of(spot) for name, spot in table.items() if name != "*"}
    rest = _schema_of(table["*"]) if "*" in table else False
    return {"type": "object", "properties": named, "additionalProperties": rest}


def _schema_of(spot: Tree | Key) -> Mapping[str, object]:
    if not isinstance(spot, Key):
        return _table_schema(spot)
    default = list(spot.default) if isinstance(spot.default, tuple) else spot.default
    shown = {} if default is None else {"default": default}
    text = f"{spot.help}: {spot.same_as}" if spot.same_as else spot.help
    return {"description": text, **spot.kind.schema, **shown}
