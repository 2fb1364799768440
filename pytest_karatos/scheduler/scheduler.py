"""Be the scheduler of a test: assertions in an RTOS's own words, read live from the console."""

from collections.abc import Sequence

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import Forbidden, MachineEnded, Misbehaved, NotSeen, WrongSchedule
from pytest_karatos.event import Dialect, Event
from pytest_karatos.scheduler.judge import Judge, NoStarvation, PriorityOrder, Ran, Spawned, quoted
from pytest_karatos.scheduler.log import Log
from pytest_karatos.scheduler.message import MessagesInOrder
from pytest_karatos.scheduler.protocol import Spoken
from pytest_karatos.scheduler.report import Passed, Statistics

#: From the highest to the lowest.
PRIORITIES = ("critical", "high", "normal", "low")
_CRASHES = {"panic": "panicked", "fault": "hit a processor fault"}


class Scheduler:
    """What the RTOS said it did, from the boot on, whatever else has read the console.

    With several dialects the one that knows most of the console is used. Timeouts are in seconds.
    Every assertion raises :class:`~pytest_karatos.errors.WrongSchedule` as soon as it cannot hold
    any more, ``NotSeen`` when the time is over, and else what the console raises.
    """

    def __init__(
        self, console: Spoken, dialects: Dialect | Sequence[Dialect], *, timeout: float = 30.0
    ) -> None:
        known = (dialects,) if isinstance(dialects, Dialect) else tuple(dialects)
        self._log = Log(console, known)
        self._names = [dialect.name for dialect in known]
        self._timeout = timeout

    @property
    def events(self) -> list[Event]:
        """What was read so far; of very many the first and the latest."""
        return self._log.events

    @property
    def dialect(self) -> str:
        """The name of the dialect that was recognised; empty as long as none was."""
        return self._log.dialect

    def spawned(self, *tasks: str, timeout: float | None = None) -> None:
        """Assert that ``tasks`` are spawned, before the scheduler starts."""
        self._judge(Spawned(_lower(tasks)), timeout)

    def ran(self, *tasks: str, times: int = 1, timeout: float | None = None) -> None:
        """Assert that each of ``tasks`` runs, at least ``times`` times."""
        self._judge(Ran(_lower(tasks), times=times), timeout)

    def runs_in_priority_order(
        self, rounds: int = 3, *, tasks: Sequence[str] = PRIORITIES, timeout: float | None = None
    ) -> None:
        """Assert that ``tasks`` (highest priority first) run in this order in each round."""
        self._judge(PriorityOrder(_lower(tasks), rounds=rounds), timeout)

    def no_starvation(self, *tasks: str, rounds: int = 10, timeout: float | None = None) -> None:
        """Assert that ``tasks`` (all spawned ones when none is given) run within ``rounds``.

        A round is a run of whichever task runs most.
        """
        self._judge(NoStarvation(_lower(tasks), rounds=rounds), timeout)

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

    def passed(self, *, timeout: float | None = None) -> None:
        """Assert that the firmware says it passed."""
        self._judge(Passed(), timeout)

    def _judge(self, judge: Judge, timeout: float | None) -> None:
        deadline = Deadline(self._timeout if timeout is None else timeout)
        try:
            for event in self._log.follow(judge.wanted, deadline):
                if judge.see(event):
                    return
                _refuse_end(judge, event)
        except Forbidden as error:
            raise self._crash(judge) or error from None
        except (NotSeen, MachineEnded) as error:
            raise self._told(judge, error) from None

    def _crash(self, judge: Judge) -> Misbehaved | None:
        """Say a crash in the RTOS's own words, also where the console's watch was quicker."""
        crashes = [event for event in self._log.rest() if event.kind in _CRASHES]
        return _crashed(judge, crashes[0]) if crashes else None

    def _told(self, judge: Judge, error: Misbehaved) -> Misbehaved:
        if self.events:
            return type(error)(judge.missing(), why=error.what)
        dialects = " and ".join(f"'{name}'" for name in self._names) or "none"
        return type(error)(
            f"waited for {judge.wanted}, but no line of the console is a scheduler's "
            f"(dialects tried: {dialects}).",
            why=error.what,
            cure="describe how the RTOS talks in [[dialects.NAME]] of karatos.toml",
        )


def _lower(tasks: Sequence[str]) -> tuple[str, ...]:
    return tuple(task.lower() for task in tasks)


def _refuse_end(judge: Judge, event: Event) -> None:
    """End the wait at an event after which nothing more will come."""
    if event.kind in _CRASHES:
        raise _crashed(judge, event)
    if event.kind == "exit":
        raise WrongSchedule(judge.missing(), why=f"the firmware ended: {quoted(event)}")


def _crashed(judge: Judge, event: Event) -> Forbidden:
    return Forbidden(
        f"the firmware {_CRASHES[event.kind]} while the test waited for {judge.wanted}.",
        why=quoted(event),
    )
