"""The boards and profiles that a test runs on, from the settings and the test's marker."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting, KaratosError
from pytest_karatos.firmwares import Wish
from pytest_karatos.pytest_plugin.timings import wanted_of
from pytest_karatos.settings import (
    TEST_KEYS,
    FirmwareSpec,
    Selection,
    Settings,
    matching,
    unknown,
    vary,
)
from pytest_karatos.settings.suggest import short_repr

#: The marker's words: what a test is for and built with, and what its board says otherwise.
MARKER_WORDS = (
    *("arch", "board", "profile", "firmware", "binary", "elf", "features", "boots", "must_pass"),
    *TEST_KEYS,
)
#: Those of them that choose among the machines of a run.
_WHERE = ("arch", "board", "profile", "firmware", "binary")
#: The mark of a test that no chosen board fits; it is deselected, and pytest says how many.
UNFIT = "no-chosen-board"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A board with a profile, which is one column of a run, and the firmware that it boots."""

    board: Board
    profile: str
    #: The word of board and profile in a test id.
    column: str = ""
    #: The name of a ``[firmware.NAME]``, and one of the binaries that its build makes.
    firmware: str = ""
    binary: str = ""
    #: Which of how many parts of a test's timings, from 0.
    part: tuple[int, int] = (0, 1)

    @property
    def part_id(self) -> str:
        """The word of its part in a test id, ``part1of2``; empty for one that is whole."""
        number, of = self.part
        return f"part{number + 1}of{of}" if of > 1 else ""

    @property
    def id(self) -> str:
        """Its words in a test id: ``arm``, ``arm-examples-idle``."""
        return "-".join(filter(None, (self.column, self.firmware, self.binary, self.part_id)))

    def parts(self, of: int) -> "list[Target]":
        """Return it in so many parts."""
        return [replace(self, part=(number, of)) for number in range(of)]


#: What a test runs on, once it has asked for its firmware: one that asks late has no parameter.
TARGET: pytest.StashKey[Target] = pytest.StashKey()


def marker_values(node: pytest.Item) -> dict[str, Any]:
    """Merge a test's ``karatos`` marks, the nearest last.

    :raises UnknownName: for a word that the marker does not have.
    :raises BadSetting: for a value without a word.
    """
    merged: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("karatos"))):
        if mark.args:
            raise BadSetting(
                f"{_origin(node)}: {short_repr(mark.args[0])} has no word.",
                fix=f"write karatos(arch={mark.args[0]!r}), or another of "
                f"{', '.join(MARKER_WORDS)}",
            )
        merged.update(mark.kwargs)
        for word in mark.kwargs.keys() - set(MARKER_WORDS):
            raise unknown("word", word, MARKER_WORDS, origin=_origin(node))
    return merged


def _origin(node: pytest.Item) -> str:
    return f"marker karatos of {node.nodeid.partition('[')[0]}"


def as_tuple(value: object, origin: str = "marker karatos") -> tuple[str, ...]:
    """Read ``"a"``, ``"a,b"`` or ``["a", "b"]`` as a tuple of words.

    :raises BadSetting: for anything else.

    >>> as_tuple("arm,riscv"), as_tuple(["arm"]), as_tuple(None)
    (('arm', 'riscv'), ('arm',), ())
    """
    if value is None:
        return ()
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise BadSetting(f"{origin}: a text or a list of texts is wanted, not {short_repr(value)}.")
    return tuple(str(word).strip() for word in given if str(word).strip())


#: Lists the binaries of a firmware for a board and profile; it may have to be built for that.
Binaries = Callable[[FirmwareSpec, Board, str], tuple[str, ...]]


def targets(settings: Settings, node: pytest.Item, binaries: Binaries) -> list[Target]:
    """List the targets that the settings chose and the test's marker allows.

    A marker's ``profile`` replaces the profiles of the run: the test needs that one. A firmware of
    many binaries is a target for each of them, or for those that the marker means.

    :raises UnknownName: for what nobody defined; what is known and not chosen is left out.
    """
    words = marker_values(node)
    origin = _origin(node)
    archs, boards, profiles, firmwares, wanted = (
        as_tuple(words.get(word), origin)
        for word in ("arch", "board", "profile", "firmware", "binary")
    )
    selection = Selection(archs=archs, boards=boards, profiles=profiles, firmwares=firmwares)
    found: list[Target] = []
    for spec, board, profile in selection.targets(settings, origin=origin):
        target = Target(board=board, profile=profile, firmware=spec.name)
        target = replace(target, column=column_of(target, settings, words))
        if not (wanted or (spec.is_family and "elf" not in words)):
            found.append(target)
            continue
        names = _named(wanted) or matching(binaries(spec, board, profile), wanted)
        if not names:
            raise BadSetting(
                f"{origin}: no binary of firmware '{spec.name}' on '{board.id}' is meant by "
                f"{', '.join(wanted) or spec.origin}."
            )
        found += [replace(target, binary=one) for one in matching(names, settings.binaries)]
    return found


