"""Assertions on priorities as they were printed: who preempts whom, and no inversion."""

from collections import Counter

from pytest_karatos.dialect import Event
from pytest_karatos.scheduler.assertions import (
    Assertion,
    Violation,
    counted_as,
    meant,
    named,
    refuse_nothing,
    refuse_repeated,
)
from pytest_karatos.scheduler.bounds import Bound

#: What a task does itself, so it has the processor.
_OWN = frozenset({"run", "sleep", "send", "recv"})
_MOST_TASKS = 500


class Preempts(Assertion):
    """``high`` runs in the middle of a run of ``low``, which then goes on.

    A run of ``low`` goes on where it does something more (sleep, send, recv) and began no other.
    """

    kinds = frozenset({"run", "sleep"})

    def __init__(self, high: str, low: str, *, times: int) -> None:
        refuse_nothing("times", times)
        refuse_repeated((high, low))
        self._high, self._low, self._times = high, low, times
        self._runs: Counter[str] = Counter()
        self._ranks: dict[str, int] = {}
        self._running: Event | None = None
        self._within: Event | None = None
        self._ready: Event | None = None
        self._goes_on = False
        self.wanted = f"'{high}' to preempt '{low}'"

    def see(self, event: Event) -> bool:
        """Count what preempted, once the other has gone on."""
        if event.kind == "run":
            self._runs[event.task] += 1
            if event.task in (self._high, self._low):
                self._refuse_rank(event)
        if event.task == self._high:
            self._see_high(event)
        elif event.task == self._low:
            self._see_low(event)
        return self.progress >= self._times

    def watch(self, event: Event) -> None:
        """Watch on: a run that was let go on though the higher one was ready."""
        self.see(event)

    def boots_again(self) -> None:
        """Begin anew."""
        self._running = self._within = self._ready = None

    def missing(self) -> str:
        """Say how often it did."""
        seen = counted_as(self.progress, "time")
        runs = counted_as(self._runs[self._low], "run")
        return (
            f"'{self._high}' preempted '{self._low}' {seen} of {self._times}, in {runs} of "
            f"'{self._low}'.{meant((self._high, self._low), self._runs)}"
        )

    def too_little(self) -> str:
        """Say that nobody can tell when a run is over."""
        if self._runs[self._low] and not self._goes_on:
            return (
                f"no line says when a run of '{self._low}' is over (kinds 'sleep', 'send', 'recv'),"
                " so nobody can tell what came in its middle: too little to judge."
            )
        return ""

    def _refuse_rank(self, event: Event) -> None:
        if event.rank is not None:
            self._ranks[event.task] = event.rank
        high, low = self._ranks.get(self._high), self._ranks.get(self._low)
        if high is not None and low is not None and high <= low:
            raise Violation(
                f"'{self._high}' has no higher priority than '{self._low}': what runs in the "
                "middle of it preempts nothing.",
                event,
            )

    def _see_high(self, event: Event) -> None:
        if event.kind == "run":
            self._ready = None
            self._within = event if self._running else None
        elif event.kind == "wake" and self._running and not self._within:
            self._ready = event

    def _see_low(self, event: Event) -> None:
        if event.kind == "run":
            self._running, self._within, self._ready = event, None, None
        elif event.kind == "wake":
            # Who wakes was asleep, though no line said so: the run before was over.
            self._running = self._within = self._ready = None
        elif event.kind in _OWN:
            self._goes_on = True
            if self._running and self._ready:
                raise Violation(
                    f"'{self._high}' was ready and '{self._low}' ran on: it was not preempted.",
                    self._running,
                    self._ready,
                    event,
                )
            if self._running and self._within:
                self.progress += 1
                self._within = None
            if event.kind == "sleep":
                self._running = None


class NoPriorityInversion(Assertion):
    """Nobody runs while somebody of a higher priority is ready, or only ``within`` that.

    Ready is who woke and has not run since. It holds after so many choices between two priorities.
    """

    kinds = frozenset({"run", "wake"})

    def __init__(self, within: Bound | None, *, times: int) -> None:
        refuse_nothing("times", times)
        self._within, self._times = within, times
        self._ready: dict[str, Event] = {}
        self._ranks: set[int] = set()
        self._wakes = 0
        self.wanted = f"{times} choices between tasks of different priorities"

    def see(self, event: Event) -> bool:
        """Hold after so many choices."""
        self.watch(event)
        return self.progress >= self._times

    def watch(self, event: Event) -> None:
        """Refuse a run of one while a higher one is ready."""
        if event.rank is not None and len(self._ranks) < _MOST_TASKS:
            self._ranks.add(event.rank)
        if event.kind == "wake":
            self._wakes += 1
            if event.rank is not None and len(self._ready) < _MOST_TASKS:
                self._ready.setdefault(event.task, event)
            return
        if event.kind not in _OWN:
            return
        self._ready.pop(event.task, None)
        if event.kind == "run" and event.rank is not None:
            self._judge(event, event.rank)

    def _judge(self, event: Event, rank: int) -> None:
        higher = [one for one in self._ready.values() if (one.rank or 0) > rank]
        lower = [one for one in self._ready.values() if (one.rank or 0) < rank]
        if higher or lower:
            self.progress += 1
        if self._within is not None:
            passed = self._within.is_passed
            higher = [one for one in higher if passed(self._within.between(one, event))]
        if higher:
            victims = named([one.task for one in higher])
            allowed = f" for more than {self._within.words}" if self._within else ""
            were = "were" if higher[1:] else "was"
            raise Violation(
                f"priority inversion: '{event.task}' ran while {victims} {were} ready{allowed}.",
                *higher,
                event,
            )

    def boots_again(self) -> None:
        """Begin anew."""
        self._ready = {}

    def missing(self) -> str:
        """Say how many choices there were."""
        return f"there were {self.progress} of {self._times} choices between priorities."

    def too_little(self) -> str:
        """Say what is not told."""
        if len(self._ranks) < 2:  # noqa: PLR2004 - to be higher than another
            return (
                "no two priorities are known of these tasks: too little to judge. Name the group "
                "'priority' in the dialect's rule for 'spawn', or say 'priority_of' there."
            )
        if not self._wakes:
            return "no line says when a task becomes ready (kind 'wake'): too little to judge."
        if not self.progress:
            return "never were two of different priorities ready at once: too little to judge."
        return ""
