"""The scheduler that tests hold: assertions in an RTOS's own words."""

from collections.abc import Callable, Sequence

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.assertions import Passed, Spawned
from pytest_karatos.scheduler.bounds import Bound, bound
from pytest_karatos.scheduler.judging import Judging
from pytest_karatos.scheduler.matching import What, chosen, meant_by
from pytest_karatos.scheduler.messages import Delivers, MessagesInOrder
from pytest_karatos.scheduler.priorities import NoPriorityInversion, Preempts
from pytest_karatos.scheduler.reported import ConsistentStatistics, Statistics
from pytest_karatos.scheduler.runs import NoStarvation, PriorityOrder, Ran
from pytest_karatos.scheduler.shares import Period, Share
from pytest_karatos.scheduler.spans import LeadsTo, NeverStarves, WakesAfter
from pytest_karatos.scheduler.temporal import Always, Came

#: From the highest to the lowest.
PRIORITIES = ("critical", "high", "normal", "low")


class Scheduler(Judging):
    """What the RTOS said it did, from the boot on, whatever else has read the console.

    With several dialects the one that knows most of the console is used. Timeouts are in seconds of
    the host; bounds are the guest's, as ``"3 rounds"``, ``"20 events"``, ``"4 ticks"``, ``"2 ms"``
    or ``"5000 instructions"``. Events are meant by kind, task and fields: ``"run"``, ``"run:low"``,
    ``"send:producer seq=5"``, or by a function of an event.
    Every assertion raises :class:`~pytest_karatos.errors.WrongSchedule` as soon as it cannot hold
    any more, ``NotSeen`` when the time is over, ``TooLittle`` when there is nothing that it could
    judge, and else what the console raises. When the RTOS boots once more after it ran, or reset
    was pressed, an assertion is judged by that boot alone. What held is watched until the test is
    over; bounds in ms and instructions, which take a second boot, are judged when it holds and at
    the end of the test. What an assertion counts is progress, however alike the lines are; with a
    ``timeout`` of its own, so is anything of the kind that it counts.
    """

    def wait_for(
        self, what: What, task: str = "", *, times: int = 1, timeout: float | None = None
    ) -> Event:
        """Wait for an event from the boot on, for the ``times``-th of its kind; return it."""
        judge = Came(meant_by(what, task), times=times)
        self._judge(judge, timeout)
        assert judge.found is not None  # noqa: S101 - it holds
        return judge.found

    def select(self, what: What, task: str = "") -> list[Event]:
        """Return those events that have come by now and are meant."""
        return chosen(self.events, what, task)

    def count(self, what: What, task: str = "") -> int:
        """Return how many events that are meant have come by now."""
        return len(self.select(what, task))

    def spawned(self, *tasks: str, timeout: float | None = None) -> None:
        """Assert that ``tasks`` are spawned, before the scheduler starts; names, ids are unique."""
        self._judge(Spawned(_lower(tasks)), timeout)

    def ran(
        self,
        *tasks: str,
        times: int = 1,
        within_rounds: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """Assert that each of ``tasks`` (all spawned ones when none is given) runs ``times`` times.

        With ``within_rounds``: before whichever task runs most has run more often than that.
        """
        self._judge(Ran(_lower(tasks), times=times, within_rounds=within_rounds), timeout)

    def runs_in_priority_order(
        self, rounds: int = 3, *, tasks: Sequence[str] = PRIORITIES, timeout: float | None = None
    ) -> None:
        """Assert that ``tasks`` (highest priority first) run in this order in each round.

        A round is one run of each; a task comes back in it only to preempt a lower one. Name tasks
        that become ready equally often.
        """
        self._judge(PriorityOrder(_lower(tasks), rounds=rounds), timeout)

    def no_starvation(self, *tasks: str, rounds: int = 10, timeout: float | None = None) -> None:
        """Assert that ``tasks`` (all spawned ones when none is given) run in every ``rounds``.

        A round is a run of whichever task runs most. As ``never_starves(within="10 rounds")``.
        """
        self._judge(NoStarvation(_lower(tasks), rounds=rounds), timeout)

    def never_starves(self, *tasks: str, within: str, timeout: float | None = None) -> None:
        """Assert that each of ``tasks`` runs at least once ``within`` that, again and again.

        A round is a run of whichever task runs most. In rounds all spawned tasks are meant when
        none is given.
        """
        limit = bound(within)
        if limit.unit == "rounds":
            self._judge(NoStarvation(_lower(tasks), rounds=int(limit.amount)), timeout)
        else:
            self._judge(NeverStarves(_lower(tasks), limit), timeout)

    def share(  # noqa: PLR0913 - each has its word
        self,
        task: str,
        *,
        at_least: float = 0.0,
        at_most: float = 1.0,
        over: str = "20 rounds",
        of: str = "runs",
        timeout: float | None = None,
    ) -> None:
        """Assert that ``task`` has its share, a part of 1, in each window of ``over``.

        ``of`` what: ``runs``, or what passes while it runs: ``ticks``, ``ms``, ``instructions``. By
        the guest's clock only the first window is judged.
        """
        unit = "runs" if of == "runs" else bound(f"1 {of}", "of").unit
        window = bound(over, "over")
        stamped = window.is_stamped or unit in ("s", "instructions")
        limits = (at_least, at_most)
        self._judge(Share(task.lower(), limits, window, unit, stamped=stamped), timeout)

    def period(
        self, task: str, *, every: str, jitter: str, times: int = 3, timeout: float | None = None
    ) -> None:
        """Assert that the runs of ``task`` lie on a grid of ``every``, at most ``jitter`` off it.

        A period that drifts is wrong, though each distance is nearly right.
        """
        grid, off = bound(every, "every"), bound(jitter, "jitter", may_be_zero=True)
        self._judge(Period(task.lower(), grid, off, times=times), timeout)

    def preempts(
        self, high: str, low: str, *, times: int = 1, timeout: float | None = None
    ) -> None:
        """Assert that ``high`` runs in the middle of a run of ``low``, which then goes on."""
        self._judge(Preempts(high.lower(), low.lower(), times=times), timeout)

    def no_priority_inversion(
        self, *, within: str | None = None, times: int = 3, timeout: float | None = None
    ) -> None:
        """Assert that nobody runs while one of higher priority is ready, or only ``within`` that.

        It takes a dialect that tells priorities and when tasks become ready (kind ``wake``); who is
        blocked by a lock is not known to be ready.
        """
        limit = bound(within) if within is not None else None
        self._judge(NoPriorityInversion(limit, times=times), timeout)

    def delivers(  # noqa: PLR0913 - each has its word
        self,
        sender: str,
        receiver: str,
        *,
        exactly_once: bool = True,
        count: int = 3,
        within: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Assert that each message from ``sender`` reaches ``receiver``, exactly once, in order.

        One is lost when a later one comes before it, or not ``within`` that, or never.
        """
        ends = (sender.lower(), receiver.lower())
        limit = bound(within) if within is not None else None
        judge = Delivers(ends, count=count, exactly_once=exactly_once, within=limit)
        self._judge(judge, timeout)

    def wakes_after(
        self,
        task: str,
        duration: str | None = None,
        *,
        late: str = "1 tick",
        times: int = 3,
        timeout: float | None = None,
    ) -> None:
        """Assert that each sleep of ``task`` lasts ``duration``, and at most ``late`` more.

        Without a duration, until the tick that its line names (``until``).
        """
        asleep = bound(duration, "duration") if duration is not None else None
        allowed = bound(late, "late", may_be_zero=True)
        if asleep is not None and asleep.unit != allowed.unit:
            raise TooLittle(
                f"late={late!r} says nothing of a sleep of {duration!r}.",
                fix="give both in the same unit",
            )
        self._judge(WakesAfter(task.lower(), asleep, allowed, times=times), timeout)

    def latency(
        self, event: What, task: str, *, at_most: str, times: int = 3, timeout: float | None = None
    ) -> float:
        """Assert that ``task`` runs ``at_most`` that after ``event``; return the longest.

        It is in the bound's unit, of a time in seconds.
        """
        limit = bound(at_most, "at_most")
        return self._leads_to((event, f"run:{task}"), limit, times, timeout)

    def leads_to(
        self, first: What, then: What, *, within: str, times: int = 1, timeout: float | None = None
    ) -> float:
        """Assert that each ``first`` is followed by ``then``, ``within`` that; return the longest.

        It is in the bound's unit, of a time in seconds.
        """
        return self._leads_to((first, then), bound(within), times, timeout)

    def _leads_to(
        self, ends: tuple[What, What], limit: Bound, times: int, timeout: float | None
    ) -> float:
        first, then = map(meant_by, ends)
        judge = LeadsTo(first, then, limit, times=times)
        self._judge(judge, timeout)
        return judge.worst

    def eventually(
        self, what: What, *, within: str, times: int = 1, timeout: float | None = None
    ) -> Event:
        """Assert that ``what`` comes ``within`` that after the boot's first event; return it."""
        judge = Came(meant_by(what), times=times, within=bound(within))
        self._judge(judge, timeout)
        assert judge.found is not None  # noqa: S101 - it holds
        return judge.found

    def always(
        self,
        holds: Callable[[Event], bool],
        *,
        of: What | None = None,
        times: int = 10,
        timeout: float | None = None,
    ) -> None:
        """Assert that each event (that ``of`` means) is as ``holds`` says, ``times`` or more."""
        whose = meant_by(of) if of is not None else None
        self._judge(Always(meant_by(holds), whose, times=times), timeout)

    def messages_in_order(
        self, sender: str, receiver: str, count: int = 3, *, timeout: float | None = None
    ) -> None:
        """Assert that the first ``count`` messages arrive, each once, in the order of sending."""
        self._judge(MessagesInOrder(sender.lower(), receiver.lower(), count=count), timeout)

    def statistics(self, *, timeout: float | None = None) -> dict[str, dict[str, int | str]]:
        """Return the first statistics reported, by task; without tasks under ``scheduler``."""
        judge = Statistics()
        self._judge(judge, timeout)
        return judge.tables

    def statistics_are_consistent(
        self, *, blocks: int = 1, counters: Sequence[str] = (), timeout: float | None = None
    ) -> None:
        """Assert that every block of statistics agrees with those before and with what was printed.

        Counts of runs, sleeps and messages are those of the events; ``counters`` are further
        figures that never get less.
        """
        self._judge(ConsistentStatistics(blocks=blocks, counters=counters), timeout)

    def passed(self, *, timeout: float | None = None) -> None:
        """Assert that the firmware says it passed."""
        self._judge(Passed(), timeout)


def _lower(tasks: Sequence[str]) -> tuple[str, ...]:
    return tuple(task.lower() for task in tasks)
