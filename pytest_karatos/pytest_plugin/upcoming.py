"""The next test's machine, started while the present test has its own."""

import contextlib
import os
from collections.abc import Callable, Generator, Hashable

import pytest

from pytest_karatos.bench import Bench
from pytest_karatos.errors import KaratosError
from pytest_karatos.pytest_plugin import params
from pytest_karatos.settings import Settings

#: Variables that say which test runs: no emulator heeds them.
_OF_A_TEST = frozenset({"PYTEST_CURRENT_TEST"})


class Upcoming:
    """Knows which test comes next, and starts a machine as that one will boot it."""

    def __init__(self, settings: Settings, bench: Callable[[], Bench]) -> None:
        self._settings = settings
        self._bench = bench
        self._next: pytest.Item | None = None
        #: The test that the machine which waits was started for.
        self._started_for = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Learn what comes next; when a test is over, nothing waits for it any more."""
        self._next = nextitem
        try:
            return (yield)
        finally:
            self._next = None
            if self._started_for and (nextitem is None or nextitem.nodeid != self._started_for):
                self._bench().drop_ahead()
                self._started_for = ""

    def start(self, arguments: tuple[str, ...]) -> None:
        """Start the next test's machine, if it has one; ``arguments`` are those of this test's.

        What cannot be known yet is taken to be as in this test: what differs is found at the boot.
        """
        item, bench = self._next, self._bench()
        if item is None or "machine" not in getattr(item, "fixturenames", ()):
            return
        target = item.callspec.params.get("karatos_target") if hasattr(item, "callspec") else None
        if not isinstance(target, params.Target):
            return
        with contextlib.suppress(KaratosError):
            firmware = bench.built(params.wish_of(item, target))
            if firmware is not None:
                board = params.varied(self._settings, item, firmware.board)
                self._started_for = item.nodeid
                bench.start_ahead(firmware, board=board, arguments=arguments)


def surroundings() -> Hashable:
    """Return what a program that is started now takes over: the environment, and where we are."""
    environ = frozenset(one for one in os.environ.items() if one[0] not in _OF_A_TEST)
    return (environ, os.getcwd())  # noqa: PTH109 - a text is as good
