"""Assertions on who ran: often enough, in the order of priority, nobody starved.

A *round* is measured by the runs themselves: for an order it is one run of each of the tasks; for
starvation it is one run of whichever task runs most.
"""

from collections import Counter
from collections.abc import Sequence

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.assertions import (
    Assertion,
    Violation,
    counted,
    meant,
    named,
    refuse_nothing,
    refuse_repeated,
)


class _Tasks:
    """The tasks that an assertion is about: those that were named, or else all that are spawned."""

    def __init__(self, given: Sequence[str]) -> None:
        refuse_repeated(given)
        self.names = list(given)
        self._are_given = bool(given)
        self.runs: Counter[str] = Counter()
        self._spawned: list[str] = []

    def see(self, event: Event) -> None:
        """Take in a ``spawn`` or a ``run``.

        :raises TooLittle: a task runs, and there is none to judge.
        """
        if event.kind == "spawn" and event.task not in self._spawned:
            self._spawned.append(event.task)
            if not self._are_given:
                self.names.append(event.task)
        if event.kind == "run":
            self.runs[event.task] += 1
            if not self.names:
                raise TooLittle(self.too_little(), fix="name the tasks that are meant")

    def too_little(self) -> str:
        """Say that there is no task, if there is none."""
        if self.names:
            return ""
        ran = f": {counted(self.runs)}" if self.runs else ""
        return f"no task is named, and none was spawned before tasks ran{ran}: too little to judge."

    def meant(self) -> str:
        """Say which task may be meant by a name that nobody has."""
        return meant(self.names, [*self._spawned, *self.runs])


class Ran(Assertion):
    """Each of ``tasks`` (all that are spawned, when empty) ran ``times`` times.

    With ``within_rounds`` this long and no longer: until the busiest task has run so often.
    """

    kinds = frozenset({"run"})

    def __init__(
        self, tasks: Sequence[str], *, times: int = 1, within_rounds: int | None = None
    ) -> None:
        refuse_nothing("times", times)
        refuse_nothing("within_rounds", 1 if within_rounds is None else within_rounds)
        self._tasks = _Tasks(tasks)
        self._times = times
        self._within = within_rounds
        who = named(tasks) if tasks else "every spawned task"
        self.wanted = f"{who} to run {times} times" if times > 1 else f"{who} to run"

    def see(self, event: Event) -> bool:
        """Count a ``run``."""
        self._tasks.see(event)
        if event.kind != "run":
            return False
        runs, late = self._tasks.runs, self._late()
        self.progress = sum(min(runs[task], self._times) for task in self._tasks.names)
        if late and self._within is not None and runs[event.task] > self._within:
            raise Violation(self.missing(), event)
        return not late

    def missing(self) -> str:
        """Name the tasks that ran too little, and how often each ran."""
        late = self._late() or self._tasks.names
        if not late:
            return self.too_little()
        never = [task for task in late if not self._tasks.runs[task]]
        rounds = max(self._tasks.runs.values(), default=0)
        if never:
            did = f"{named(never)} did not run"
        else:
            did = f"{named(late)} ran only {self._tasks.runs[late[0]]} of {self._times} times"
        ran = counted(self._tasks.runs)
        return f"{did} within {rounds} rounds: ran {ran}.{self._tasks.meant()}"

    def too_little(self) -> str:
        """Say that there is no task, if there is none."""
        return self._tasks.too_little()

    def _late(self) -> list[str]:
        return [task for task in self._tasks.names if self._tasks.runs[task] < self._times]


