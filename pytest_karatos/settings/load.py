"""Read every source of settings in order and make the one frozen record of a run."""

from collections.abc import Mapping
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.event import Dialect
from pytest_karatos.settings import toml
from pytest_karatos.settings.assemble import assemble, dialects_of
from pytest_karatos.settings.code import Boards, boards_from_code
from pytest_karatos.settings.karatos_tree import layer_of
from pytest_karatos.settings.layers import Given, KeyPath, defaults, from_document
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.spoken import from_environ, from_typed

_RESOURCES = Path(__file__).parent.parent / "resources"
_OWN_FILE = "karatos.toml"
_SHARED_FILE = "pyproject.toml"


def load(
    *,
    root: Path,
    environ: Mapping[str, str],
    typed: Mapping[str, object],
    boards: Boards | None = None,
) -> Settings:
    """Make the settings of a run: defaults < global.toml < karatos.toml < environment < typed.

    ``root`` is where karatos.toml or pyproject.toml is looked for, and what paths in the
    environment and in ``typed`` are relative to (hand over absolute ones for anything else).
    ``typed`` maps an option's word (``builder``, ``arch``) to its value; an ini value has the word
    with ``karatos_`` in front. ``boards`` is asked for further boards; it sees the values of all
    sources by dotted key, before anything is chosen, since what it says may be chosen.

    :raises BadSetting: for a key or value that cannot be, naming its place.
    :raises UnknownName: for an arch, board or dialect that nobody defined.

    >>> settings = load(root=Path("/nowhere"), environ={}, typed={"arch": "arm"})
    >>> [board.name for board in settings.chosen], settings.origins["run.arch"]
    (['lm3s6965evb'], '--arch')
    """
    spoken = from_environ(environ, root) | from_typed(typed, root)
    above = _from_file(root, spoken.get(("config",))) | spoken
    packaged = _packaged(environ)
    source = above.get(("build", "source"), Given(root, "default"))
    below = packaged | layer_of(Path(str(source.value)), packaged)
    values = below | above
    if boards is not None:
        values |= boards_from_code(values, boards, root)
    return assemble(root, values, _packaged_dialects())


def _packaged(environ: Mapping[str, str]) -> dict[KeyPath, Given]:
    document = toml.read(_RESOURCES / "defaults.toml", "defaults.toml")
    layer = from_document(document, _RESOURCES)
    cache = {("cache", "folder"): Given(_cache(environ), "default")}
    return defaults() | cache | {key: Given(one.value, "default") for key, one in layer.items()}


def _cache(environ: Mapping[str, str]) -> Path:
    # The XDG rule, read from the mapping we were given: nobody below the roof sees os.environ.
    folder = environ.get("XDG_CACHE_HOME", "")
    home = Path(environ.get("HOME") or "~").expanduser()
    return (Path(folder) if folder.startswith("/") else home / ".cache") / "pytest-karatos"


def _packaged_dialects() -> tuple[Dialect, ...]:
    path = _RESOURCES / "dialects.toml"
    return dialects_of(toml.read(path, path.name).data) if path.is_file() else ()


def _from_file(root: Path, config: Given | None) -> dict[KeyPath, Given]:
    """Read the settings file: the one that was named, else the one found in ``root``."""
    if config is not None:
        path = Path(str(config.value))
        if not path.is_file():
            raise BadSetting(f"{config.origin}: there is no settings file {path}.")
        document = _document(path, _name(path, root))
        return from_document(document, path.parent) if document else {}
    paths = [path for name in (_OWN_FILE, _SHARED_FILE) if (path := root / name).is_file()]
    found = [document for path in paths if (document := _document(path, path.name))]
    if len(found) > 1:
        raise BadSetting(
            f"{found[1].origin(())}: settings stand in {_OWN_FILE} and here, in [tool.karatos].",
            cure="keep one of the two",
        )
    return from_document(found[0], root) if found else {}


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _document(path: Path, name: str) -> toml.Document | None:
    document = toml.read(path, name)
    return toml.table(document, "tool", "karatos") if path.name == _SHARED_FILE else document
