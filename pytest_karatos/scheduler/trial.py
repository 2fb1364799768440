"""An assertion on trial: judged by the events of one boot, and begun anew with the next one."""

import copy
from collections.abc import Iterable, Sequence

from pytest_karatos.dialect import Event
from pytest_karatos.scheduler.assertions import Assertion

#: What an RTOS says before it runs anything: a boot behind anything else is another one.
_BEFORE_ANY_RUN = frozenset({"boot", "spawn", "timer"})


class Boots:
    """Tells where another boot begins: the RTOS boots that has run, or reset was pressed.

    >>> boots = Boots()
    >>> kinds = ["boot", "boot", "run", "boot"]
    >>> [boots.begins(Event(kind=kind, number=line)) for line, kind in enumerate(kinds, 1)]
    [False, False, False, True]
    """

    def __init__(self) -> None:
        self._ran = False
        self._number = 0

    def begins(self, event: Event, reset_at: int = 0) -> bool:
        """Tell whether ``event`` is the first of another boot; reset came behind that line."""
        booted = event.kind == "boot" and self._ran
        was_reset = self._number <= reset_at < event.number and reset_at > 0
        self._number = event.number
        anew = booted or was_reset
        self._ran = (self._ran and not anew) or event.kind not in _BEFORE_ANY_RUN
        return anew


def of_this_boot(events: Sequence[Event], reset_at: int) -> Sequence[Event]:
    """Return those of ``events`` that are of the last boot; reset came behind line ``reset_at``."""
    boots, start = Boots(), 0
    for index, event in enumerate(events):
        if boots.begins(event, reset_at):
            start = index
    return [event for event in events[start:] if event.number > reset_at]


class Trial:
    """``assertion`` and whether it holds by the events that it was shown."""

    def __init__(self, assertion: Assertion) -> None:
        self.assertion = assertion
        self.holds = False
        #: How often it has begun again with another boot.
        self.boots = 0
        self._blank = copy.deepcopy(vars(assertion))
        self._boots = Boots()
        self._next = 0

    def begin_again(self) -> None:
        """Forget all events."""
        vars(self.assertion).clear()
        vars(self.assertion).update(copy.deepcopy(self._blank))
        self.holds, self._boots, self._next = False, Boots(), 0

    def see(self, event: Event, reset_at: int) -> bool:
        """Show one event: until it holds to judge by, then to watch; return whether it holds.

        :raises Violation: it cannot hold any more. :raises TooLittle: there is nothing to judge.
        """
        if self._boots.begins(event, reset_at):
            if self.holds:
                self.assertion.boots_again()
            else:
                self.begin_again()
                self.boots += 1
                self._boots.begins(event, reset_at)
        if event.index > self._next > 0:
            self.assertion.misses()
        self._next = event.index + 1
        if self.holds:
            self.assertion.watch(event)
        else:
            self.holds = self.assertion.see(event)
        return self.holds

    def see_all(self, events: Iterable[Event], reset_at: int) -> bool:
        """Begin again, show ``events`` and return whether it holds.

        :raises Violation: it cannot hold any more. :raises TooLittle: there is nothing to judge.
        """
        self.begin_again()
        for event in events:
            self.see(event, reset_at)
        return self.holds
