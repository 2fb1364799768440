"""The firmwares that settings name, each with its boards: those of the run, built and watched so.

``[firmware.NAME]`` says what is different from ``[build]`` and from the boards' own words.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_karatos.binaries import BINARY
from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.boards import names_in, require_name, varied_board
from pytest_karatos.settings.layers import Given, Layer
from pytest_karatos.settings.record import FirmwareSpec
from pytest_karatos.settings.suggest import short_repr, unknown


def firmwares_of(values: Layer, boards: tuple[Board, ...], root: Path) -> tuple[FirmwareSpec, ...]:
    """Make the firmwares: the general one first, then each ``[firmware.NAME]``.

    :raises BadSetting: for a name that cannot be part of a test's id.
    :raises UnknownName: for an arch or a board that nobody defined.
    """
    named = (_firmware(values, name, boards, root) for name in names_in(values, "firmware"))
    return (FirmwareSpec(boards=boards), *named)


def _firmware(values: Layer, name: str, boards: tuple[Board, ...], root: Path) -> FirmwareSpec:
    said = {path[2]: one for path, one in values.items() if path[:2] == ("firmware", name)}
    origin = next(iter(said.values())).origin
    require_name(name, origin, "a name for a firmware; it becomes part of test ids")
    own = tuple(_value(said, "binaries"))
    expected = said["expected"].value if "expected" in said else ""
    _require_places(said, own, expected)
    return FirmwareSpec(
        name=name,
        boards=tuple(
            _recognisable(varied_board(values, one, name, root), _ready_made(values, name))
            for one in _fitting(said, boards)
        ),
        features=tuple(_value(said, "features")),
        binaries=own,
        expected=expected,
        origin=origin,
    )


def _ready_made(values: Layer, name: str) -> str:
    """Return the place of the ELFs that somebody else built; '' where they are built here."""
    places = (("build", "prebuilt", name), ("firmware", name, "prebuilt"))
    return next((str(values[one].value) for one in places if one in values), "")


def _recognisable(board: Board, prebuilt: str) -> Board:
    """Let the recipe say that there are many, where nothing but the ready-made ELFs' place does."""
    many = BINARY in prebuilt and BINARY not in board.build.elf
    return with_elf(board, BINARY) if many else board


def _value(said: Mapping[str, Given], word: str) -> Any:  # noqa: ANN401 - by the key's kind
    return said[word].value if word in said else ()


def _require_places(said: Mapping[str, Given], own: tuple[str, ...], expected: str) -> None:
    """Refuse a place that does not say which part of it is the name."""
    if expected and BINARY not in expected:
        raise BadSetting(
            f"{said['expected'].origin}: expected {short_repr(expected)} has no {BINARY}.",
            fix=f'write expected = "expected/{BINARY}.txt"',
        )
    for one in own:
        if BINARY not in one and set("*?[/") & set(one):
            raise BadSetting(
                f"{said['binaries'].origin}: {short_repr(one)} is not the name of a binary.",
                fix=f'name each, or the files that tell them: binaries = "examples/{BINARY}.rs"',
            )


def _fitting(said: Mapping[str, Given], boards: tuple[Board, ...]) -> Iterator[Board]:
    """Yield the boards that a firmware is for; what it does not say is no restriction."""
    known = {"arch": {one.arch for one in boards}, "board": {one.name for one in boards}}
    for word, names in known.items():
        for wanted in _value(said, word):
            if wanted not in names:
                raise unknown(word, wanted, sorted(names), origin=said[word].origin)
    archs, names = _value(said, "arch"), _value(said, "board")
    for board in boards:
        if (not archs or board.arch in archs) and (not names or board.name in names):
            yield board


def by_default(values: Layer, firmwares: Iterable[FirmwareSpec]) -> tuple[str, ...]:
    """Return the firmwares of a test that names none: those that were chosen, else the general one.

    Where only ``[firmware.NAME]`` tables say what is built, it is each of them.

    :raises UnknownName: for a chosen one that nobody defined.
    """
    named = [one.name for one in firmwares if one.name]
    chosen = values.get(("run", "firmware"))
    if chosen:
        for word in chosen.value:
            if word not in named:
                raise unknown("firmware", word, named, origin=chosen.origin)
        return tuple(dict.fromkeys(chosen.value))
    general = (values.get(("build", word)) for word in ("command", "elf"))
    if not named or any(one and one.origin != "default" for one in general):
        return ("",)
    return tuple(named)


def firmware_named(firmwares: Iterable[FirmwareSpec], name: str, origin: str) -> FirmwareSpec:
    """Find a firmware.

    :raises UnknownName: when there is none of that name.
    """
    known = {one.name: one for one in firmwares}
    if name not in known:
        raise unknown("firmware", name, [one for one in known if one], origin=origin)
    return known[name]


def matching(names: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the names that one of the patterns means; all where there is none.

    >>> matching(["idle", "init", "shared"], ["i*"])
    ('idle', 'init')
    """
    wanted = tuple(patterns)
    return tuple(
        one for one in names if not wanted or any(fnmatchcase(one, each) for each in wanted)
    )


def with_elf(board: Board, elf: str) -> Board:
    """Return ``board`` with its ELF in another place of the tree."""
    return dataclasses.replace(board, build=dataclasses.replace(board.build, elf=elf))
