"""Assertions on what lies between two events: leads to, latency, wakes after, never starves.

A bound in events, rounds or ticks is judged as events come. One by the guest's clock takes a second
boot, so those are judged many at a time: when there are as many as the test asks for, and what came
since at the end of the test.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

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
from pytest_karatos.scheduler.matching import Meant

#: So many of those that came after an assertion held are judged by the guest's clock.
_MOST_LATER = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From ``first`` to ``second``; None as long as that did not come."""

    first: Event
    second: Event | None
    task: str = ""


class Spans(Assertion):
    """Spans between events, each of which a subclass judges."""

    def __init__(self, *, times: int, stamped: bool) -> None:
        refuse_nothing("times", times)
        self._times = times
        self._stamped = stamped
        self._due: list[Span] = []
        self._closed = 0
        self._held = False
        self._last: Event | None = None
        self._tasks: list[str] = []

    def see(self, event: Event) -> bool:
        """Hold when so many spans were closed, and each is as it must be."""
        self._take(event)
        if self._closed < self._times:
            return False
        if not self._is_enough():
            return False
        self._judge_due()
        self._held = True
        return True

    def watch(self, event: Event) -> None:
        """Judge those that come later too."""
        self._take(event)

    def settle(self) -> None:
        """Judge what was put off, and what is still open."""
        self._judge_due()
        if self._last is not None:
            for span in self._open_spans():
                self._judge_open(span, self._last)

    def end(self) -> None:
        """Judge what will never come now."""
        self.settle()

    def boots_again(self) -> None:
        """Begin anew: nothing lasts over a reboot."""
        self._judge_due()
        self._last = None
        self._forget_open()

    def _take(self, event: Event) -> None:
        if event.task and event.task not in self._tasks and len(self._tasks) < _MOST_LATER:
            self._tasks.append(event.task)
        self._last = event
        for span in self._closed_by(event):
            self._closed += 1
            self.progress = self._closed
            if not self._stamped:
                self._judge(span)
            elif len(self._due) < self._times + _MOST_LATER:
                self._due.append(span)
        if not self._stamped:
            for span in self._open_spans():
                self._judge_open(span, event)

    def _judge_due(self) -> None:
        due, self._due = self._due, []
        for span in due:
            self._judge(span)

    def _is_enough(self) -> bool:
        """Tell whether every one that is meant was seen often enough."""
        return True

    @abstractmethod
    def _closed_by(self, event: Event) -> Sequence[Span]:
        """Take in an event; return the spans that it ends."""

    @abstractmethod
    def _open_spans(self) -> Sequence[Span]:
        """Return the spans that have begun."""

    @abstractmethod
    def _forget_open(self) -> None:
        """Forget what has begun."""

    @abstractmethod
    def _judge(self, span: Span) -> None:
        """Judge a span that has ended.

        :raises Violation: it is not as it must be.
        """

    @abstractmethod
    def _judge_open(self, span: Span, now: Event) -> None:
        """Judge a span that has not ended by ``now``.

        :raises Violation: it is too long already.
        """


class LeadsTo(Spans):
    """Each event that ``first`` means is followed, ``within`` that, by one that ``then`` means."""

    def __init__(self, first: Meant, then: Meant, within: Bound, *, times: int) -> None:
        super().__init__(times=times, stamped=within.is_stamped)
        self._first, self._then, self._within = first, then, within
        self._open: list[Event] = []
        #: The longest that it took, in units of the bound.
        self.worst = 0.0
        self.kinds = frozenset({first.kind, then.kind} - {""})
        self.wanted = f"{first.words} to lead to {then.words} within {within.words}"

    def missing(self) -> str:
        """Say how often it was seen."""
        seen = counted_as(self._closed, "time")
        names = [one.task for one in (self._first, self._then) if one.task]
        waits = f"; {self._first.words} came and {self._then.words} did not" if self._open else ""
        return (
            f"{self._first.words} led to {self._then.words} {seen} of {self._times}{waits}."
            f"{meant(names, self._tasks)}"
        )

    def too_little(self) -> str:
        """Say that it never began, where it did not."""
        if self._closed or self._open:
            return ""
        names = [self._first.task] if self._first.task else []
        return (
            f"{self._first.words} never came, so nothing could follow it: too little to judge."
            f"{meant(names, self._tasks)}"
        )

    def _closed_by(self, event: Event) -> Sequence[Span]:
        closed: list[Span] = []
        if self._open and self._then(event):
            closed = [Span(first=one, second=event) for one in self._open]
            self._open = []
        if self._first(event) and len(self._open) < _MOST_LATER:
            self._open.append(event)
        return closed

    def _open_spans(self) -> Sequence[Span]:
        return [Span(first=one, second=None) for one in self._open[:1]]

    def _forget_open(self) -> None:
        self._open = []

    def _judge(self, span: Span) -> None:
        if span.second is not None:
            took = self._within.between(span.first, span.second)
            self.worst = max(self.worst, took)
            if self._within.is_passed(took):
                raise Violation(self._late(self._within.said(took)), span.first, span.second)

    def _judge_open(self, span: Span, now: Event) -> None:
        took = self._within.between(span.first, now)
        if self._within.is_passed(took):
            raise Violation(self._never(self._within.said(took)), span.first, now)

    def end(self) -> None:
        """Judge what will never come now: nothing follows any more."""
        self.settle()
        if self._open and self._last is not None:
            raise Violation(self._never(""), self._open[0], self._last)

    def _late(self, took: str) -> str:
        return (
            f"{self._then.words} came {took} after {self._first.words}: it must within "
            f"{self._within.words}."
        )

    def _never(self, took: str) -> str:
        by_then = f" in {took}" if took else " before the firmware ended"
        return (
            f"{self._first.words} was not followed by {self._then.words}{by_then}: it must be "
            f"within {self._within.words}."
        )


