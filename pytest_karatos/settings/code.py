"""Take boards that code hands over as if a settings file had said them, with the same checks."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.layers import Given, KeyPath, Layer, from_document
from pytest_karatos.settings.toml import Document
from pytest_karatos.settings.words import shown

#: Gets the settings so far by dotted key, and says ``(who, {board name: its keys})``.
Boards = Callable[[Mapping[str, object]], Iterable[tuple[str, object]]]


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
            f"{who} returned {shown(value)}, which is no mapping of boards.",
            cure='return {"NAME": {"arch": "arm", "qemu": ["-machine", "..."]}}',
        )
    odd = [name for name in value if not isinstance(name, str)]
    if odd:
        raise BadSetting(f"{who} returned the key {shown(odd[0])}, which is no text.")
    return {
        name: _table(inner, who) if isinstance(inner, Mapping) else inner
        for name, inner in value.items()
    }
