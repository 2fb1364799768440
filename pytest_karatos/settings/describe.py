"""Settings described for people (values, reference page) and for editors (JSON Schema)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pytest_karatos.settings import kinds
from pytest_karatos.settings.keys import KEYS, Key
from pytest_karatos.settings.lookup import Tree, tree
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.sizes import format_size

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
        return format_size(value)
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
    named = {name: _schema_of(spot) for name, spot in table.items() if name not in {"*", ""}}
    rest = _schema_of(table["*"]) if "*" in table else False
    found: dict[str, object] = {"type": "object", "properties": named, "additionalProperties": rest}
    return {"anyOf": [_schema_of(table[""]), found]} if "" in table else found


def _schema_of(spot: Tree | Key) -> Mapping[str, object]:
    if not isinstance(spot, Key):
        return _table_schema(spot)
    default = list(spot.default) if isinstance(spot.default, tuple) else spot.default
    short_repr = {} if default is None else {"default": default}
    text = f"{spot.help}: {spot.same_as}" if spot.same_as else spot.help
    return {"description": text, **spot.kind.schema, **short_repr}


_INTRO = """\
# Settings

Made from the table of keys; do not edit. `make reference` writes it again.

A setting is looked for in this order, the last one found wins: the defaults below, the firmware
tree's own `build/configs/global.toml` (as karatOS has it), `karatos.toml` or `[tool.karatos]` in
`pyproject.toml`, the environment, pytest's ini file (`karatos_WORD` for the flag
`--karatos-WORD`), the command line. `pytest --karatos-settings` prints every value with its origin.

A relative path is meant from the folder of the file that says it. Sizes are numbers of bytes or
texts as `"24 KiB"`. Editors complete the file with `karatos.schema.json`, which is in the package.
"""
_ABOUT = {
    "config": "Said on a command line or in the environment only.",
    "firmware": "One table a firmware of the tree, with what is different from `[build]`, "
    "`[console]` and `[run]`. With `{binary}` in `elf` one build makes many.",
    "boards": "One table a board. A new board is this and nothing else; the packaged ones can be "
    "changed key by key.",
    "targets": "What all boards of an arch share.",
    "budget": "Limits on what is measured: `[budget.arm]` for every profile, "
    "`[budget.arm.release]` for one; a board's name in place of the arch is more specific. "
    "Any other name is a figure of `pytest_karatos_measurement`.",
    "baseline": "Figures that were accepted, in a file of your repository: see "
    "[hold what you measure to what it was](../how-to/baselines.md). A name is a figure; its value "
    "is how much worse it may be.",
    "dialects": "A dialect is a list of `{ kind, pattern }`: see "
    "[teach it how your RTOS talks](../how-to/dialects.md).",
}
_HEAD = ("key", "what for", "value", "default", "flag", "environment")


def markdown() -> str:
    """Return the whole page.

    >>> "| `build.source` | the firmware's tree |" in markdown()
    True
    """
    names = dict.fromkeys(key.path[0] for key in KEYS)
    tables = (_section(name, [key for key in KEYS if key.path[0] == name]) for name in names)
    return "\n".join([_INTRO, *tables])


def _section(name: str, keys: Iterable[Key]) -> str:
    about = [_ABOUT[name], ""] if name in _ABOUT else []
    rows = [_row(_HEAD), _row(["---"] * len(_HEAD)), *(_row(_cells(key)) for key in keys)]
    return "\n".join([f"## `{name}`", "", *about, *rows, ""])


def _cells(key: Key) -> Iterator[str]:
    yield f"`{key.name.replace('*', 'NAME')}`"
    yield f"another spelling of `{key.same_as}`" if key.same_as else key.help
    yield key.kind.words
    yield _default(key)
    yield f"`{key.flag}`" if key.typed else ""
    yield f"`{key.env}`" if key.env else ""


def _default(key: Key) -> str:
    value = key.default
    if value is None:
        return ""
    if key.kind is kinds.SIZE and isinstance(value, int):
        return f"`{format_size(value)}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one!r}`" for one in value) or "none"
    return f"`{value!r}`" if isinstance(value, str) else f"`{_plain(value)}`"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
