"""One machine's part of the tests: all are collected, those of the other parts are deselected.

Durations come from the history, read once by the controller; its workers are told, so that all
divide alike. What was divided, and how, is left in the run's folder for the ledger.
"""

import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.artifacts.files import write_json
from pytest_karatos.history import History
from pytest_karatos.pytest_plugin.outcome import origin_of, usage_error
from pytest_karatos.pytest_plugin.params import uses_board
from pytest_karatos.pytest_plugin.session import Session
from pytest_karatos.report.shape import ShardFacts
from pytest_karatos.settings import Settings
from pytest_karatos.shard import Shard, Task, divide, plan_of
from pytest_karatos.text import printable

_FILE = "shard.json"
#: What an item's durations are kept under: its id without the target, and the target.
_Timed = list[tuple[str, str, float]]


class Shards:
    """The plugin object of a run of one shard, on the controller and on its workers."""

    def __init__(self, config: pytest.Config, session: Session, shard: Shard) -> None:
        self._session = session
        self._shard = shard
        told = getattr(config, "workerinput", {}).get("karatos_timed")
        self._timed: _Timed = _timed(session.settings) if told is None else told

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401  # xdist may be absent
        """Tell a worker how long tests took: another run may add to the history meanwhile."""
        node.workerinput["karatos_timed"] = [list(one) for one in self._timed]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None]:
        """Keep this shard's tests, of those that are left when all others have chosen."""
        yield
        parts = divide(self._tasks(items), self._shard.of)
        own = set(parts[self._shard.number - 1])
        if not self._session.only_asked:
            with self._session.run.noting(_FILE):
                write_json(self._session.run.folder / _FILE, {**self._facts(items, parts)})
        others = [item for item in items if printable(item.nodeid) not in own]
        if others:
            items[:] = [item for item in items if printable(item.nodeid) in own]
            config.hook.pytest_deselected(items=others)

    def _tasks(self, items: list[pytest.Item]) -> Iterator[Task]:
        known = {(test, target): seconds for test, target, seconds in self._timed}
        for item in items:
            origin, name = origin_of(item), printable(item.nodeid)
            key = origin.get("test", name), origin.get("target", "")
            yield Task(name=name, seconds=known.get(key), group=_group(item))

    def _facts(self, items: list[pytest.Item], parts: list[list[str]]) -> ShardFacts:
        return {
            "number": self._shard.number,
            "of": self._shard.of,
            "tests": parts[self._shard.number - 1],
            "all": sum(map(len, parts)),
            "with_board": sum(map(uses_board, items)),
            "timed": len(self._timed),
            "plan": plan_of(parts),
        }

    def pytest_report_header(self) -> list[str]:
        """Say which part this is, and by what the tests are divided."""
        if self._session.only_asked:
            return []
        by = "by what they took before" if self._timed else "by their number: no history yet"
        shard = self._shard
        return [f"karatos: shard {shard.number} of {shard.of} ({shard.origin}), divided {by}"]


def _timed(settings: Settings) -> _Timed:
    if not settings.history.is_file():
        return []
    with usage_error():
        found = History(settings.history).durations()
    return [(test, target, seconds) for (test, target), seconds in sorted(found.items())]


def _group(item: pytest.Item) -> str:
    """Return the names of the item's `xdist_group` marks, as xdist joins them."""
    marks = list(item.iter_markers("xdist_group"))
    names = [one.args[0] if one.args else one.kwargs.get("name", "default") for one in marks]
    return "_".join(dict.fromkeys(map(str, reversed(names))))


def shard_facts(folder: Path) -> ShardFacts | None:
    """Return what was divided in the run of ``folder``; None where nothing was."""
    try:
        facts: ShardFacts = json.loads((folder / _FILE).read_text())
    except (OSError, ValueError):
        return None
    return facts
