"""Assertions of temporal logic on events: always, eventually, the n-th that was waited for."""

from pytest_karatos.dialect import Event
from pytest_karatos.scheduler.assertions import (
    Assertion,
    Violation,
    counted_as,
    meant,
    refuse_nothing,
)
from pytest_karatos.scheduler.bounds import Bound
from pytest_karatos.scheduler.matching import Meant

_MOST_TASKS = 500


class Came(Assertion):
    """So many events that ``what`` means have come, ``within`` that after the first of the boot."""

    def __init__(self, what: Meant, *, times: int = 1, within: Bound | None = None) -> None:
        refuse_nothing("times", times)
        self._what, self._times, self._within = what, times, within
        self._first: Event | None = None
        self._tasks: list[str] = []
        #: The last of them.
        self.found: Event | None = None
        self.kinds = frozenset({what.kind} - {""})
        often = f" {times} times" if times > 1 else ""
        by_then = f" within {within.words}" if within else ""
        self.wanted = f"{what.words} to come{often}{by_then}"

    def see(self, event: Event) -> bool:
        """Count it."""
        self._first = self._first or event
        if event.task and event.task not in self._tasks and len(self._tasks) < _MOST_TASKS:
            self._tasks.append(event.task)
        if self._what(event):
            self.progress += 1
            self.found = event
        came = self._what(event) and self.progress >= self._times
        # By the guest's clock it is told once, when it came: each look is a boot.
        if self._within is not None and (came or not self._within.is_stamped):
            self._refuse_late(self._within, event, came=came)
        return came

    def _refuse_late(self, within: Bound, event: Event, *, came: bool) -> None:
        took = within.between(self._first or event, event)
        if within.is_passed(took):
            said = f"came only after {within.said(took)}" if came else f"{self._so_far()} by then"
            raise Violation(
                f"{self._what.words} {said}: it must within {within.words}.{self._meant()}", event
            )

    def missing(self) -> str:
        """Say how often it came."""
        return f"{self._what.words} {self._so_far()}.{self._meant()}"

    def _so_far(self) -> str:
        if self._times == 1:
            return "did not come"
        return f"came {counted_as(self.progress, 'time')} of {self._times}"

    def _meant(self) -> str:
        return meant([self._what.task] if self._what.task else [], self._tasks)


class Always(Assertion):
    """Each event that ``of`` means is as ``holds`` says; judged from ``times`` of them on."""

    def __init__(self, holds: Meant, of: Meant | None, *, times: int) -> None:
        refuse_nothing("times", times)
        self._holds, self._of, self._times = holds, of, times
        self.kinds = frozenset({of.kind} - {""}) if of else frozenset()
        whose = f" of {of.words}" if of else ""
        self.wanted = f"{holds.words} to hold{whose}, {times} times"

    def see(self, event: Event) -> bool:
        """Judge it, if it is meant."""
        self.watch(event)
        return self.progress >= self._times

    def watch(self, event: Event) -> None:
        """Refuse one that is not as it must be."""
        if self._of is None or self._of(event):
            self.progress += 1
            if not self._holds(event):
                what = f"of {self._of.words}" if self._of else "of every event"
                count = f"{self.progress - 1} before it did" if self.progress > 1 else "the first"
                raise Violation(
                    f"{self._holds.words} does not always hold {what}: not of this one ({count}).",
                    event,
                )

    def missing(self) -> str:
        """Say how many were judged."""
        return f"{self._holds.words} held of {self.progress} events, of {self._times} asked for."

    def too_little(self) -> str:
        """Say that there was none, or too few."""
        whose = self._of.words if self._of else "any event"
        seen = counted_as(self.progress, "time")
        return f"{whose} came {seen} of {self._times}: too little to judge."
