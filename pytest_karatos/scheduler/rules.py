r"""A dialect's rules, compiled: which rule a line begins, told by one pattern made of all of them.

A rule is a regular expression for one line, or for several with ``\n`` between them. Asking each
rule about each line is what reading costs; so their first lines are put together into one pattern,
wherever that means the same.
"""

import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_karatos.dialect import FIELDS, Rule
from pytest_karatos.errors import BadSetting

Matcher = Callable[[str], re.Match[str] | None]
_NAMED = re.compile(r"(?<!\\)\(\?P<\w+>")
#: What means something else in a longer pattern: references, conditions, flags, a group's words
#: within brackets.
_OF_ITS_OWN = re.compile(r"\\[1-9]|\(\?P=|\(\?\(|\(\?[aiLmsux-]|\[[^]]*\(\?P<|\\\\\(")
#: What may stand between characters of a pattern and count for those before it.
_QUANTIFIERS = tuple("*+?{")
#: Characters that mean themselves, and the beginning of a line.
_PLAIN = "^@#%&=:;,_ <>~\"'" + string.ascii_letters + string.digits
_OPENING = {"(": 1, "[": 1, ")": -1, "]": -1}


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule: a matcher for each of its lines, and where its usual groups are.

    ``task``, ``tick`` and ``words`` are places among a first line's groups, -1 for none;
    ``others`` are the names of the rest, with theirs.
    """

    kind: str
    lines: tuple[Matcher, ...]
    groups: int
    task: int
    tick: int
    words: int
    others: tuple[tuple[str, int], ...]


#: A rule whose first line matched, and what its groups hold.
Found = tuple[Compiled, Sequence[str | None]]


class Rules:
    """The ``rules`` of the dialect ``name``, in the order tried; see :func:`rules_of`.

    :raises BadSetting: naming the rule whose pattern is not a regular expression.
    """

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        self._rules = tuple(_compiled(name, rule, at) for at, rule in enumerate(rules, 1))
        firsts = [rule.lines[0] for rule in rules]
        anchored = all(map(is_anchored, firsts))
        self._together = _together(firsts)
        #: Tells by the number of its last group which rule comes first.
        self.which = self._together.match if self._together and anchored else None
        #: By that number: the rule, its place, and the numbers of its groups.
        self.by_end: dict[int, tuple[Compiled, int, tuple[int, ...]]] = {}
        end = 0
        for place, rule in enumerate(self._rules):
            own = tuple(range(end + 1, end + 1 + rule.groups))
            end += rule.groups + 1
            self.by_end[end] = rule, place, own

    def begun_by(self, line: str) -> Iterator[Found]:
        """Give the rules that ``line`` begins, in their order."""
        start = 0
        if self.which is not None:
            found = self.which(line)
            if found is None:
                return
            _, start, _ = self.by_end[found.lastindex or 0]
        elif self._together is not None and self._together.search(line) is None:
            return
        for rule in self._rules[start:]:
            match = rule.lines[0](line)
            if match is not None:
                yield rule, match.groups()


@lru_cache(maxsize=64)
def rules_of(name: str, rules: tuple[Rule, ...]) -> Rules:
    """Return the rules of a dialect, compiled once: each boot's log is tried in all dialects.

    :raises BadSetting: as :class:`Rules` does.
    """
    return Rules(name, rules)


def _compiled(name: str, rule: Rule, number: int) -> Compiled:
    try:
        patterns = [re.compile(line) for line in rule.lines]
    except re.error as error:
        raise BadSetting(
            f"dialect '{name}': the pattern of rule {number} ({rule.kind}) is not a "
            f"regular expression: {error}.",
            why=f"pattern: {rule.pattern}",
        ) from None
    places = {name: at - 1 for name, at in patterns[0].groupindex.items()}
    return Compiled(
        kind=rule.kind,
        # Searching tries "^" at every character of a line; the meaning is the same.
        lines=tuple(one.match if is_anchored(one.pattern) else one.search for one in patterns),
        groups=patterns[0].groups,
        task=places.pop("task", -1),
        tick=places.pop("tick", -1),
        words=places.pop(FIELDS, -1),
        others=tuple(places.items()),
    )


def is_anchored(pattern: str) -> bool:
    r"""Tell whether ``pattern`` can only match at the beginning of a line.

    >>> is_anchored("^(a|b)"), is_anchored("^a|b"), is_anchored(r"^a\|[|]"), is_anchored("a")
    (True, False, True, False)
    """
    return pattern.startswith("^") and all(
        char != "|" for char, depth in _characters(pattern) if not depth
    )


def _characters(pattern: str) -> Iterator[tuple[str, int]]:
    """Give the characters of a pattern that mean something, with how deep in brackets they are."""
    depth, in_class, at = 0, False, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 2
            yield "\\", depth
            continue
        if in_class or char == "[":
            in_class = char != "]" or pattern[at - 1] == "["
        elif char in "()":
            depth += _OPENING[char]
        yield char, depth + in_class
        at += 1


def _together(firsts: Sequence[str]) -> "re.Pattern[str] | None":
    r"""Put first lines together; each ends with a group of its own, by which it is known.

    None where one means something else among others.
    """
    if any(_OF_ITS_OWN.search(one) for one in firsts):
        return None
    plain = [_NAMED.sub("(", one) for one in firsts]
    shared = _shared(plain)
    ends = "|".join(f"{one[len(shared) :]}()" for one in plain)
    try:
        made = re.compile(f"{shared}(?:{ends})")
    except re.error:
        return None
    every = sum(re.compile(one).groups + 1 for one in firsts)
    return made if made.groups == every else None


def _shared(plain: Sequence[str]) -> str:
    r"""Return the plain characters that all begin with, to be looked at once.

    >>> _shared([r"^@(\d+) run", r"^@(\d+) boot"]), _shared(["^ab?", "^abc"])
    ('^@', '^a')
    """
    if len(plain) < 2 or not all(map(is_anchored, plain)):  # noqa: PLR2004 - one shares nothing
        return ""
    least, most = min(plain), max(plain)
    differs = (at for at, char in enumerate(least) if most[at : at + 1] != char)
    found = least[: next(differs, len(least))]
    safe = found[: len(found) - len(found.lstrip(_PLAIN))]
    ends = any(one[len(safe) : len(safe) + 1] in _QUANTIFIERS for one in plain)
    return safe[:-1] if ends else safe
