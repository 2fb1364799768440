"""How assertions are judged: live, as events come, and watched until the test is over."""

from collections.abc import Sequence
from itertools import chain

from pytest_karatos.deadline import Deadline
from pytest_karatos.dialect import Dialect, Event
from pytest_karatos.errors import (
    Forbidden,
    MachineEnded,
    Misbehaved,
    NotSeen,
    Stuck,
    TooLittle,
    WrongSchedule,
)
from pytest_karatos.scheduler.assertions import Assertion, Violation, quoted
from pytest_karatos.scheduler.clock import BootClock
from pytest_karatos.scheduler.events import Log, ReplayableConsole
from pytest_karatos.scheduler.lanes import drawn
from pytest_karatos.scheduler.trial import Trial, of_this_boot

_DESCRIBE = "describe how the RTOS talks in [[dialects.NAME]] of karatos.toml"
_CRASHES = {"panic": "panicked", "fault": "hit a processor fault", "fail": "said that it failed"}


class Judging:
    """The events of one console, and the assertions that hold of them so far.

    With several dialects the one that knows most of the console is used. ``machine`` is what
    printed the console, and can tell when.
    """

    def __init__(
        self,
        console: ReplayableConsole,
        dialects: Dialect | Sequence[Dialect],
        *,
        timeout: float = 30.0,
        machine: object = None,
    ) -> None:
        given = (dialects,) if isinstance(dialects, Dialect) else tuple(dialects)
        known = [one for one in given if not one.tells_of_cases]
        self._log = Log(console, known, BootClock(machine, lambda: self._log.events))
        self._names = [dialect.name for dialect in known]
        self._timeout = timeout
        self._console = console
        self._held: list[Trial] = []
        #: The dialect in which those that hold were judged, and what was printed of a crash.
        self._read_in = ""
        self._printed: Event | None = None
        self._was_asked = False
        #: What did not hold: the console line, and the sentence.
        self.broken: list[tuple[int, str]] = []

    @property
    def events(self) -> list[Event]:
        """What has come so far, from the boot on; of very many the first and the latest.

        :raises WrongSchedule: an assertion that held does not any more.
        """
        with self._console.outstanding:
            self._was_asked = True
            self._log.take_in()
            self._catch_up()
            return self._log.events

    @property
    def dialect(self) -> str:
        """The name of the dialect that was recognised; empty as long as none was."""
        return self._log.dialect

    def check(self, *, ended: bool = False) -> None:
        """Judge what has come since by the assertions that held; ``ended``: nothing more will come.

        :raises WrongSchedule: one of them does not hold any more.
        :raises Forbidden: the firmware says that it failed, or crashed.
        :raises TooLittle: a test went by the events, and there were none.
        """
        self._catch_up(last=ended)
        self._refuse_crash()
        for trial in list(self._held):
            try:
                trial.assertion.end() if ended else trial.assertion.settle()
            except Violation as error:
                self._held.remove(trial)  # said once
                raise self._broken(error) from None
        if self._was_asked and not self._log.dialect:
            raise TooLittle(f"The test asks for events, but {self._no_event()}.", fix=_DESCRIBE)

    def _catch_up(self, *, last: bool = False) -> None:
        for events in self._log.rest(last=last):
            self._watch(events)

    def _refuse_crash(self) -> None:
        """Refuse a crash, in the RTOS's own words, of which nobody was told and that is not meant.

        :raises Forbidden: quoting it.
        """
        crash, console = self._printed, self._console
        if crash is None or console.excuses(crash.line):
            return
        told = console.outstanding.tells_the_end or console.outstanding.first() is not None
        if crash.kind != "fail" and (told or console.knows_of_fault or self._log.has_named(crash)):
            return
        self._printed = None  # said once
        raise Forbidden(f"the firmware {_CRASHES[crash.kind]}.", why=quoted(crash))

    def _judge(self, assertion: Assertion, timeout: float | None) -> None:
        seconds = self._timeout if timeout is None else timeout
        deadline = Deadline(seconds, asked=timeout is not None)
        with self._console.outstanding:
            self._ask(assertion, deadline)
            self._console.outstanding.came([assertion.wanted])

    def _ask(self, assertion: Assertion, deadline: Deadline) -> None:
        try:
            self._wait(assertion, deadline, patient=deadline.asked)
        except Violation as error:
            raise self._broken(error) from None
        except Forbidden as error:
            raise self._instead(error, self._crash(assertion)) from None
        except Stuck as error:
            error.why = assertion.missing() if self._log.dialect else ""
            raise
        except (NotSeen, MachineEnded) as error:
            raise self._instead(error, self._told(assertion, error)) from None

    def _instead(self, error: Misbehaved, ours: Misbehaved | None) -> Misbehaved:
        """Say an error of the console in words of ours, if there are any."""
        if ours is None:
            return error
        self._console.outstanding.forget(error)
        ours.awaited, ours.instead_of = error.awaited, error
        return ours

    def _wait(self, assertion: Assertion, deadline: Deadline, *, patient: bool) -> None:
        self._log.begin(assertion.wanted, deadline)
        self._catch_up()
        trial, fresh = Trial(assertion), self._log.events
        while not self._show(trial, fresh, patient=patient):
            read_in = self._log.dialect
            fresh = self._log.more(assertion.wanted, deadline)
            self._watch(fresh)
            if read_in not in ("", self._log.dialect):
                trial.begin_again()
        self._held.append(trial)

    def _show(self, trial: Trial, fresh: Sequence[Event], *, patient: bool) -> bool:
        """Show ``fresh`` events to an assertion: until it holds to judge by, then to watch."""
        events = of_this_boot(fresh, self._console.reset_at)
        if len(events) < len(fresh):
            trial.begin_again()
        before, boots, counted = trial.assertion.progress, trial.boots, False
        for event in events:
            counted = counted or (event.kind in trial.assertion.kinds and not trial.holds)
            if not trial.see(event, self._console.reset_at):
                self._refuse_end(trial.assertion, event)
        # Who has to begin again with each boot comes no nearer.
        nearer = trial.assertion.progress != before
        once = trial.boots == boots and len(events) == len(fresh)
        if (nearer and once) or (patient and counted):
            self._log.count_as_progress()
        return trial.holds

    def _watch(self, events: Sequence[Event]) -> None:
        """Take in events that are new, or all of a dialect that another was mistaken for."""
        crashes = (event for event in events if event.kind in _CRASHES)
        self._printed = self._printed or next(crashes, None)
        mistaken = self._read_in not in ("", self._log.dialect)
        self._read_in = self._log.dialect
        for trial in list(self._held):
            try:
                self._watch_one(trial, events, anew=mistaken)
            except Violation as error:
                self._held.remove(trial)  # said once
                raise self._broken(error) from None

    def _watch_one(self, trial: Trial, events: Sequence[Event], *, anew: bool) -> None:
        if anew and not trial.see_all(events, self._console.reset_at):
            raise Violation(trial.assertion.missing())
        for event in () if anew else events:
            trial.see(event, self._console.reset_at)

    def _refuse_end(self, assertion: Assertion, event: Event) -> None:
        """End the wait at an event after which nothing more will come."""
        if event.kind in _CRASHES:
            error, self._printed = _crashed(assertion, event), None
            self._console.note_crash(event.line, error)
            raise error
        if event.kind == "exit":
            nothing = assertion.too_little()
            if nothing:
                raise TooLittle(nothing, why=f"the firmware ended: {quoted(event)}")
            raise Violation(assertion.missing(), event, what="the firmware ended")

    def _broken(self, error: Violation) -> WrongSchedule:
        """Make the error for a violation, with the console around the event that broke it."""
        around = self._console.around_line(error.events[-1].number) if error.events else ""
        what = f"{error.what}: " if error.what else ""
        why = f"{what}{quoted(*error.events)}"
        if error.events:
            self.broken.append((error.events[-1].number, error.sentence))
        parts = (error.sentence, drawn(self._log.events, error.events), around)
        return WrongSchedule("\n".join(filter(None, parts)), why=why)

    def _crash(self, assertion: Assertion) -> Misbehaved | None:
        """Say a crash in the RTOS's own words, also where the console's watch was quicker."""
        rest = chain.from_iterable(self._log.rest(last=True))
        crash = next((event for event in rest if event.kind in _CRASHES), self._printed)
        self._printed = None
        return _crashed(assertion, crash) if crash else None

    def _told(self, assertion: Assertion, error: Misbehaved) -> Misbehaved:
        if self._log.dialect:
            nothing = assertion.too_little()
            kind = TooLittle if nothing else type(error)
            return kind(nothing or assertion.missing(), why=error.what)
        said = f"waited for {assertion.wanted}, but {self._no_event()}."
        return type(error)(said, why=error.what, fix=_DESCRIBE)

    def _no_event(self) -> str:
        dialects = ", ".join(f"'{name}'" for name in self._names) or "none"
        return f"no line of the console is a scheduler's (dialects tried: {dialects})"


def _crashed(assertion: Assertion, event: Event) -> Forbidden:
    return Forbidden(
        f"the firmware {_CRASHES[event.kind]} while the test waited for {assertion.wanted}.",
        why=quoted(event),
    )
