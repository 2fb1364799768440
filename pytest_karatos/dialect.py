"""Events that an RTOS reports, and the rules (a dialect) by which its console lines are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

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


class _NoClock:
    """The clock of events that no machine printed."""

    def instructions(self, event: "Event") -> int:
        raise NotPossible(f"no machine printed {event.line!r}, so nobody knows when that was.")

    def time(self, event: "Event") -> float:
        return float(self.instructions(event))


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
_LINE_BREAK = re.compile(r"(?<!\\)\\n|\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What a line of the console meant.

    ``kind`` is a name of :data:`KINDS` or :data:`CASE_KINDS`; ``tick`` is the RTOS's own clock if
    the line carries it; ``number`` is the console line it began on, from 1, and ``last`` the one
    that it ended on; ``fields`` is the rest.
    """

    kind: str
    task: str = ""
    tick: int | None = None
    line: str = ""
    number: int = 0
    last: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    clock: EventClock = field(default=NO_CLOCK, compare=False, repr=False)

    @property
    def instructions(self) -> int:
        """How many instructions the guest had executed when the last byte of the event left.

        It costs a second boot, which is asked for all events at once.

        :raises NotPossible: where no boot is like the first, as with ``icount = "off"``.
        """
        return self.clock.instructions(self)

    @property
    def time(self) -> float:
        """The guest's seconds since the boot when the last byte of the event left.

        Exact to the microsecond (see :attr:`instructions`).
        """
        return self.clock.time(self)


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
    """

    name: str
    rules: tuple[Rule, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def tells_of_cases(self) -> bool:
        """Whether it is how tests on a target talk, and not a scheduler."""
        return any(rule.kind in CASE_KINDS for rule in self.rules)