class NeverStarves(Spans):
    """Each of ``tasks`` runs again ``within`` that, from the first run of anybody on."""

    kinds = frozenset({"run"})

    def __init__(self, tasks: Sequence[str], within: Bound) -> None:
        refuse_repeated(tasks, least=1)
        super().__init__(times=2 * len(tasks), stamped=within.is_stamped)
        self._who = tuple(tasks)
        self._within = within
        self._since: dict[str, Event] = {}
        self._runs = dict.fromkeys(tasks, 0)
        self.wanted = f"{named(tasks)} to run at least every {within.words}"

    def missing(self) -> str:
        """Name who did not run."""
        late = [task for task in self._who if self._runs[task] < 2]  # noqa: PLR2004 - a gap's ends
        return (
            f"{named(late or self._who)} did not run twice: nothing between two runs to judge."
            f"{meant(late, self._tasks)}"
        )

    def _is_enough(self) -> bool:
        return all(count > 1 for count in self._runs.values())

    def _closed_by(self, event: Event) -> Sequence[Span]:
        if event.kind != "run":
            return ()
        if not self._since:
            self._since = dict.fromkeys(self._who, event)
        if event.task not in self._since:
            return ()
        span = Span(first=self._since[event.task], second=event, task=event.task)
        self._since[event.task] = event
        self._runs[event.task] += 1
        return (span,)

    def _open_spans(self) -> Sequence[Span]:
        return [Span(first=one, second=None, task=task) for task, one in self._since.items()]

    def _forget_open(self) -> None:
        self._since = {}

    def _judge(self, span: Span) -> None:
        if span.second is not None:
            self._refuse(span, span.second, "ran again only after")

    def _judge_open(self, span: Span, now: Event) -> None:
        self._refuse(span, now, "did not run for")

    def _refuse(self, span: Span, now: Event, did: str) -> None:
        took = self._within.between(span.first, now)
        if not self._within.is_passed(took):
            return
        gone = self._within.between
        others = [
            one.task
            for one in self._open_spans()
            if one.task != span.task and self._within.is_passed(gone(one.first, now))
        ]
        never = [task for task in (span.task, *others) if not self._runs[task]]
        said = self._within.said(took)
        what = f"never ran in {said}" if len(never) == 1 + len(others) else f"{did} {said}"
        raise Violation(
            f"starved: {', '.join((span.task, *others))} {what}, and must within "
            f"{self._within.words}.{meant(self._who, self._tasks)}",
            span.first,
            now,
        )


class WakesAfter(Spans):
    """Each sleep of ``task`` ends when it should, and at most ``late`` after that.

    It lasts ``duration``; without one it lasts until the tick that its line names (``until``).
    """

    kinds = frozenset({"sleep", "wake", "run"})

    def __init__(self, task: str, duration: Bound | None, late: Bound, *, times: int) -> None:
        super().__init__(times=times, stamped=duration is not None and duration.is_stamped)
        self._task, self._duration, self._late = task, duration, late
        self._asleep: Event | None = None
        how_long = f"after {duration.words}" if duration else "when its time is over"
        self.wanted = f"'{task}' to wake {how_long}, {times} times"

    def missing(self) -> str:
        """Say how often it was seen."""
        seen = counted_as(self._closed, "time")
        return f"'{self._task}' slept and woke {seen} of {self._times}." + meant(
            [self._task], self._tasks
        )

    def too_little(self) -> str:
        """Say that nobody tells of its sleep."""
        if self._closed or self._asleep:
            return ""
        return f"no line says that '{self._task}' sleeps: too little to judge." + meant(
            [self._task], self._tasks
        )

    def _closed_by(self, event: Event) -> Sequence[Span]:
        if event.task != self._task:
            return ()
        if event.kind == "sleep":
            self._asleep = event
        elif event.kind in ("wake", "run") and self._asleep is not None:
            span, self._asleep = Span(first=self._asleep, second=event), None
            return (span,)
        return ()

    def _open_spans(self) -> Sequence[Span]:
        return [] if self._asleep is None else [Span(first=self._asleep, second=None)]

    def _forget_open(self) -> None:
        self._asleep = None

    def _judge(self, span: Span) -> None:
        if span.second is None:
            return
        slept, least = self._slept(span.first, span.second)
        if not self._late.is_reached(slept - least + self._late.amount):
            said = f"'{self._task}' woke after {self._late.said(slept)}"
            raise Violation(
                f"{said}: too early, it sleeps {self._late.said(least)}.", span.first, span.second
            )
        self._refuse_late(span.first, span.second, "woke after")

    def _judge_open(self, span: Span, now: Event) -> None:
        self._refuse_late(span.first, now, "has not woken for")

    def _refuse_late(self, asleep: Event, now: Event, did: str) -> None:
        slept, least = self._slept(asleep, now)
        if self._late.is_passed(slept - least):
            raise Violation(
                f"'{self._task}' {did} {self._late.said(slept)}: too late, it sleeps "
                f"{self._late.said(least)} and may be {self._late.words} late.",
                asleep,
                now,
            )

    def _slept(self, asleep: Event, now: Event) -> tuple[float, float]:
        """Return how long it slept by ``now``, and how long it should, in the bound's unit."""
        if self._duration is not None:
            return self._duration.between(asleep, now), self._duration.amount
        until = asleep.fields.get("until", "")
        if not until.isdigit() or asleep.tick is None:
            raise Violation(
                f"no line says how long '{self._task}' sleeps: say a duration, as "
                f"wakes_after('{self._task}', '5 ticks').",
                asleep,
            )
        return self._late.between(asleep, now), float(int(until) - asleep.tick)
