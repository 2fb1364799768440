"""Events that an RTOS reports, and the rules (a dialect) by which its console lines are read."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from pytest_karatos.errors import NotPossible


class EventClock(Protocol):
    """What tells when an event was printed, by the guest's own measures."""

    def instructions(self, event: "Event") -> int:
        """Return how many instructions had been executed.

        :raises NotPossible: where that cannot be told.
        """

    def time(self, event: "Event") -> float:
        """Return the guest's seconds since the boot.

        :raises NotPossible: where that cannot be told.
        """

    def offset(self, event: "Event") -> int:
        """Return where in the console's log its first line begins, in bytes.

        :raises NotPossible: where there is no log.
        """


class _NoClock:
    """The clock of events that no machine printed."""

    def instructions(self, event: "Event") -> int:
        raise NotPossible(f"no machine printed {event.line!r}, so nobody knows when that was.")

    def time(self, event: "Event") -> float:
        return float(self.instructions(event))

    def offset(self, event: "Event") -> int:
        return self.instructions(event)


NO_CLOCK: EventClock = _NoClock()

#: What an event can be, and the groups that a rule for it must have.
KINDS: Mapping[str, tuple[str, ...]] = {
    "boot": (),
    "spawn": ("task",),
    "start": (),
    "run": ("task",),
    "sleep": ("task",),
    "wake": ("task",),
    "send": ("task",),
    "recv": ("task",),
    "timer": (),
    "stats": (),
    "pass": (),
    "fail": (),
    "exit": (),
    "panic": (),
    "fault": (),
}
#: What an event of tests that run on the target can be, and the groups that a rule must have.
CASE_KINDS: Mapping[str, tuple[str, ...]] = {
    "suite": ("name",),
    "case": ("name",),
    "case_ok": ("name",),
    "case_failed": ("name",),
    "case_skipped": ("name",),
    "plan": ("count",),
    "end": (),
}
#: The group whose text is split as ``key=value`` words: any other group may be among them.
FIELDS = "fields"
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_LINE_BREAK = re.compile(r"(?<!\\)\\n|\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What a line of the console meant.

    ``kind`` is a name of :data:`KINDS` or :data:`CASE_KINDS`; ``tick`` is the RTOS's own clock if
    the line carries it; ``number`` is the console line it began on, from 1, and ``last`` the one
    that it ended on; ``fields`` is the rest.

    ``priority`` is that of its task, as it was printed last, "" where none was; ``rank`` is the
    same as a number, greater for who goes first, None where nobody can tell. ``round`` is how often
    the task that runs most had run by then in this boot, 0 before the first run. ``index`` counts
    the events of the console, from 0.
    """

    kind: str
    task: str = ""
    tick: int | None = None
    line: str = ""
    number: int = 0
    last: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    clock: EventClock = field(default=NO_CLOCK, compare=False, repr=False)
    priority: str = ""
    rank: int | None = None
    round: int = 0
    index: int = field(default=0, compare=False)

    @property
    def instructions(self) -> int:
        """How many instructions the guest had executed when the last byte of the event left.

        It costs a second boot, which is asked for many events at once.

        :raises NotPossible: where no boot is like the first, as with ``icount = "off"``.
        """
        return self.clock.instructions(self)

    @property
    def time(self) -> float:
        """The guest's seconds since the boot when the last byte of the event left.

        Exact to the microsecond (see :attr:`instructions`).
        """
        return self.clock.time(self)

    @property
    def offset(self) -> int:
        """Where in the console's log its first line begins, in bytes from 0.

        :raises NotPossible: where no machine printed it.
        """
        return self.clock.offset(self)


class Draft:
    """An :class:`Event` while it is made: its slots can be set, and then it becomes the event.

    A frozen dataclass sets each field by a call, which is most of what reading an event would cost
    (3.0 of 4.5 microseconds, measured with Python 3.11).
    """

    __slots__ = tuple(one.name for one in dataclasses.fields(Event))

    kind: str
    task: str
    tick: int | None
    line: str
    number: int
    last: int
    fields: Mapping[str, str]
    clock: EventClock
    priority: str
    rank: int | None
    round: int
    index: int

    def done(self) -> Event:
        """Become the event; all fields are set."""
        self.__class__ = Event  # type: ignore[assignment]
        return cast("Event", self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Text that matches ``pattern`` is an event of ``kind``; named groups become its fields."""

    kind: str
    pattern: str

    @property
    def lines(self) -> list[str]:
        r"""The pattern of each line that it takes.

        >>> Rule(kind="boot", pattern=r"^=== Boot\n^v(?P<version>.*)").lines
        ['^=== Boot', '^v(?P<version>.*)']
        """
        return _LINE_BREAK.split(self.pattern)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one RTOS talks: its rules in the order they are tried, all of it data from TOML.

    ``names`` says what a task is called in tests, by the name (in small letters) that is printed.
    ``priorities`` are the words of priorities, the highest first; where they are numbers,
    ``lower_is_higher`` tells which goes first. ``priority_of`` names a task's priority where the
    RTOS does not print it.
    """

    name: str
    rules: tuple[Rule, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    priorities: tuple[str, ...] = ()
    lower_is_higher: bool = False
    priority_of: Mapping[str, str] = field(default_factory=dict)

    def rank(self, priority: str) -> int | None:
        """Return a priority as a number, greater for who goes first; None for an unknown word.

        >>> words = Dialect(name="x", rules=(), priorities=("high", "low"))
        >>> words.rank("high") > words.rank("low"), words.rank("idle")
        (True, None)
        >>> Dialect(name="y", rules=(), lower_is_higher=True).rank("7")
        -7
        """
        if priority in self.priorities:
            return -self.priorities.index(priority)
        if _NUMBER.fullmatch(priority):
            return -int(priority) if self.lower_is_higher else int(priority)
        return None

    @property
    def tells_of_cases(self) -> bool:
        """Whether it is how tests on a target talk, and not a scheduler."""
        return any(rule.kind in CASE_KINDS for rule in self.rules)
