"""One machine's part of a run's tests: which of several parts it is, and which tests are in it.

Nothing but the tests' names, groups and durations decides, so machines that know the same come to
the same parts without a word to each other.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Part ``number``, from 1, ``of`` so many; ``origin`` is who said so."""

    number: int
    of: int
    origin: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A test to be handed to a machine: ``seconds`` is what it took before, None if unknown.

    Tests of one ``group`` stay on one machine; an empty name is no group.
    """

    name: str
    seconds: float | None = None
    group: str = ""


def divide(tasks: Iterable[Task], of: int) -> list[list[str]]:
    """Divide tests into ``of`` parts of about the same duration; each is in exactly one.

    What takes longest is handed out first, each time to the part that has least to do: no part is
    then longer than 4/3 of the best possible (R. L. Graham, "Bounds on multiprocessing timing
    anomalies", 1969). Who was never timed counts as the median of the others. A name that comes
    twice is one test.

    >>> timed = [Task(name=name, seconds=s) for name, s in zip("abcd", (5, 3, 3, 1), strict=True)]
    >>> divide(timed, 2)
    [['a', 'd'], ['b', 'c']]
    >>> divide([Task(name="a", group="x"), Task(name="b"), Task(name="c", group="x")], 2)
    [['a', 'c'], ['b']]
    """
    named = {one.name: one for one in tasks}
    usual = _usual(named.values())
    groups: dict[tuple[str, str], list[str]] = {}
    for name, one in sorted(named.items()):
        groups.setdefault((one.group, "" if one.group else name), []).append(name)
    # Whole milliseconds: sums of fractions depend on their order.
    load = {key: sum(_milliseconds(named[name], usual) for name in names)
            for key, names in groups.items()}  # fmt: skip
    parts: list[list[str]] = [[] for _ in range(of)]
    busy = [0] * of
    for key in sorted(groups, key=lambda key: (-load[key], key)):
        at = min(range(of), key=lambda at: (busy[at], len(parts[at]), at))
        parts[at] += groups[key]
        busy[at] += load[key]
    return [sorted(part) for part in parts]


def _usual(tasks: Iterable[Task]) -> float:
    known = [one.seconds for one in tasks if one.seconds is not None]
    return median(known) if known else 1.0


def _milliseconds(task: Task, usual: float) -> int:
    return round(1000 * (usual if task.seconds is None else task.seconds))


def plan_of(parts: Sequence[Sequence[str]]) -> str:
    """Name a division: who has the same name divided the same tests in the same way.

    >>> plan_of([["a"], ["b"]]) == plan_of([["a", "b"], []])
    False
    """
    return hashlib.sha256(json.dumps([list(part) for part in parts]).encode()).hexdigest()
