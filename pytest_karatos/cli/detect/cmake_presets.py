"""The configure presets of a CMake tree: those that a person may name, and where each builds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_karatos.cli.detect.text import read

_FILE = "CMakePresets.json"
_MOST, _DEEPEST = 50, 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A configure preset and the folder of its build, in the tree."""

    name: str
    folder: str


def presets_of(tree: Path) -> list[Preset]:
    """List the presets that can be named; one whose folder cannot be told is left out."""
    known = dict(_read(tree, _FILE))
    found = []
    for name, one in list(known.items())[:_MOST]:
        folder = _place(_inherited(one, "binaryDir", known), name)
        if not one.get("hidden") and folder:
            found.append(Preset(name=name, folder=folder))
    return found


def _read(tree: Path, name: str, deep: int = 0) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        data = json.loads(read(tree / name) or "{}")
    except (ValueError, RecursionError):
        return []
    if not isinstance(data, dict) or deep > _DEEPEST:
        return []
    found = []
    for one in _list(data.get("include")):
        if isinstance(one, str) and "$" not in one:
            found += _read(tree, one, deep + 1)
    presets = (one for one in _list(data.get("configurePresets")) if isinstance(one, dict))
    return found + [(str(one.get("name")), one) for one in presets if one.get("name")]


def _inherited(
    preset: Mapping[str, Any], word: str, known: Mapping[str, Mapping[str, Any]], deep: int = 0
) -> object:
    """Return what a preset says, or the first of those that it inherits from."""
    if word in preset or deep > _DEEPEST:
        return preset.get(word)
    above = preset.get("inherits")
    for name in [above] if isinstance(above, str) else _list(above):
        found = _inherited(known.get(str(name), {}), word, known, deep + 1)
        if found is not None:
            return found
    return None


def _place(folder: object, name: str) -> str:
    """Return a build folder as a path in the tree; '' where it is elsewhere."""
    if folder is None:
        return ""
    place = str(folder).replace("${sourceDir}/", "").replace("${presetName}", name)
    usual = not ("$" in place or place.startswith(("/", "..")) or set(place) & set("\"'\n ;&|"))
    return place.strip("/") if usual else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