_LATE = (
    "it asks for its machine only while it runs: by request.getfixturevalue, as a step of "
    "pytest-bdd, or as a unittest.TestCase."
)
_NAME_IT = (
    'let the test name a fixture itself: def test_x(board), or @pytest.mark.usefixtures("board"); '
)


def only_target(settings: Settings) -> Target:
    """Return the one target of a run.

    :raises BadSetting: where there are several, or one of many binaries.
    """
    found = [
        Target(board=board, profile=profile, firmware=spec.name)
        for spec, board, profile in Selection().targets(settings, origin="the run")
        if not spec.is_family
    ]
    found = [replace(one, column=column_of(one, settings, {})) for one in found]
    if len(found) == 1 and not any(one.is_family for one in _specs(settings)):
        return found[0]
    named = ", ".join(one.id for one in found) or "each of many binaries"
    raise BadSetting(
        f"nobody knows which machine this test means; it may be {named}.",
        why=_LATE,
        fix=_NAME_IT + "a TestCase runs on one at a time, as with --arch=arm",
    )


def _specs(settings: Settings) -> list[FirmwareSpec]:
    return [one for one in settings.firmwares if one.name in settings.by_default]


def require_given(node: pytest.Item) -> None:
    """Refuse a marker that says where to run, on a test that was given its machine too late.

    :raises BadSetting: since the marker is read when tests are collected.
    """
    given = getattr(node, "callspec", None)
    words = [one for one in marker_values(node) if one in _WHERE]
    if words and (given is None or "karatos_target" not in given.params):
        raise BadSetting(f"{_origin(node)}: {words[0]} comes too late.", why=_LATE, fix=_NAME_IT)


def _named(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that a marker says outright; () where a pattern is among them."""
    return () if set("*?[") & set("".join(wanted)) else wanted


def wish_of(node: pytest.Item, target: Target) -> Wish:
    """Return the firmware that a test asks for by its target and its marker."""
    words = marker_values(node)
    return Wish(
        board=target.board,
        profile=target.profile,
        features=tuple(sorted(as_tuple(words.get("features"), _origin(node)))),
        name=target.firmware,
        binary=target.binary,
        elf=str(words.get("elf", "")),
    )


def varied(settings: Settings, node: pytest.Item, board: Board) -> Board:
    """Return ``board`` with what the test's marker says of it.

    :raises BadSetting: for a value that cannot be.
    """
    words = marker_values(node)
    own = {word: words[word] for word in TEST_KEYS if word in words}
    return vary(settings, board, own, origin=_origin(node))


def column_of(target: Target, settings: Settings, words: dict[str, Any]) -> str:
    """Return ``arm``, or ``arm-release`` when more than one profile is in play."""
    several = len(settings.profiles) > 1 or bool(words.get("profile"))
    return f"{target.board.id}-{target.profile}" if several else target.board.id


def base_of(nodeid: str, target_id: str) -> str:
    """Return a test's id without its target, so that two boards' runs of it have one name.

    >>> base_of("test_x.py::test_a[arm]", "arm"), base_of("t.py::test_b[1-arm-x]", "arm")
    ('test_x.py::test_a', 't.py::test_b[1-x]')
    """
    head, bracket, inside = nodeid.partition("[")
    if not bracket:
        return nodeid
    words = f"-{inside.removesuffix(']')}-".replace(f"-{target_id}-", "-", 1).strip("-")
    return f"{head}[{words}]" if words else head


def whole(nodeid: str, target: Target) -> str:
    """Return a test's id without its part of the timings."""
    return nodeid.replace(f"-{target.part_id}]", "]") if target.part_id else nodeid


def names(nodeid: str, word: str) -> bool:
    """Tell whether ``word`` stands among the parameters in a test's id, alone between hyphens.

    >>> names("t.py::test_one[3-arm-fast]", "arm"), names("test_arm.py::test_arm[charm]", "arm")
    (True, False)
    """
    return f"-{word}-" in f"-{nodeid.partition('[')[2].rpartition(']')[0]}-"


def parametrize(
    metafunc: pytest.Metafunc, settings: Settings, binaries: Binaries, workers: int = 1
) -> None:
    """Give a test its targets; one whose timings are explored has a part for each of ``workers``.

    :raises CollectError: for a marker that cannot be: the test shall not vanish.
    """
    node = metafunc.definition
    try:
        found = targets(settings, node, binaries)
        if workers > 1 and wanted_of(node, settings).is_wanted:
            found = [part for one in found for part in one.parts(workers)]
        for board in settings.boards[:1]:
            varied(settings, node, board)
    except KaratosError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    values: list[Any] = [pytest.param(one, id=one.id) for one in found]
    metafunc.parametrize(
        "karatos_target", values or [pytest.param(None, id=UNFIT)], indirect=True, scope="session"
    )


def fits_a_board(item: pytest.Item) -> bool:
    """Tell whether a chosen board fits the test."""
    callspec = getattr(item, "callspec", None)
    return callspec is None or callspec.params.get("karatos_target", item) is not None


def uses_board(item: pytest.Item) -> bool:
    """Tell whether a test runs on a board."""
    return "karatos_target" in getattr(item, "fixturenames", ())
