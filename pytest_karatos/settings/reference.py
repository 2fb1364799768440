"""Write the table of keys as a page for people: ``docs/reference/settings.md``."""

from collections.abc import Iterable, Iterator

from pytest_karatos.settings import kinds
from pytest_karatos.settings.keys import KEYS, Key
from pytest_karatos.settings.sizes import spelled

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
    "boards": "One table a board. A new board is this and nothing else; the packaged ones can be "
    "changed key by key.",
    "targets": "What all boards of an arch share.",
    "budget": "Limits on sizes: `[budget.arm]` for every profile, `[budget.arm.release]` for one; "
    "a board's name in place of the arch is more specific.",
    "dialects": "A dialect is a list of `{ kind, pattern }`.",
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
        return f"`{spelled(value)}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one!r}`" for one in value) or "none"
    return f"`{value!r}`" if isinstance(value, str) else f"`{_plain(value)}`"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
