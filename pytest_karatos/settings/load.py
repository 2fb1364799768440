"""The loading of settings: every source in its order, merged into one record."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pytest_karatos.errors import BadSetting
from pytest_karatos.nearest import OWN_FILE, SHARED_FILE, folder_with_settings
from pytest_karatos.settings import toml
from pytest_karatos.settings.karatos_tree import layer_of
from pytest_karatos.settings.layers import Given, KeyPath, Layer, defaults, from_document
from pytest_karatos.settings.overrides import from_cli, from_environ
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.resolve import Packaged, assemble, dialects_of, faults_of
from pytest_karatos.settings.shards import shard_of
from pytest_karatos.settings.suggest import short_repr
from pytest_karatos.settings.toml import Document

#: Gets the settings so far by dotted key, and says ``(who, {board name: its keys})``.
Boards = Callable[[Mapping[str, object]], Iterable[tuple[str, object]]]

_RESOURCES = Path(__file__).parent.parent / "resources"


def load(
    *,
    root: Path,
    environ: Mapping[str, str],
    typed: Mapping[str, object],
    boards: Boards | None = None,
) -> Settings:
    """Make the settings of a run: defaults < global.toml < karatos.toml < environment < typed.

    From ``root`` upwards karatos.toml or pyproject.toml is looked for, no further than the top of
    a repository. ``root`` is what paths in the environment and in ``typed`` are relative to (hand
    over absolute ones for anything else); paths in a file are relative to that.
    ``typed`` maps an option's word (``builder``, ``arch``) to its value; an ini value has the word
    with ``karatos_`` in front. ``boards`` is asked for further boards; it sees the values of all
    sources by dotted key, before anything is chosen, since what it says may be chosen.

    :raises BadSetting: for a key or value that cannot be, naming its place.
    :raises UnknownName: for an arch, board or dialect that nobody defined.

    >>> settings = load(root=Path("/nowhere"), environ={}, typed={"arch": "arm"})
    >>> [board.name for board in settings.chosen], settings.origins["run.arch"]
    (['lm3s6965evb'], '--arch')
    """
    spoken = from_environ(environ, root) | from_cli(typed, root)
    named = spoken.get(("config",))
    home = root if named else folder_with_settings(root) or root
    file = _from_file(home, named)
    above = file | spoken
    below = _packaged(environ, home)
    source = above.get(("build", "source"), Given(home, "default"))
    values = below | layer_of(Path(str(source.value)), below) | above
    if boards is not None:
        values |= boards_from_code(values, boards, root)
    settings = assemble(home, values, _packaged_tables(), declared=(file, spoken))
    return replace(settings, shard=shard_of(values, environ))


def packaged(environ: Mapping[str, str]) -> Settings:
    """Return the settings of a run for which nobody said anything, in a folder that has no tree."""
    return assemble(_RESOURCES, _packaged(environ, _RESOURCES), _packaged_tables())


def _packaged(environ: Mapping[str, str], root: Path) -> dict[KeyPath, Given]:
    document = toml.read(_RESOURCES / "defaults.toml", "defaults.toml")
    layer = from_document(document, _RESOURCES)
    cache = {("cache", "folder"): Given(_cache(environ, root), "default")}
    return defaults() | cache | {key: Given(one.value, "default") for key, one in layer.items()}


def _cache(environ: Mapping[str, str], root: Path) -> Path:
    # The XDG rule, read from the mapping we were given: only the top layer reads os.environ.
    folder = environ.get("XDG_CACHE_HOME", "")
    if folder.startswith("/"):
        return Path(folder) / "pytest-karatos"
    try:
        home = Path(environ.get("HOME") or "~").expanduser()
    except RuntimeError:  # a user without an entry, as in many containers
        return root / ".karatos" / "cache"
    return home / ".cache" / "pytest-karatos"


@cache
def _packaged_tables() -> Packaged:
    return Packaged(
        dialects=dialects_of(_resource("dialects.toml")), faults=faults_of(_resource("faults.toml"))
    )


def _resource(name: str) -> Mapping[str, Any]:
    return toml.read(_RESOURCES / name, name).data


def _from_file(root: Path, config: Given | None) -> dict[KeyPath, Given]:
    """Read the settings file: the one that was named, else the one found in ``root``."""
    if config is not None:
        path = Path(str(config.value))
        if not path.is_file():
            raise BadSetting(f"{config.origin}: there is no settings file {path}.")
        document = _document(path, _name(path, root))
        return from_document(document, path.parent) if document else {}
    paths = [path for name in (OWN_FILE, SHARED_FILE) if (path := root / name).is_file()]
    found = [document for path in paths if (document := _document(path, path.name))]
    if len(found) > 1:
        raise BadSetting(
            f"{found[1].origin(())}: {OWN_FILE} has settings too, and only one of them is read.",
            fix=f"move [tool.karatos] into {OWN_FILE}, or remove that file",
        )
    return from_document(found[0], root) if found else {}


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _document(path: Path, name: str) -> toml.Document | None:
    document = toml.read(path, name)
    return toml.table(document, "tool", "karatos") if path.name == SHARED_FILE else document


def boards_from_code(values: Layer, ask: Boards, base: Path) -> dict[KeyPath, Given]:
    """Ask for further boards; who answers later adds to, or changes, what came before.

    :raises BadSetting: for what ``[boards.NAME]`` in a settings file could not be either.
    """
    seen = {".".join(path): found.value for path, found in values.items()}
    layer: dict[KeyPath, Given] = {}
    for who, boards in ask(seen):
        document = Document(data={"boards": _table(boards, who)}, name=who, lines={})
        layer |= from_document(document, base)
    return layer


def _table(value: object, who: str) -> dict[str, object]:
    """Copy a mapping as TOML would have given it."""
    if not isinstance(value, Mapping):
        raise BadSetting(
            f"{who} returned {short_repr(value)}, not a mapping of boards.",
            fix='return {"NAME": {"arch": "arm", "qemu": ["-machine", "..."]}}',
        )
    odd = [name for name in value if not isinstance(name, str)]
    if odd:
        raise BadSetting(f"{who} returned the key {short_repr(odd[0])}, which is not a string.")
    return {
        name: _table(inner, who) if isinstance(inner, Mapping) else inner
        for name, inner in value.items()
    }
