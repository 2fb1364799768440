r"""Read events out of console text by a dialect's rules, piece by piece as the text comes.

A rule is a regular expression for one line, or for several with ``\n`` between them: karatOS
prints one message over many lines. Each line is matched for itself, so a rule never has to look
at a text that is still growing, and no group may span lines. Lines that no rule knows are passed
over. Named groups become the event's fields; the group ``fields`` is split as ``key=value`` words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_karatos.dialect import NO_CLOCK, Dialect, Draft, Event, EventClock
from pytest_karatos.scheduler.rules import Compiled, rules_of

#: Characters of a line that rules look at: nobody prints an event longer than this.
LONGEST = 4096
#: Tasks whose runs and priorities are remembered; garbage may name as many as it has lines.
MOST_TASKS = 4096
_WORDS = re.compile(r"(\w+)=(\"[^\"]*\"|\S*)")
#: Fields that name a task as well: who a message is from, and who it is for.
_OTHERS = frozenset({"from", "to"})
#: More digits than any tick has; Python refuses to read a number of thousands of digits.
_LONGEST_NUMBER = 20
#: Kinds by which a task's priority, or the boot, become others.
_TELL = frozenset({"spawn", "stats", "boot"})
_NONE: dict[str, str] = {}


class Words(Mapping[str, str]):
    """An event's fields, split when somebody looks: few of many events are looked at.

    It is made of those that a rule named, of a text that holds others as ``key=value``, and of what
    tasks are called.

    >>> Words(({"n": "1"}, 'to=b why="a b"', {})) == {"n": "1", "to": "b", "why": "a b"}
    True
    """

    __slots__ = ("_made", "_source")

    def __init__(self, source: tuple[Mapping[str, str], str, Mapping[str, str]]) -> None:
        self._source = source

    def _all(self) -> dict[str, str]:
        try:
            return self._made
        except AttributeError:
            given, text, called = self._source
        words = {key: text.strip('"') for key, text in _WORDS.findall(text)}
        self._made: dict[str, str] = {**given, **words}
        for key in _OTHERS & self._made.keys():
            self._made[key] = called.get(self._made[key].lower(), self._made[key])
        for key in ("task", "tick"):
            self._made.pop(key, None)
        return self._made

    def said(self, key: str) -> str:
        """Return what a line says under ``key``, also where that is not a field: its task."""
        given, text, _ = self._source
        words: dict[str, str] = dict(_WORDS.findall(text))
        return words.get(key, given.get(key, "")).strip('"')

    def __getitem__(self, key: str) -> str:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class _Task:
    """What is known of a task by now."""

    __slots__ = ("name", "priority", "rank", "runs")

    def __init__(self, name: str, dialect: Dialect) -> None:
        self.name = name
        self.begin(dialect)

    def begin(self, dialect: Dialect) -> None:
        """Forget what a boot told."""
        self.runs = 0
        self.priority = dialect.priority_of.get(self.name, "")
        self.rank = dialect.rank(self.priority)


class Parser:
    r"""Turn text into events; feed it pieces of any size.

    >>> from pytest_karatos.dialect import Rule
    >>> rules = (Rule(kind="run", pattern=r"^RUN (?P<task>\w+)$"),)
    >>> parser = Parser(Dialect(name="mine", rules=rules))
    >>> [event.task for event in [*parser.feed("RUN hi"), *parser.feed("gh\n")]]
    ['high']
    """

    def __init__(self, dialect: Dialect, clock: EventClock = NO_CLOCK) -> None:
        self.name = dialect.name
        self._clock = clock
        self._dialect = dialect
        self._rules = rules_of(dialect.name, dialect.rules)
        #: Lines that are complete and wait for those behind them.
        self._lines: list[str] = []
        self._number = 1
        self._open: list[str] = []
        self._count = 0
        self._round = 0
        self._ran = False
        #: By the name that is printed; two of them may be one task.
        self._tasks: dict[str, _Task] = {}

    def feed(self, text: str) -> list[Event]:
        """Take in ``text``; return the events of all lines that are complete and decided."""
        lines = text.split("\n")
        rest = lines.pop()
        if lines and self._open:
            lines[0] = "".join(self._open) + lines[0]
            self._open = []
        self._lines += lines
        if rest and sum(map(len, self._open)) < LONGEST:
            self._open.append(rest[:LONGEST])
        return self._events(last=False)

    def finish(self) -> list[Event]:
        """Return the events of what was still open: no more text will come."""
        if self._open:
            self._lines.append("".join(self._open))
            self._open = []
        return self._events(last=True)

    def _events(self, *, last: bool) -> list[Event]:
        found: list[Event] = []
        lines, at, which, by_end = self._lines, 0, self._rules.which, self._rules.by_end
        end = len(lines)
        while at < end:
            line = lines[at]
            if len(line) > LONGEST:
                line = lines[at] = line[:LONGEST]
            took = 1
            if which is None:
                took = self._take(lines, at, found)
            elif match := which(line):
                # Nearly every line is none, or one rule's of one line: those two are the quick way.
                rule, _, groups = by_end[match.lastindex or 0]
                if len(rule.lines) == 1:
                    told = match.group(*groups, 0) if groups else ()
                    found.append(self._event(rule, told, line, self._number + at))
                else:
                    took = self._take(lines, at, found)
            if took < 0 and not last:
                break
            # A message that the end cut off: its first line is not an event.
            at += max(took, 1)
        self._number += at
        self._lines = lines[at:]
        return found

    def _take(self, lines: Sequence[str], at: int, found: list[Event]) -> int:
        """Add the event that begins there; return its lines, 1 for none, -1 when some are due."""
        for rule, groups in self._rules.begun_by(lines[at]):
            more = []
            for number, matcher in enumerate(rule.lines[1:], at + 1):
                if number == len(lines):
                    return -1
                match = matcher(lines[number][:LONGEST])
                if match is None:
                    break
                more.append(match)
            else:
                found.append(self._event(rule, groups, lines[at], self._number + at, more))
                return len(rule.lines)
        return 1

    def _event(
        self,
        rule: Compiled,
        groups: Sequence[str | None],
        line: str,
        number: int,
        more: Sequence[re.Match[str]] = (),
    ) -> Event:
        given = _NONE
        if rule.others or more:
            given = {name: text for name, at in rule.others if (text := groups[at]) is not None}
            for match in more:
                given |= {key: text for key, text in match.groupdict().items() if text is not None}
        event = Draft()
        event.kind = rule.kind
        words = (groups[rule.words] if rule.words >= 0 else "") or ""
        fields = event.fields = Words((given, words, self._dialect.names))
        tick = groups[rule.tick] if rule.tick >= 0 else given.get("tick")
        event.tick = int(tick) if tick and _is_whole(tick) else None
        printed = groups[rule.task] if rule.task >= 0 else None
        if printed is None:
            printed = fields.said("task")
        task = self._tasks.get(printed) or self._meet(printed)
        if rule.kind == "run":
            self._ran = True
            task.runs += 1
            if task.runs > self._round:  # noqa: PLR1730 - max() takes three times as long
                self._round = task.runs
        elif rule.kind in _TELL:
            self._learn(task, rule.kind, fields)
        event.task, event.priority, event.rank = task.name, task.priority, task.rank
        event.round = self._round
        event.line = line.strip()
        if more:
            event.line = " ".join([event.line, *(one.string.strip() for one in more)])
        event.number, event.last = number, number + len(more)
        event.clock, event.index = self._clock, self._count
        self._count += 1
        return event.done()

    def _meet(self, printed: str) -> _Task:
        """Return the task that is printed so, seen for the first time."""
        plain = printed.strip().lower()
        name = self._dialect.names.get(plain, plain)
        task = self._tasks.get(name) or _Task(name, self._dialect)
        if len(self._tasks) < MOST_TASKS:
            self._tasks[name] = self._tasks[printed] = task
        return task

    def _learn(self, task: _Task, kind: str, fields: Words) -> None:
        """Note another boot, or a priority as it is printed now."""
        if kind == "boot":
            if self._ran:
                self._begin()
        elif task.name and (printed := fields.get("priority", "")):
            task.priority, task.rank = printed, self._dialect.rank(printed)
        number = fields.get("id", "") if kind == "spawn" else ""
        if number and len(self._tasks) < MOST_TASKS:
            # Who is created by name may be called by its number from then on.
            self._tasks.setdefault(number, task)

    def _begin(self) -> None:
        """Forget what the boot before told."""
        for task in self._tasks.values():
            task.begin(self._dialect)
        self._round, self._ran = 0, False


def number_of(text: str) -> int | None:
    """Read a whole number, or None when ``text`` is none (or absurdly long).

    >>> number_of("12"), number_of("0x1"), number_of("")
    (12, None, None)
    """
    return int(text) if _is_whole(text) else None


def _is_whole(text: str) -> bool:
    return text.isdigit() and len(text) <= _LONGEST_NUMBER and text.isascii()


def detect(text: str, dialects: Sequence[Dialect]) -> Dialect | None:
    """Find the dialect that knows most of ``text``; the first one of equals, None when none does.

    >>> detect("hello", ()) is None
    True
    """
    best, most = None, 0
    for dialect in dialects:
        parser = Parser(dialect)
        count = len(parser.feed(text)) + len(parser.finish())
        if count > most:
            best, most = dialect, count
    return best
