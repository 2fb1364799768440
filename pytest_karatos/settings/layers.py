"""Layers of settings: values checked against the table of keys, each with its origin."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.keys import KEYS, RENAMED, Key
from pytest_karatos.settings.kinds import IMAGE, NAME, BadItem
from pytest_karatos.settings.lookup import Tree, by_name, tree
from pytest_karatos.settings.suggest import did_you_mean, short_repr, unknown
from pytest_karatos.settings.toml import Document

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A checked value and the place it came from."""

    #: What type it has is decided by the key's kind.
    value: Any
    origin: str
    #: The key as it was written, where that is another spelling.
    spelled: str = ""


#: What one source gave, or several merged: a key's path -> value.
Layer = Mapping[KeyPath, Given]


def given(path: KeyPath, raw: object, origin: str, *, key: Key, base: Path | None = None) -> Given:
    """Check ``raw`` and note its ``origin``; a path becomes absolute, relative to ``base``.

    :raises BadItem: for an item of a list; who read the list knows where that is.
    :raises BadSetting: saying what was expected. :raises UnknownName: for a word not in its set.
    """
    try:
        value = key.kind.check(raw)
    except BadItem:
        raise
    except ValueError as no:
        if key.kind.choices is not None and isinstance(raw, str):
            known = key.kind.choices
            raise unknown(known.name, raw, known.words, origin=origin) from no
        detail = f" ({no})" if str(no) else ""
        words = key.kind.choices or key.kind.words
        raise BadSetting(
            f"{origin}: {_dotted(path)} must be {words}, not {short_repr(raw)}{detail}."
        ) from no
    if key.kind.path and base is not None:
        value = (
            tuple(_absolute(one, base) for one in value)
            if isinstance(value, tuple)
            else _absolute(str(value), base)
        )
    elif key.kind is IMAGE and base is not None:
        value = _image(str(value), base)
    return Given(value, origin)


def _dotted(path: KeyPath) -> str:
    # A name in the path may be anything at all, control characters included.
    return ".".join(part if NAME.fullmatch(part) else short_repr(part) for part in path)


def _absolute(text: str, base: Path) -> Path:
    path = Path(text)
    try:
        path = path.expanduser()
    except RuntimeError:  # no such user: then it is a folder whose name starts with ~
        path = base / path
    return base / path


def _image(text: str, base: Path) -> str:
    """Tell a folder, which becomes absolute and keeps a slash behind it, from an image's name."""
    is_folder = text.endswith("/") or text.startswith(("/", "./", "../", "~"))
    found = _absolute(text, base)
    return f"{found}/" if text and (is_folder or (found / "Dockerfile").is_file()) else text


def from_document(document: Document, base: Path) -> dict[KeyPath, Given]:
    """Check a settings file against the table of keys.

    :raises BadSetting: for an unknown key or a wrong value, with file and line.
    """
    layer: dict[KeyPath, Given] = {}
    for path, key, raw in _leaves(document, document.data, tree(), ()):
        target = by_name()[key.same_as].path if key.same_as else path
        if target in layer:
            raise BadSetting(
                f"{document.origin(path)}: {'.'.join(path)} is another spelling of "
                f"{'.'.join(target)}, which {layer[target].origin} sets already."
            )
        try:
            one = given(path, raw, document.origin(path), key=key, base=base)
        except BadItem as no:
            where = document.origin((*path, str(no.index)))
            raise BadSetting(f"{where}: {_dotted(path)}, item {no.index + 1}: {no}") from no
        layer[target] = replace(one, spelled=".".join(path) if key.same_as else "")
    return layer


def _leaves(
    document: Document, data: Mapping[str, object], known: Tree, above: KeyPath
) -> Iterator[tuple[KeyPath, Key, object]]:
    for name, raw in data.items():
        path = (*above, name)
        spot = known.get(name, known.get("*"))
        if isinstance(spot, Mapping) and not isinstance(raw, dict):
            spot = spot.get("", spot)
        if isinstance(spot, Key):
            yield path, spot, raw
        elif spot is not None and isinstance(raw, dict):
            yield from _leaves(document, raw, spot, path)
        else:
            raise _misplaced(document, path, raw, known)


def _misplaced(document: Document, path: KeyPath, raw: object, known: Tree) -> BadSetting:
    where, name = document.origin(path), path[-1]
    if now := RENAMED.get(".".join(path)):
        return BadSetting(
            f"{where}: {'.'.join(path)} is called {now} now.",
            fix=f"write {now.rpartition('.')[2]} in [{now.rpartition('.')[0]}]",
        )
    words = [word for word in known if word not in {"*", ""}]
    if name in words or ("*" in known and not words):
        return BadSetting(f"{where}: {_dotted(path)} must be a table, not {short_repr(raw)}.")
    inside = f" in [{_dotted(path[:-1])}]" if path[:-1] else ""
    return BadSetting(
        f"{where}: unknown key {short_repr(name)}{inside}.{did_you_mean(name, words)}",
        fix=f"keys known there: {', '.join(words)}",
    )


def defaults() -> dict[KeyPath, Given]:
    """Return the defaults that stand in the table of keys itself."""
    return {
        key.path: Given(key.default, "default")
        for key in KEYS
        if key.default is not None and "*" not in key.path
    }


def at(values: Layer, name: str) -> Given:
    """Return what the dotted key ``name`` (without ``*``) holds."""
    return values[by_name()[name].path]
