"""The cases of a run on the target, folded out of the events that tell of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_karatos.dialect import Event
from pytest_karatos.scheduler.parser import number_of
from pytest_karatos.text import fitted, printable

State = Literal["passed", "failed", "skipped", "unfinished"]
_STATES: dict[str, State] = {
    "case": "unfinished",
    "case_ok": "passed",
    "case_failed": "failed",
    "case_skipped": "skipped",
}
#: Cases that are kept; firmware may print for ever. Characters of a name.
MOST, _WIDTH = 10_000, 200
#: Cases that a sentence names.
_NAMED = 5
_IN_IDS = str.maketrans("[]", "()")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A case: its name (unlike that of any other), what became of it, and what was said of that.

    ``line`` is the number of the console's line that told it last.
    """

    name: str
    state: State
    message: str = ""
    line: int = 0


class Cases:
    """The cases so far.

    >>> cases = Cases()
    >>> cases.take(Event(kind="case", fields={"name": "adds"}))
    >>> cases.all[0].state, cases.is_complete
    ('unfinished', False)
    """

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._suite = ""
        self._open = ""
        #: The number in turn of the case that is going on, where cases have one.
        self._turn: int | None = None
        self._count = 0
        self._ended = False
        self._claims: list[str] = []
        self.planned: int | None = None

    @property
    def all(self) -> Sequence[Case]:
        """Each case, in the order in which they were first told of."""
        return tuple(self._cases.values())

    def of(self, state: State) -> Sequence[Case]:
        """Return those of which that became."""
        return [one for one in self._cases.values() if one.state == state]

    @property
    def is_complete(self) -> bool:
        """Whether the target has said that there are no more, or as many came as it planned."""
        finished = len(self._cases) - len(self.of("unfinished"))
        as_planned = self.planned is not None and finished >= self.planned
        return self._ended or (as_planned and self._turn is None)

    def take(self, event: Event) -> None:
        """Fold in what a line has told."""
        name = event.fields.get("name", "").strip()
        match event.kind:
            case "suite":
                self._suite = name
            case "plan":
                self.planned = (self.planned or 0) + (number_of(event.fields["count"]) or 0)
            case "end" | "fail":
                if event.kind == "end" and self._turn == self.planned:
                    self._pass()
                self._ended = True
                self._claim(event)
            case kind if kind in _STATES:
                self._take_turn(event)
                self._tell(event, name, _STATES[kind])

    def _take_turn(self, event: Event) -> None:
        """Take in the place that a case says it has among all.

        Where cases have one, the next is how the target says that the one before it has passed:
        the very next, since a number that comes again, or is left out, tells of no pass.
        """
        turn = number_of(event.fields.get("turn", ""))
        if turn is not None:
            if self._turn is not None and turn == self._turn + 1:
                self._pass()
            self._turn = turn
            self.planned = max(self.planned or 0, number_of(event.fields.get("count", "")) or 0)
        elif event.fields.get("only"):
            self.planned = 1

    def _pass(self) -> None:
        """Let the case that is going on have passed, where cases have turns."""
        if self._turn is not None and self._open:
            self._cases[self._open] = replace(self._cases[self._open], state="passed")
            self._open = ""

    def _claim(self, event: Event) -> None:
        failed = event.fields.get("failed", "1" if event.kind == "fail" else "")
        if failed.strip("0") and not self.of("failed"):
            self._claims.append(f"the target said {printable(event.line)!r}")
        count = number_of(event.fields.get("count", ""))
        if count is not None and count != len(self._cases):
            self._claims.append(f"the target counts {count} cases, and told of {len(self._cases)}")

    def _tell(self, event: Event, name: str, state: State) -> None:
        self._count += 1
        if not name and self._open and state != "unfinished":
            called = self._open
        else:
            called = self._called(name or f"case {event.fields.get('number') or self._count}")
        if called not in self._cases and len(self._cases) >= MOST:
            return
        before = self._cases.get(called)
        if before is not None and (before.state != "unfinished" or state == "unfinished"):
            called = self._another(called)
        self._open = called if state == "unfinished" else ""
        message = fitted(printable(event.fields.get("message", "").strip()), _WIDTH)
        told = Case(name=called, state=state, message=message, line=event.number)
        self._cases[called] = replace(told, message=message or printable(event.line.strip()))

    def _called(self, name: str) -> str:
        whole = f"{self._suite}.{name}" if self._suite else name
        # It becomes part of a test's id: '::' parts those, and brackets hold parameters.
        plain = whole.replace("::", ".").translate(_IN_IDS)
        return fitted(printable(" ".join(plain.split())), _WIDTH)

    def _another(self, name: str) -> str:
        count = 2
        while f"{name} ({count})" in self._cases:
            count += 1
        return f"{name} ({count})"

    def wrong(self) -> Iterator[str]:
        """Say what is wrong, a clause each; nothing where each case passed, or skipped itself."""
        verbs: dict[State, str] = {"failed": "failed", "unfinished": "never finished"}
        for state, verb in verbs.items():
            if found := self.of(state):
                yield f"{len(found)} of {len(self._cases)} cases {verb} ({_names(found)})"
        if self.planned is not None and self.planned != len(self._cases):
            yield f"{len(self._cases)} cases came of {self.planned} that were planned"
        if not self.is_complete:
            yield "the target never said that there are no more"
        if len(self._cases) >= MOST:
            yield f"there are more than {MOST} cases"
        yield from self._claims


def _names(cases: Iterable[Case]) -> str:
    names = [one.name for one in cases]
    more = ", ..." if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