class NoStarvation(Assertion):
    """In every ``rounds`` rounds in succession each of ``tasks`` runs at least once.

    It holds after the first ``rounds`` rounds, and is watched from then on.
    """

    kinds = frozenset({"run"})

    def __init__(self, tasks: Sequence[str], *, rounds: int) -> None:
        refuse_nothing("rounds", rounds)
        self._tasks = _Tasks(tasks)
        self._rounds = rounds
        #: For each task: who ran how often since it ran itself, and that last run.
        self._since: dict[str, Counter[str]] = {}
        self._last: dict[str, Event] = {}
        self.wanted = f"{rounds} rounds without a starved task"

    def see(self, event: Event) -> bool:
        """Be satisfied only after all the rounds, though everybody may have run before."""
        self.watch(event)
        runs = self._tasks.runs
        enough = max(runs.values(), default=0) >= self._rounds and not self._starved(self._rounds)
        if not enough or not all(runs[task] for task in self._tasks.names):
            return False
        if len(runs) == 1:
            raise TooLittle(
                f"only {named(list(runs))} ever ran: nobody else could starve it.",
                fix="judge by ran(...) that it runs",
            )
        return True

    def watch(self, event: Event) -> None:
        """Refuse a run that begins one more round than a task may be left out."""
        self._tasks.see(event)
        if event.kind == "run":
            self.progress += 1
            for task in self._tasks.names:
                self._since.setdefault(task, Counter())[event.task] += 1
            self._since[event.task] = Counter()
            starved = self._starved(self._rounds + 1)
            if starved:
                raise self._violation(starved, event)
            self._last[event.task] = event
        elif event.kind == "exit":
            self.end()

    def boots_again(self) -> None:
        """Begin each task's wait anew."""
        self._since, self._last = {}, {}

    def end(self) -> None:
        """Judge the last rounds too: nobody will come any more."""
        starved = self._starved(self._rounds)
        if starved and self._last:
            raise self._violation(starved, max(self._last.values(), key=lambda one: one.number))

    def missing(self) -> str:
        """Name the starved tasks, or say how far it got."""
        never = [task for task in self._tasks.names if not self._tasks.runs[task]]
        rounds, ran = max(self._tasks.runs.values(), default=0), counted(self._tasks.runs)
        if never and rounds:
            did = f"{named(never)} did not run within {rounds} rounds"
            return f"{did}: ran {ran}.{self._tasks.meant()}"
        starved = self._starved(self._rounds)
        if starved:
            return self._violation(starved).sentence
        return f"only {rounds} of {self._rounds} rounds were run: {ran}."

    def too_little(self) -> str:
        """Say that there is no task, if there is none."""
        return self._tasks.too_little()

    def _starved(self, rounds: int) -> list[str]:
        """Return the tasks that were left out while another one ran ``rounds`` times."""
        return [
            task
            for task in self._tasks.names
            if max(self._since.get(task, Counter()).values(), default=0) >= rounds
        ]

    def _violation(self, starved: Sequence[str], *event: Event) -> Violation:
        since = self._since[starved[0]]
        busiest, count = since.most_common(1)[0]
        count = min(count, self._rounds)
        before = [self._last[task] for task in starved[:1] if task in self._last]
        after = f" after console line {before[0].number}" if before else ""
        did = "did not run" if any(self._tasks.runs[task] for task in starved) else "never ran"
        return Violation(
            f"starved: {', '.join(starved)} {did} in {count} rounds of {busiest}{after}: "
            f"ran {counted(since)}.{self._tasks.meant()}",
            *before,
            *event,
        )


class PriorityOrder(Assertion):
    """In each of the first ``rounds`` rounds, ``tasks`` run in the order they are given.

    A round is one run of each. Other tasks may run between them. A task may come back before its
    round is over only by preempting a lower one, that is after one of a lower priority has run: a
    task that runs twice in succession is not a round of anything.
    """

    kinds = frozenset({"run"})

    def __init__(self, tasks: Sequence[str], *, rounds: int) -> None:
        refuse_nothing("rounds", rounds)
        refuse_repeated(tasks, least=2)
        self._tasks = tuple(tasks)
        self._rounds = rounds
        self._done = 0
        self._round: list[Event] = []
        self._due = 0
        self._previous: list[Event] = []
        self._runs: Counter[str] = Counter()
        self.wanted = f"{rounds} rounds of {', '.join(tasks)} in this order"

    def see(self, event: Event) -> bool:
        """Take in a ``run``: of the task that is due, or of a higher one that came back."""
        if event.kind == "run":
            self._runs[event.task] += 1
        if event.kind != "run" or event.task not in self._tasks:
            return False
        place = self._tasks.index(event.task)
        if place > self._due:
            raise self._overtook(event, self._tasks[self._due : place])
        if place < self._due and not self._preempted(event.task, place):
            raise self._came_twice(event)
        self._round.append(event)
        if place == self._due:
            self._advance()
        return self._done >= self._rounds

    def missing(self) -> str:
        """Name the tasks that the round lacks."""
        absent = self._tasks[self._due :]
        return (
            f"{named(absent)} did not run in round {self._done + 1} of {self._rounds}: "
            f"ran {counted(self._runs)}.{meant(absent, self._runs)}"
        )

    def _advance(self) -> None:
        self._due += 1
        self.progress += 1
        if self._due == len(self._tasks):
            self._done, self._due = self._done + 1, 0
            self._previous, self._round = self._round, []

    def _preempted(self, task: str, place: int) -> bool:
        """Tell whether a lower task has run in this round since ``task`` did."""
        for one in reversed(self._round):
            if one.task == task:
                return False
            if self._tasks.index(one.task) > place:
                return True
        return False

    def _overtook(self, event: Event, above: Sequence[str]) -> Violation:
        names = " and ".join([", ".join(above[:-1]), above[-1]] if above[1:] else above)
        are = "are the higher priorities" if above[1:] else "is the higher priority"
        return Violation(
            f"round {self._done + 1} ran {event.task} before {names}: {names} {are}.",
            *(self._round or self._previous)[-len(self._tasks) :],
            event,
        )

    def _came_twice(self, event: Event) -> Violation:
        last = next(one for one in reversed(self._round) if one.task == event.task)
        return Violation(
            f"round {self._done + 1} ran {event.task} twice: {named(self._tasks[self._due :])} "
            f"did not run in between. A round is one run of each of {', '.join(self._tasks)}."
            f"{meant(self._tasks, self._runs)}",
            last,
            event,
        )
