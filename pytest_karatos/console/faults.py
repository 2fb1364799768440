"""The search for what systems print when they crash, in lines that may still grow."""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_karatos.watch_rules import FaultRule

#: The only character that becomes two in lower case.
_GROWS, _INSTEAD = "\u0130", "i"
#: Letters of a word that are searched for in all lines, before the word is.
_STEM = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A match of ``rule`` in the line that begins at ``line``; all are indexes of the text."""

    rule: FaultRule
    line: int
    start: int
    end: int


class FaultSearch:
    r"""The rules, ready to be searched for.

    >>> rule = FaultRule(system="x", means="an x", word="oh no", pattern="^(?i:oh no) [0-9]")
    >>> [found.start for found in FaultSearch([rule]).find("fine\nOh No 7\n", 0)]
    [5]
    """

    def __init__(self, rules: Sequence[FaultRule]) -> None:
        self._stems = _by_stem(rules)

    def find(self, text: str, start: int) -> Sequence[Fault]:
        """Return what is found from ``start`` (a line's begin) on, at most one for each line."""
        lowered = text[start:].replace(_GROWS, _INSTEAD).lower()
        found: dict[int, Fault] = {}
        for stem, rules in self._stems.items():
            at = lowered.find(stem)
            while at >= 0:
                line = lowered.rfind("\n", 0, at) + 1
                end = lowered.find("\n", at) + 1 or len(lowered)
                words = lowered[line:end]
                for rule in rules:
                    if line not in found and rule.word in words:
                        match = _compiled(rule).search(text, start + line, start + end)
                        if match:
                            found[line] = _fault(rule, start + line, match)
                at = lowered.find(stem, end)
        return [found[line] for line in sorted(found)]

    def words(self, line: str) -> Iterator[tuple[int, int]]:
        r"""Give the words of all rules that ``line`` matches, each from and to an index.

        >>> rule = FaultRule(system="x", means="an x", word="oh no", pattern="^(?i:oh no) [0-9]")
        >>> list(FaultSearch([rule]).words("Oh No 7\n"))
        [(0, 5)]
        """
        lowered = line.replace(_GROWS, _INSTEAD).lower()
        for rules in self._stems.values():
            for rule in rules:
                at = lowered.find(rule.word)
                if at >= 0 and _compiled(rule).search(line):
                    yield at, at + len(rule.word)


@lru_cache(maxsize=1024)
def _compiled(rule: FaultRule) -> re.Pattern[str]:
    """Compile a rule when its word came: most runs meet none, and all of them take a while."""
    return re.compile(rule.pattern, re.MULTILINE)


def _by_stem(rules: Sequence[FaultRule]) -> Mapping[str, Sequence[FaultRule]]:
    """Group rules by a few letters that their words share: stems are searched for, not each word.

    >>> texts = ("hard fault", "no panic", "bus fault")
    >>> rules = [FaultRule(system="x", means="an x", word=one, pattern=one) for one in texts]
    >>> {stem: [rule.word for rule in theirs] for stem, theirs in _by_stem(rules).items()}
    {'fault': ['hard fault', 'bus fault'], 'panic': ['no panic']}
    """
    left = list(rules)
    groups: dict[str, list[FaultRule]] = {}
    while left:
        counts = Counter(stem for rule in left for stem in _parts(rule.word))
        best = max(counts, key=lambda stem: (counts[stem], stem))
        groups[best] = [rule for rule in left if best in rule.word]
        left = [rule for rule in left if best not in rule.word]
    return groups


def _parts(word: str) -> set[str]:
    return {word[at : at + _STEM] for at in range(max(1, len(word) - _STEM + 1))}


def _fault(rule: FaultRule, line: int, found: re.Match[str]) -> Fault:
    return Fault(rule=rule, line=line, start=found.start(), end=found.end())


#: The rules that were asked for last, each with its search: a run has few, and the same objects.
_recent: deque[tuple[tuple[FaultRule, ...], FaultSearch]] = deque(maxlen=8)


def search_for(rules: tuple[FaultRule, ...]) -> FaultSearch:
    """Return the search for ``rules``; compiled once in a process."""
    for known, search in tuple(_recent):
        if known is rules:  # comparing, or hashing, a hundred rules takes longer than a boot may
            return search
    found = _search_for(rules)
    _recent.append((rules, found))
    return found


@lru_cache(maxsize=8)
def _search_for(rules: tuple[FaultRule, ...]) -> FaultSearch:
    return FaultSearch(rules)
