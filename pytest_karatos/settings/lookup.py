"""The table of settings, looked up: nested as a file nests it, by table, by name."""

from collections.abc import Mapping
from functools import cache

from pytest_karatos.settings.keys import KEYS, Key

#: The keys as nested tables: part of the name -> table, or the key itself. The key of what may be
#: a table or a plain value is in that table, below the empty name.
Tree = Mapping[str, "Tree | Key"]


@cache
def tree() -> Tree:
    """Return the keys of a settings file, nested as the file nests them."""
    top: dict[str, Tree | Key] = {}
    for key in KEYS:
        if key.in_file:
            table = top
            for part in key.path[:-1]:
                spot = table.setdefault(part, {})
                # Any name may be a limit or a profile's table: the limit's key goes below "".
                inner = {"": spot} if isinstance(spot, Key) else spot
                table[part] = inner
                table = inner  # type: ignore[assignment]
            table[key.path[-1]] = key
    return top


@cache
def keys_of(table: str) -> tuple[Key, ...]:
    """Return the keys of a table that have a field of their own in its record.

    >>> [key.word for key in keys_of("emulator")]
    ['launcher', 'inject', 'contained', 'readable', 'writable']
    """
    above = tuple(table.split("."))
    return tuple(key for key in KEYS if key.path[:-1] == above)


@cache
def by_name() -> Mapping[str, Key]:
    """Map dotted names to keys."""
    return {key.name: key for key in KEYS}
