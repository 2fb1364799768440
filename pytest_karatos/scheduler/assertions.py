"""What an assertion on a scheduler's events is, the words that all of them use; spawned, passed."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.parser import number_of
from pytest_karatos.settings.suggest import did_you_mean
from pytest_karatos.text import printable

_SHOWN = 200


class Violation(Exception):
    """An assertion cannot hold any more: a sentence, and the events that broke it, in order.

    ``what`` says what they are, where the sentence does not.
    """

    def __init__(self, sentence: str, *events: Event, what: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.events = events
        self.what = what


class Assertion(ABC):
    """One assertion; it is shown the events one by one, from the boot on."""

    #: What is waited for, in words.
    wanted: str
    #: The kinds of events that it counts.
    kinds: frozenset[str] = frozenset()
    #: How much of what it counts has come: while this grows the firmware is not stuck.
    progress: int = 0

    @abstractmethod
    def see(self, event: Event) -> bool:
        """Take in an event; True when the assertion holds.

        :raises Violation: it cannot hold any more. :raises TooLittle: there is nothing to judge.
        """

    @abstractmethod
    def missing(self) -> str:
        """Say in a sentence what is not there yet."""

    def too_little(self) -> str:
        """Say in a sentence why nothing could be judged; empty when there was enough."""
        return ""

    def watch(self, event: Event) -> None:  # noqa: B027 - most have nothing to watch
        """Take in an event after the assertion held.

        :raises Violation: it does not hold any more.
        """

    def boots_again(self) -> None:  # noqa: B027 - most have nothing to watch
        """Note, after the assertion held, that the RTOS boots once more."""

    def misses(self) -> None:
        """Note that events are missing: of very many only the first and the latest are kept."""
        self.boots_again()

    def settle(self) -> None:  # noqa: B027 - most put nothing off
        """Judge at the end of a test what was put off, since telling takes a second boot.

        :raises Violation: it does not hold.
        """

    def end(self) -> None:  # noqa: B027 - most are complete
        """Judge what is complete only now: the firmware has ended.

        :raises Violation: it does not hold.
        """


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


def counted(counts: Counter[str]) -> str:
    """Say how often each ran.

    >>> counted(Counter({"a": 2, "b": 1, "c": 0})), counted(Counter())
    ('a 2, b 1', 'no task')
    """
    return ", ".join(f"{task} {count}" for task, count in counts.items() if count) or "no task"


def counted_as(count: int, noun: str) -> str:
    """Say a count with its noun.

    >>> counted_as(1, "time"), counted_as(2, "time")
    ('1 time', '2 times')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def meant(tasks: Iterable[str], seen: Iterable[str]) -> str:
    """Say which task was meant, where one of ``tasks`` was never ``seen`` and is like one that was.

    >>> meant(["hihg", "low"], ["high", "low"])
    " Did you mean 'high'?"
    """
    known = list(seen)
    return next((did_you_mean(task, known) for task in tasks if task not in known), "")


def refuse_nothing(word: str, count: int) -> None:
    """Refuse a count that leaves nothing to judge.

    :raises TooLittle: for a ``count`` below 1.
    """
    if count < 1:
        raise TooLittle(f"{word}={count} leaves nothing to judge.", fix=f"ask for {word}=1 or more")


def refuse_repeated(tasks: Sequence[str], *, least: int = 0) -> None:
    """Refuse fewer than ``least`` tasks, and a task that is named twice.

    :raises TooLittle: saying which.
    """
    if len(tasks) < least:
        raise TooLittle(f"{len(tasks)} named tasks are too little to judge.", fix="name the tasks")
    twice = [task for task, count in Counter(tasks).items() if count > 1]
    if twice:
        raise TooLittle(f"{named(twice)} named twice in one assertion.", fix="name each task once")


class Spawned(Assertion):
    """All of ``tasks`` are spawned before the scheduler starts, no name or id given twice."""

    kinds = frozenset({"spawn"})

    def __init__(self, tasks: Sequence[str]) -> None:
        refuse_repeated(tasks, least=1)
        self._tasks = tasks
        self._seen: dict[str, Event] = {}
        self._ids: dict[str, Event] = {}
        self._started = False
        self.wanted = f"the spawning of {named(tasks)}"

    def see(self, event: Event) -> bool:
        """Take in a ``spawn``; a ``start`` is too early while one is missing."""
        self.watch(event)
        return not self._absent()

    def watch(self, event: Event) -> None:
        """Refuse a start without one, and a second task of the same name or id.

        Ids may come again when tasks have run.
        """
        if event.kind == "boot":
            self._seen, self._ids, self._started = {}, {}, False
        self._started = self._started or event.kind in ("start", "run")
        if event.kind == "spawn":
            if not self._started:
                self._refuse_duplicate(event)
            self._seen.setdefault(event.task, event)
            self._ids.setdefault(event.fields.get("id", ""), event)
            self.progress += 1
        if event.kind == "start" and self._absent():
            raise Violation(self.missing(), event, what="the scheduler started")

    def missing(self) -> str:
        """Name the tasks without a spawn, and those with one."""
        absent = self._absent() or list(self._tasks)
        were = ", ".join(self._seen) or "none"
        return f"{named(absent)} not spawned; spawned: {were}.{meant(absent, self._seen)}"

    def _absent(self) -> list[str]:
        return [task for task in self._tasks if task not in self._seen]

    def _refuse_duplicate(self, event: Event) -> None:
        before = self._seen.get(event.task)
        if before is not None:
            raise Violation(f"task '{event.task}' was spawned twice.", before, event)
        number = event.fields.get("id", "")
        before = self._ids.get(number) if number else None
        if before is not None:
            both = f"tasks '{before.task}' and '{event.task}'"
            raise Violation(f"{both} were spawned with the same id {number}.", before, event)


class Passed(Assertion):
    """The firmware says that it passed."""

    wanted = "the firmware to say that it passed"

    def see(self, event: Event) -> bool:
        """Wait for ``pass``.

        :raises TooLittle: it passed, by its own figures, after nothing: ``pass rounds=0``.
        """
        if event.kind == "pass" and event.fields:
            figures = [number_of(text) for text in event.fields.values()]
            if not any(figures) and 0 in figures:
                raise TooLittle(
                    "the firmware passed without having done anything.", why=quoted(event)
                )
        return event.kind == "pass"

    def missing(self) -> str:
        """Say it."""
        return "the firmware did not say that it passed."
