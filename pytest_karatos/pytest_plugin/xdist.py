"""The order of tests under pytest-xdist: workers begin on different boards.

pytest lists all tests of a board before those of the next one. Plain ``--dist=load`` hands that
list out from its head: all workers begin with the first board and wait for its one build, and the
next board's build begins when they are through. With :class:`ByBoard` the workers begin on
different boards, and each goes on with the board that it has loaded.

Only the order changes. It is xdist's ``load`` in everything else: a worker whose board has no more
tests takes those of another, so none idles, and correctness never rests on it (builds are locked
and kept by content). It is left out when ``--dist`` or ``--maxschedchunk`` was typed.
``xdist_group`` marks would not do: with pytest 9.2 and pytest-xdist 3.8 ``--dist=loadgroup``
ignores them in silence (https://github.com/pytest-dev/pytest-xdist/issues/1386).

Import this module only where pytest-xdist is, and register ``Distribution(settings)`` on the
controller: :mod:`pytest_karatos.pytest_plugin.register` does.
"""

from collections import Counter
from functools import cached_property
from typing import Any

import pytest
from xdist.scheduler import LoadScheduling  # type: ignore[import-untyped]

from pytest_karatos.pytest_plugin.params import names
from pytest_karatos.settings import Settings


class Distribution:
    """The plugin that offers xdist our scheduler."""

    def __init__(self, settings: Settings) -> None:
        self._words = marker_values(settings)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401
        """Return our scheduler where the user left the choice open and there is one to make."""
        if len(self._words) < 2 or not is_open(config):  # noqa: PLR2004  # one is no choice
            return None
        return ByBoard(config, log, self._words)


def is_open(config: pytest.Config) -> bool:
    """Tell whether ``-n`` was given and nothing that says how tests are to be handed out."""
    # xdist turns the default "no" into "load" when -n is there; what was typed is in known_args.
    typed = config.known_args_namespace
    return (
        config.getoption("dist") == "load"
        and typed.dist == "no"
        and not typed.distload
        and typed.maxschedchunk is None
    )


def marker_values(settings: Settings) -> tuple[str, ...]:
    """Return the words that name a board and profile in a test's id, the longest first."""
    ids = {board.id for board in settings.chosen}
    full = {f"{board}-{profile}" for board in ids for profile in settings.profiles}
    words = full if len(settings.profiles) > 1 else ids
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def board_of(nodeid: str, words: tuple[str, ...]) -> str:
    """Return the word that names the board in a test's id, or nothing.

    >>> board_of("test_it.py::test_one[3-arm-fast]", ("riscv", "arm"))
    'arm'
    >>> board_of("test_arm.py::test_arm[charm]", ("riscv", "arm"))
    ''
    """
    return next((word for word in words if names(nodeid, word)), "")


class ByBoard(LoadScheduling):  # type: ignore[misc]  # xdist ships no types
    """xdist's ``load``, choosing which of the waiting tests a worker gets next."""

    def __init__(self, config: pytest.Config, log: Any, words: tuple[str, ...]) -> None:  # noqa: ANN401
        super().__init__(config, log)
        self._words = words
        self._board_of: dict[Any, str] = {}

    @cached_property
    def _boards(self) -> list[str]:
        """The board of each test, by the test's index."""
        return [board_of(nodeid, self._words) for nodeid in self.collection or []]

    def _send_tests(self, node: Any, num: int) -> None:  # noqa: ANN401  # xdist has few types
        waiting = Counter(self._boards[index] for index in self.pending)
        if waiting:
            chosen = self._choose(node, waiting)
            self.pending.sort(key=lambda index: self._boards[index] != chosen)
        super()._send_tests(node, num)

    def _choose(self, node: Any, waiting: Counter[str]) -> str:  # noqa: ANN401
        """Return the worker's board, or the one that has fewest workers, then most tests."""
        if self._board_of.get(node) not in waiting:
            workers = Counter(self._board_of[one] for one in self.nodes if one in self._board_of)
            self._board_of[node] = min(waiting, key=lambda one: (workers[one], -waiting[one]))
        return self._board_of[node]
