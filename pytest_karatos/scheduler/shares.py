"""Assertions on how regularly and how much a task runs: its period, its share."""

from collections import Counter

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.assertions import (
    Assertion,
    Violation,
    counted,
    counted_as,
    meant,
    refuse_nothing,
)
from pytest_karatos.scheduler.bounds import Bound

#: So many runs are kept to be judged by the guest's clock after an assertion held.
_MOST_LATER = 500


class Period(Assertion):
    """The runs of ``task`` lie on a grid of ``every``, none further from it than ``jitter``.

    The grid is the best that there is: with run number k at time t(k), the greatest and
    the least of t(k) - k * every differ by 2 * jitter at most. So a period that drifts is wrong
    though each distance is nearly right.
    """

    kinds = frozenset({"run"})

    def __init__(self, task: str, every: Bound, jitter: Bound, *, times: int) -> None:
        refuse_nothing("times", times)
        if jitter.unit != every.unit:
            raise TooLittle(
                f"jitter={jitter.words!r} says nothing of every={every.words!r}.",
                fix="give both in the same unit",
            )
        if 2 * jitter.amount >= every.amount:
            raise TooLittle(
                f"jitter={jitter.words!r} is half of every={every.words!r} or more: a run that is "
                "left out would pass.",
                fix="allow less jitter",
            )
        self._task, self._every, self._jitter, self._times = task, every, jitter, times
        self._runs: list[Event] = []
        self._judged = 0
        self._offs: list[float] = []
        self._tasks: Counter[str] = Counter()
        self.wanted = f"{times} periods of {every.words} of '{task}'"

    def see(self, event: Event) -> bool:
        """Note a run; judge when there are enough."""
        self._note(event)
        if len(self._runs) <= self._times:
            return False
        self.settle()
        return True

    def watch(self, event: Event) -> None:
        """Judge further runs; by the guest's clock at the end of the test."""
        self._note(event)
        if not self._every.is_stamped:
            self.settle()

    def settle(self) -> None:
        """Judge what was put off."""
        while self._judged < len(self._runs):
            self._judge(self._judged)
            self._judged += 1

    def end(self) -> None:
        """Judge what was put off."""
        self.settle()

    def boots_again(self) -> None:
        """Begin the grid anew."""
        self.settle()
        self._runs, self._offs, self._judged = [], [], 0

    def missing(self) -> str:
        """Say how many there were."""
        ran = counted_as(len(self._runs), "time")
        return (
            f"'{self._task}' ran {ran}, and {self._times} periods take {self._times + 1} runs."
            + (meant([self._task], self._tasks))
        )

    def too_little(self) -> str:
        """Say that there is no period to judge."""
        return f"{self.missing()} Too little to judge." if len(self._runs) < 2 else ""  # noqa: PLR2004

    def _note(self, event: Event) -> None:
        if event.kind == "run":
            self._tasks[event.task] += 1
            if event.task == self._task and len(self._runs) < self._times + _MOST_LATER:
                self._runs.append(event)
                self.progress += 1

    def _judge(self, number: int) -> None:
        here, first = self._runs[number], self._runs[0]
        self._offs.append(self._every.between(first, here) - number * self._every.amount)
        spread = max(self._offs) - min(self._offs)
        if self._jitter.is_passed(spread / 2):
            before = self._runs[number - 1]
            took = self._every.said(self._every.between(before, here))
            off = self._every.said(spread / 2)
            raise Violation(
                f"'{self._task}' does not keep its period of {self._every.words}: run {number + 1} "
                f"came {took} after the one before, and is {off} off the grid; "
                f"{self._jitter.words} are allowed.",
                before,
                here,
            )


class Share(Assertion):
    """In each window of ``over``, ``task`` has at least and at most so much of what all run.

    ``of`` is what is shared: ``runs``, or a unit in which a run lasts to the next run of anybody
    or to its own sleep.
    """

    kinds = frozenset({"run"})

    def __init__(
        self, task: str, limits: tuple[float, float], over: Bound, of: str, *, stamped: bool
    ) -> None:
        least, most = limits
        if not 0 <= least <= most <= 1 or (least, most) == (0, 1):
            raise TooLittle(
                f"a share from {least} to {most} of 1 leaves nothing to judge.",
                fix="say at_least=0.2, at_most=0.5 or both, as parts of 1",
            )
        self._task, self._limits, self._over, self._of = task, limits, over, of
        self._stamped = stamped
        self._unit = over if of == "runs" else Bound(amount=1, unit=of, words=of)
        self._begin: Event | None = None
        self._window: list[Event] = []
        self._tasks: Counter[str] = Counter()
        self._windows = 0
        self.wanted = f"the share of '{task}' over {over.words}"

    def see(self, event: Event) -> bool:
        """Hold when the first window was judged."""
        self._note(event)
        return self._windows > 0

    def watch(self, event: Event) -> None:
        """Judge each further window; by the guest's clock only the first is."""
        if not self._stamped:
            self._note(event)

    def boots_again(self) -> None:
        """Begin a window anew."""
        self._begin, self._window = None, []

    def missing(self) -> str:
        """Say that a window is not full."""
        ran = counted(self._tasks)
        return f"fewer than {self._over.words} were seen: ran {ran}." + meant(
            [self._task], self._tasks
        )

    def too_little(self) -> str:
        """Say that no window was full."""
        return f"{self.missing()} Too little to judge." if not self._windows else ""

    def _note(self, event: Event) -> None:
        if event.kind not in ("run", "sleep"):
            return
        if event.kind == "run":
            self._tasks[event.task] += 1
            self.progress += 1
            self._begin = self._begin or event
        if self._begin is None:
            return
        self._window.append(event)
        if event.kind == "run" and self._over.is_reached(self._over.between(self._begin, event)):
            self._judge(event)
            self._begin, self._window = event, [event]

    def _judge(self, last: Event) -> None:
        had = self._had()
        total = sum(had.values())
        if not total:
            raise TooLittle(f"nobody ran within {self._over.words}: nothing to share.")
        self._windows += 1
        share = had[self._task] / total
        least, most = self._limits
        if not least <= share <= most:
            wrong = "less than" if share < least else "more than"
            limit = least if share < least else most
            had_what = ", ".join(f"{task} {count / total:.0%}" for task, count in had.most_common())
            raise Violation(
                f"'{self._task}' has {share:.1%} of {self._of} over {self._over.words}, {wrong} "
                f"{limit:.1%}: {had_what}.{meant([self._task], self._tasks)}",
                self._window[0],
                last,
            )

    def _had(self) -> "Counter[str]":
        """Return what each task had in the window, whose last run begins the next."""
        had: Counter[str] = Counter()
        if self._of == "runs":
            had.update(one.task for one in self._window[:-1] if one.kind == "run")
            return had
        running: Event | None = None
        for event in self._window:
            if running is not None and (event.kind == "run" or event.task == running.task):
                had[running.task] += self._unit.between(running, event)  # type: ignore[assignment]
                running = None
            if event.kind == "run":
                running = event
        return had
