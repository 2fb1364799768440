"""Judge a stream of events: one class for each thing that a test can assert of a scheduler.

A judge sees every event from the boot on until it is satisfied. It raises at the first event that
breaks its rule, so a wrong schedule never waits for a timeout.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from pytest_karatos.errors import WrongSchedule
from pytest_karatos.event import Event
from pytest_karatos.text import printable

#: So often may the busiest task run while another one does not come at all, before that one is
#: called starved: enough for a background task, and seen long before any timeout.
PATIENCE = 30
_SHOWN = 200


class Judge(Protocol):
    """One assertion."""

    #: What is waited for, in words.
    wanted: str

    def see(self, event: Event) -> bool:
        """Take in an event; True when the assertion holds.

        :raises WrongSchedule: when it cannot hold any more.
        """

    def missing(self) -> str:
        """Say in a sentence what is not there yet."""


def quoted(*events: Event) -> str:
    """Quote the console lines of ``events`` with their numbers."""
    return "\n       ".join(
        f"console line {one.number}: {printable(one.line)[:_SHOWN]}" for one in events
    )


def named(tasks: Sequence[str]) -> str:
    """Name tasks in a sentence.

    >>> named(["a"]), named(["a", "b", "c"])
    ("task 'a'", "tasks 'a', 'b' and 'c'")
    """
    *most, last = (f"'{task}'" for task in tasks)
    return f"tasks {', '.join(most)} and {last}" if most else f"task {last}"


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{task} {count}" for task, count in counts.items()) or "nobody"


class Spawned:
    """All of ``tasks`` are spawned before the scheduler starts to run tasks."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self._tasks = tasks
        self._seen: dict[str, Event] = {}
        self.wanted = f"the spawning of {named(tasks)}"

    def see(self, event: Event) -> bool:
        """Take in a ``spawn``; a ``start`` is too early while one is missing."""
        if event.kind == "spawn":
            self._seen.setdefault(event.task, event)
        elif event.kind == "start" and self._absent():
            raise WrongSchedule(self.missing(), why=f"the scheduler started: {quoted(event)}")
        return not self._absent()

    def missing(self) -> str:
        """Name the tasks without a spawn, and those with one."""
        were = ", ".join(self._seen) or "none"
        return f"{named(self._absent() or self._tasks)} not spawned; spawned: {were}."

    def _absent(self) -> list[str]:
        return [task for task in self._tasks if task not in self._seen]


class Ran:
    """Each of ``tasks`` (all that are spawned, when empty) ran ``times`` times."""

    def __init__(self, tasks: Sequence[str], *, times: int = 1, patience: int = PATIENCE) -> None:
        self._tasks = tuple(tasks)
        self._times = times
        self._patience = patience
        self._spawned: list[str] = []
        self._runs: Counter[str] = Counter()
        self._last: Event | None = None
        who = named(tasks) if tasks else "every spawned task"
        self.wanted = f"{who} to run {times} times" if times > 1 else f"{who} to run"

    def see(self, event: Event) -> bool:
        """Count a ``run``; when one task runs on and on without another, that one is starved."""
        if event.kind == "spawn":
            self._spawned.append(event.task)
        if event.kind != "run":
            return False
        self._runs[event.task] += 1
        self._last = event
        late = self._late()
        if late and self._rounds() >= self._times - 1 + self._patience:
            raise WrongSchedule(self.missing(), why=quoted(event))
        return not late

    def missing(self) -> str:
        """Name the first task that ran too little, and how often each ran."""
        task = (self._late() or ["?"])[0]
        runs = self._runs[task]
        did = f"ran only {runs} of {self._times} times" if runs else "did not run"
        return f"task '{task}' {did} within {self._rounds()} rounds: ran {_told(self._counts())}."

    def _late(self) -> list[str]:
        tasks = self._tasks or self._spawned
        return [task for task in tasks if self._runs[task] < self._times]

    def _rounds(self) -> int:
        return max(self._runs.values(), default=0)

    def _counts(self) -> Counter[str]:
        return Counter({task: count for task, count in self._runs.items() if count})


class NoStarvation(Ran):
    """While the busiest task ran ``rounds`` times, each of ``tasks`` ran at least once."""

    def __init__(self, tasks: Sequence[str], *, rounds: int) -> None:
        super().__init__(tasks, times=1, patience=rounds)
        self._wanted_rounds = rounds
        self.wanted = f"{rounds} rounds without a starved task"

    def see(self, event: Event) -> bool:
        """Be satisfied only after all the rounds, though everybody may have run before."""
        everybody = super().see(event)
        return everybody and self._rounds() >= self._wanted_rounds

    def missing(self) -> str:
        """Name the starved task, or say how far it got."""
        if self._late():
            return super().missing()
        return (
            f"only {self._rounds()} of {self._wanted_rounds} rounds were run: {_told(self._runs)}."
        )


class PriorityOrder:
    """In each of the first ``rounds`` rounds, ``tasks`` run in the order they are given.

    Round n is the n-th run of each: a task may not run its n-th time before one of a higher
    priority has.
    """

    def __init__(self, tasks: Sequence[str], *, rounds: int) -> None:
        self._tasks = tuple(tasks)
        self._rounds = rounds
        self._runs: dict[str, list[Event]] = {task: [] for task in tasks}
        self.wanted = f"{rounds} rounds of {', '.join(tasks)} in this order"

    def see(self, event: Event) -> bool:
        """Take in a ``run`` and hold it against the runs of the tasks above."""
        if event.kind != "run" or event.task not in self._runs:
            return False
        runs = self._runs[event.task]
        runs.append(event)
        if len(runs) <= self._rounds:
            self._refuse_overtaking(event, len(runs))
        if len(runs) >= self._rounds + PATIENCE:
            raise WrongSchedule(self.missing(), why=quoted(event))
        return all(len(runs) >= self._rounds for runs in self._runs.values())

    def missing(self) -> str:
        """Name the task that the next round lacks."""
        count = {task: len(runs) for task, runs in self._runs.items()}
        task = min(self._tasks, key=lambda one: count[one])
        did = f"ran only {count[task]} times" if count[task] else "did not run"
        most = max(count.values())
        ran = _told(Counter({one: n for one, n in count.items() if n}))
        return f"task '{task}' {did} within {most} rounds: ran {ran}."

    def _refuse_overtaking(self, event: Event, number: int) -> None:
        above = self._tasks[: self._tasks.index(event.task)]
        for task in above:
            if len(self._runs[task]) < number:
                earlier = [runs[-1] for runs in self._runs.values() if runs and runs[-1] != event]
                context = sorted(earlier, key=lambda one: one.number)
                raise WrongSchedule(
                    f"round {number} ran {event.task} before {task}: "
                    f"{task} is the higher priority.",
                    why=quoted(*context, event),
                )
