"""Assertions on the events of a scheduler: spawned, none lost, statistics, passed; their words."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.parser import number
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


class MessagesInOrder(Assertion):
    """The first ``count`` messages from ``sender`` reach ``receiver``, each once, in order."""

    kinds = frozenset({"send", "recv"})

    def __init__(self, sender: str, receiver: str, *, count: int) -> None:
        refuse_nothing("count", count)
        self._sender, self._receiver, self._count = sender, receiver, count
        self._sent: list[int] = []
        self._got: list[int] = []
        self._last: Event | None = None
        self._seen: set[str] = set()
        #: How often each message went out and came in; None when the numbers begin once more.
        self._times: dict[str, Counter[int]] | None = {"send": Counter(), "recv": Counter()}
        self.wanted = f"{count} messages from '{sender}' to '{receiver}'"

    def see(self, event: Event) -> bool:
        """Take in a ``send`` or ``recv`` between the two."""
        if event.kind in self.kinds:
            self._seen |= self._ends(event) - {""}
        seq = self._number(event)
        if seq is not None:
            if event.kind == "recv":
                self._take(seq, event)
            elif self._sent[-1:] != [seq]:
                self._sent.append(seq)
            self._count_once_more(seq, event)
            self.progress = len(self._sent) + len(self._got)
        return len(self._got) >= self._count

    def watch(self, event: Event) -> None:
        """Refuse one of the messages that comes in once more."""
        seq = self._number(event)
        if seq is not None and self._times is not None:
            again = self._count_once_more(seq, event)
            twice = event.kind == "recv" and seq in self._got and again
            if twice and (not self._sent or again > self._times["send"][seq] > 0):
                before = [self._last] if self._last else []
                raise Violation(self._wrong(seq, seq), *before, event)
            self._last = event if event.kind == "recv" else self._last

    def boots_again(self) -> None:
        """Watch no more: the numbers of messages begin once more."""
        self._times = None

    def _ends(self, event: Event) -> set[str]:
        return {event.task, event.fields.get("to", event.fields.get("from", "")).lower()}

    def _number(self, event: Event) -> int | None:
        """Return the number of a message from the one to the other, when it is sent or arrives."""
        seq = event.fields.get("seq", "")
        who = {"send": self._sender, "recv": self._receiver}.get(event.kind)
        ours = self._ends(event) == {self._sender, self._receiver}
        return int(seq) if ours and event.task == who and seq.isdigit() else None

    def _count_once_more(self, seq: int, event: Event) -> int:
        """Return how often that has happened to message ``seq`` by now."""
        if self._times is None:
            return 0
        times = self._times[event.kind]
        times[seq] += 1
        return times[seq]

    def missing(self) -> str:
        """Say which message is awaited."""
        if self._sent and len(self._sent) > len(self._got):
            return f"{self._lost(self._sent[len(self._got)])}: {self._so_far()}."
        return (
            f"'{self._sender}' sent {len(self._sent)} of {self._count} messages, "
            f"'{self._receiver}' got {len(self._got)}."
            f"{meant((self._sender, self._receiver), sorted(self._seen))}"
        )

    def _take(self, seq: int, event: Event) -> None:
        expected = self._due(seq)
        before = [self._last] if self._last else []
        self._last = event
        if seq != expected:
            raise Violation(self._wrong(seq, expected), *before, event)
        self._got.append(seq)

    def _due(self, seq: int) -> int:
        """Return the message that is due when ``seq`` comes: the next one that was sent."""
        if len(self._sent) > len(self._got):
            return self._sent[len(self._got)]
        # Who is told of no send goes by the first message that arrives.
        return self._got[-1] + 1 if self._got else seq

    def _wrong(self, seq: int, expected: int) -> str:
        if seq in self._got:
            return f"message {seq} from '{self._sender}' reached '{self._receiver}' twice."
        after = f"{self._got[-1]} then {seq}" if self._got else f"{seq} came first"
        return f"{self._lost(expected)}: {after}."

    def _lost(self, seq: int) -> str:
        return f"message {seq} from '{self._sender}' never reached '{self._receiver}'"

    def _so_far(self) -> str:
        return f"{self._got[-1]} was the last" if self._got else "none did"


class Statistics(Assertion):
    """Gather the first block of ``stats`` events; any other event ends the block."""

    wanted = "the scheduler's statistics"
    kinds = frozenset({"stats"})

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, int | str]] = {}
        self._spawned: set[str] = set()

    def see(self, event: Event) -> bool:
        """Take in a ``stats`` line; figures of no task are filed under ``scheduler``."""
        if event.kind == "spawn":
            self._spawned.add(event.task)
        if event.kind != "stats":
            return self._is_enough(bool(self.tables))
        self.tables[event.task or "scheduler"] = {
            key: text if (value := number(text)) is None else value
            for key, text in event.fields.items()
        }
        self.progress = len(self.tables)
        every = bool(self._spawned) and self._spawned <= self.tables.keys()
        return self._is_enough(not event.task or every)

    def missing(self) -> str:
        """Say what is there."""
        seen = ", ".join(self.tables) or "none"
        return f"the firmware did not report its statistics in full; of: {seen}."

    def _is_enough(self, complete: bool) -> bool:  # noqa: FBT001 - what it passes on
        if complete and not any(self.tables.values()):
            raise TooLittle(
                f"the statistics hold no figure; of: {', '.join(self.tables)}.",
                fix="name groups for the figures in the dialect's rule for 'stats'",
            )
        return complete


class Passed(Assertion):
    """The firmware says that it passed."""

    wanted = "the firmware to say that it passed"

    def see(self, event: Event) -> bool:
        """Wait for ``pass``.

        :raises TooLittle: it passed, by its own figures, after nothing: ``pass rounds=0``.
        """
        if event.kind == "pass" and event.fields:
            figures = [number(text) for text in event.fields.values()]
            if not any(figures) and 0 in figures:
                raise TooLittle(
                    "the firmware passed without having done anything.", why=quoted(event)
                )
        return event.kind == "pass"

    def missing(self) -> str:
        """Say it."""
        return "the firmware did not say that it passed."
