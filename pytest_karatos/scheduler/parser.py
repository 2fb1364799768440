r"""Read events out of console text by a dialect's rules, piece by piece as the text comes.

A rule is a regular expression for one line, or for several with ``\n`` between them: karatOS
prints one message over many lines. Each line is matched for itself, so a rule never has to look
at a text that is still growing, and no group may span lines. Lines that no rule knows are passed
over. Named groups become the event's fields; the group ``fields`` is split as ``key=value`` words.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pytest_karatos.dialect import NO_CLOCK, Dialect, Event, EventClock
from pytest_karatos.errors import BadSetting

#: Characters of a line that rules look at: nobody prints an event longer than this.
LONGEST = 4096
_WORDS = re.compile(r"(\w+)=(\"[^\"]*\"|\S*)")
#: Fields that name a task as well: who a message is from, and who it is for.
_OTHERS = frozenset({"from", "to"})
#: More digits than any tick has; Python refuses to read a number of thousands of digits.
_LONGEST_NUMBER = 20


_Matcher = Callable[[str], re.Match[str] | None]


@dataclass(frozen=True, slots=True)
class _Compiled:
    kind: str
    lines: tuple[_Matcher, ...]

    def match(self, lines: Sequence[str]) -> list[re.Match[str]] | None:
        """Match as many of the rule's lines as there are; None when one does not match."""
        found = []
        for matcher, line in zip(self.lines, lines, strict=False):
            match = matcher(line)
            if match is None:
                return None
            found.append(match)
        return found


def compile_rules(dialect: Dialect) -> tuple[_Compiled, ...]:
    """Compile the rules of ``dialect``.

    :raises BadSetting: naming the rule whose pattern is not a regular expression.
    """
    return tuple(_compiled(dialect, number) for number in range(len(dialect.rules)))


def _compiled(dialect: Dialect, number: int) -> _Compiled:
    rule = dialect.rules[number]
    try:
        lines = tuple(_matcher(line) for line in rule.lines)
    except re.error as error:
        raise BadSetting(
            f"dialect '{dialect.name}': the pattern of rule {number + 1} ({rule.kind}) is not a "
            f"regular expression: {error}.",
            why=f"pattern: {rule.pattern}",
        ) from None
    return _Compiled(rule.kind, lines)


def _matcher(pattern: str) -> _Matcher:
    compiled = re.compile(pattern)
    # Searching tries "^" at every character of a line; the meaning is the same.
    return compiled.match if pattern.startswith("^") and "|" not in pattern else compiled.search


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
        self._names = dialect.names
        self._rules = compile_rules(dialect)
        self._lines: deque[str] = deque()
        self._number = 1
        self._open: list[str] = []

    def feed(self, text: str) -> list[Event]:
        """Take in ``text``; return the events of all lines that are complete and decided."""
        *complete, rest = text.split("\n")
        for line in complete:
            self._open.append(line)
            self._lines.append("".join(self._open)[:LONGEST])
            self._open = []
        if rest and sum(map(len, self._open)) < LONGEST:
            self._open.append(rest[:LONGEST])
        return list(self._events(last=False))

    def finish(self) -> list[Event]:
        """Return the events of what was still open: no more text will come."""
        if self._open:
            self._lines.append("".join(self._open)[:LONGEST])
            self._open = []
        return list(self._events(last=True))

    def _events(self, *, last: bool) -> Iterator[Event]:
        while self._lines:
            rule, found = self._first_match()
            if rule is None:
                self._drop(1)
            elif len(found) == len(rule.lines):
                yield self._event(rule.kind, found)
                self._drop(len(found))
            elif last:
                # A message that the end cut off: its first line is not an event.
                self._drop(1)
            else:
                return

    def _first_match(self) -> tuple[_Compiled | None, list[re.Match[str]]]:
        first = self._lines[0]
        for rule in self._rules:
            if rule.lines[0](first) is None:
                continue
            found = rule.match(self._lines)
            if found is not None:
                return rule, found
        return None, []

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._lines.popleft()
        self._number += count

    def _event(self, kind: str, found: list[re.Match[str]]) -> Event:
        fields: dict[str, str] = {}
        for match in found:
            fields |= {name: text for name, text in match.groupdict().items() if text is not None}
        words = fields.pop("fields", "")
        fields |= {key: text.strip('"') for key, text in _WORDS.findall(words)}
        tick = fields.pop("tick", "")
        fields |= {
            key: self._names.get(fields[key].lower(), fields[key])
            for key in _OTHERS & fields.keys()
        }
        return Event(
            kind=kind,
            task=self._called(fields.pop("task", "")),
            tick=number(tick),
            line=" ".join(match.string.strip() for match in found),
            number=self._number,
            last=self._number + len(found) - 1,
            fields=fields,
            clock=self._clock,
        )

    def _called(self, task: str) -> str:
        printed = task.strip().lower()
        return self._names.get(printed, printed)


def number(text: str) -> int | None:
    """Read a whole number, or None when ``text`` is none (or absurdly long).

    >>> number("12"), number("0x1"), number("")
    (12, None, None)
    """
    plain = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else None


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
