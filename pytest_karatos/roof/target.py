"""Decide which boards and profiles a test runs on, from the settings and the test's marker."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_karatos.board import Board
from pytest_karatos.settings import Settings

MARKER_WORDS = ("arch", "board", "profile", "features", "timeout", "expect_exit")
#: The mark of a test that no chosen board fits; it is deselected, and pytest says how many.
UNFIT = "no-chosen-board"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A board with a profile: one column of a run."""

    board: Board
    profile: str
    #: Its word in a test id.
    id: str = ""


def words_of(node: pytest.Item) -> dict[str, Any]:
    """Merge a test's ``karatos`` marks, the nearest last.

    :raises pytest.UsageError: for a word that the marker does not have.
    """
    merged: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("karatos"))):
        merged.update(mark.kwargs)
        for word in mark.kwargs.keys() - set(MARKER_WORDS):
            raise pytest.UsageError(
                f"the marker karatos({word}=...) is not known. Known: {', '.join(MARKER_WORDS)}."
            )
    return merged


def as_words(value: object) -> tuple[str, ...]:
    """Read ``"a"``, ``"a,b"`` or ``["a", "b"]`` as a tuple of words.

    >>> as_words("arm,riscv"), as_words(["arm"]), as_words(None)
    (('arm', 'riscv'), ('arm',), ())
    """
    if value is None:
        return ()
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise pytest.UsageError(f"the marker karatos wants a string or a list, not {value!r}.")
    return tuple(str(word).strip() for word in given if str(word).strip())


def targets(settings: Settings, words: dict[str, Any]) -> list[Target]:
    """List the targets that the settings chose and the marker allows; a marker can name more.

    A marker's ``profile`` replaces the profiles of the run: the test needs that one.
    """
    archs, boards = as_words(words.get("arch")), as_words(words.get("board"))
    profiles = as_words(words.get("profile")) or settings.profiles
    return [
        Target(board=board, profile=profile)
        for board in settings.chosen
        if (not archs or board.arch in archs) and (not boards or board.name in boards)
        for profile in profiles
    ]


def id_of(target: Target, settings: Settings, words: dict[str, Any]) -> str:
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


def names(nodeid: str, word: str) -> bool:
    """Tell whether ``word`` stands among the parameters in a test's id, alone between hyphens.

    >>> names("t.py::test_one[3-arm-fast]", "arm"), names("test_arm.py::test_arm[charm]", "arm")
    (True, False)
    """
    return f"-{word}-" in f"-{nodeid.partition('[')[2].rpartition(']')[0]}-"


def parametrize(metafunc: pytest.Metafunc, settings: Settings) -> None:
    """Give a test its targets."""
    words = words_of(metafunc.definition)
    found = [replace(one, id=id_of(one, settings, words)) for one in targets(settings, words)]
    values: list[Any] = [pytest.param(one, id=one.id) for one in found]
    metafunc.parametrize(
        "karatos_target", values or [pytest.param(None, id=UNFIT)], indirect=True, scope="session"
    )


def is_fit(item: pytest.Item) -> bool:
    """Tell whether a chosen board fits the test."""
    callspec = getattr(item, "callspec", None)
    return callspec is None or callspec.params.get("karatos_target", item) is not None


def is_ours(item: pytest.Item) -> bool:
    """Tell whether a test runs on a board."""
    return "karatos_target" in getattr(item, "fixturenames", ())
