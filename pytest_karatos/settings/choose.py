"""Choose the boards of a run from what ``--arch`` and ``--karatos-board`` said."""

from collections.abc import Iterable

from pytest_karatos.board import Board
from pytest_karatos.errors import UnknownName
from pytest_karatos.settings.karatos_tree import LOCATION
from pytest_karatos.settings.layers import Given, Layer
from pytest_karatos.settings.words import meant, shown, unknown

_ALL = "all"
#: Said by nobody in particular: it gives way when a board was picked by name.
_WEAK_ORIGINS = ("default", LOCATION)


def choose(values: Layer, boards: tuple[Board, ...]) -> tuple[Board, ...]:
    """Return the boards to test in their stable order.

    An arch means its default board; ``all`` (and nothing said) means every arch. Boards picked by
    name come on top, or alone when no arch was asked for.

    :raises UnknownName: for an arch or board that nobody defined.
    """
    archs = values.get(("run", "arch"), Given((_ALL,), "default"))
    names = values.get(("run", "board"))
    picked = _boards_named(names, boards) if names else set()
    if not (picked and archs.origin.startswith(_WEAK_ORIGINS)):
        picked |= _defaults_of(archs, boards)
    return tuple(board for board in boards if board.name in picked)


def _defaults_of(archs: Given, boards: tuple[Board, ...]) -> set[str]:
    known = list(dict.fromkeys(board.arch for board in boards))
    picked: set[str] = set()
    for word in archs.value:
        if word != _ALL and word not in known:
            raise _no_arch(word, archs.origin, known, boards)
        picked |= {one.name for one in boards if one.default and word in (_ALL, one.arch)}
    return picked


def _no_arch(word: str, origin: str, known: list[str], boards: Iterable[Board]) -> UnknownName:
    hint = meant(word, [*known, _ALL])
    if any(board.name == word for board in boards):
        hint = f" It is a board: --karatos-board={word}."
    return UnknownName(
        f"{origin}: no board has arch {shown(word)}.{hint} Known: {', '.join(known)}."
    )


def _boards_named(names: Given, boards: tuple[Board, ...]) -> set[str]:
    known = [board.name for board in boards]
    for word in names.value:
        if word not in known:
            raise unknown("board", word, known, origin=names.origin)
    return set(names.value)
