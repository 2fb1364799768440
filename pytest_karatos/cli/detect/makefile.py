r"""A Makefile's text with its includes, its variables filled in: read only, make is never called.

Functions that only move text are known (``foreach``, ``patsubst`` ...); what stands behind any
other is a gap, and a word with a gap in it has no name.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_karatos.cli.detect.text import read

#: Stands where nobody knows what would.
GAP = "\x01"
_ASSIGN = re.compile(r"^ *(?:export +|override +)?([\w.-]+)[ \t]*([:?+]{0,3}=)[ \t]*(.*)$")
_INCLUDE = re.compile(r"^ *(?:-|s)?include[ \t]+(.+)$")
#: An ``=`` behind the colon is a variable of the target, unless it stands in a reference.
_RULE = re.compile(r"^([^\t#=:][^#=:]*):(?![:=])((?:[^=$]|\$[({][^)}]*[)}]|\$(?![({]))*)$")
#: A Makefile that computes more than this is read no further.
_DEEPEST, _LONGEST, _MOST_REFERENCES, _MOST_FILES = 12, 200_000, 20_000, 30
#: Characters of references, which are looked at one by one; of one in another, for each of both.
_MOST_READ = 1_000_000


@dataclass(kw_only=True, slots=True)
class Rule:
    """A rule: its targets, what they need, and the text of its recipe."""

    targets: list[str]
    needs: list[str]
    recipe: str = ""


@dataclass(kw_only=True, slots=True)
class Makefile:
    """What the Makefile ``file`` of ``tree`` says, its includes with it."""

    tree: Path
    file: str
    values: dict[str, str] = field(default_factory=dict)
    #: Variables that a caller is meant to say otherwise: those of ``NAME ?= value``.
    defaults: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    text: str = ""
    _files: int = 0
    _written: int = 0
    _references: int = 0
    _looked_at: int = 0

    def __post_init__(self) -> None:
        """Read it."""
        self._read(self.tree / self.file)

    def expand(self, text: str, deep: int = 0) -> str:
        r"""Fill in variables and functions.

        >>> made = Makefile(tree=Path("/nowhere"), file="Makefile")
        >>> made.values |= {"A": "one two"}
        >>> made.expand("$(A:%=out/%.elf) $(foreach x,$(A),$(x)-$(x)) $(addsuffix .o,$A)")
        'out/one.elf out/two.elf one-one two-two one.o two.o'
        """
        done, at = [], 0
        while (start := text.find("$", at)) >= 0:
            done.append(text[at:start])
            piece, at = self._reference(text, start + 1, deep)
            done.append(piece)
            self._written += len(piece)
        return "".join((*done, text[at:]))

    def _reference(self, text: str, at: int, deep: int) -> tuple[str, int]:
        """Return what ``$`` before ``at`` stands for, and where the text goes on."""
        opening = text[at : at + 1]
        if opening not in {"(", "{"}:
            known = self.values.get(opening) if opening.isalpha() else None
            plain = "$" if opening == "$" else GAP
            return (plain if known is None else self.expand(known, deep + 1)), at + 1
        end = _closing(text, at)
        self._references += 1
        self._looked_at += end - at
        if deep > _DEEPEST or self._is_exhausted:
            return GAP, end
        return self._called(text[at + 1 : end - 1], deep + 1), end

    @property
    def _is_exhausted(self) -> bool:
        return (
            self._written > _LONGEST
            or self._references > _MOST_REFERENCES
            or self._looked_at > _MOST_READ
        )

    def _called(self, inside: str, deep: int) -> str:
        word, _, rest = inside.strip().partition(" ")
        if word == "foreach":
            return self._foreach(_parts(rest), deep)
        if word in _FUNCTIONS:
            return _apply(word, [self.expand(one, deep) for one in _parts(rest)])
        if word == "wildcard":
            return " ".join(self._wildcard(self.expand(rest, deep)))
        name, colon, change = inside.partition(":")
        value = self.values.get(name.strip())
        if value is None:
            return GAP
        value = self.expand(value, deep)
        before, _, after = self.expand(change, deep).partition("=")
        if not colon:
            return value
        pattern = (before, after) if "%" in before else (f"%{before}", f"%{after}")
        return _apply("patsubst", [*pattern, value])

    def _foreach(self, parts: list[str], deep: int) -> str:
        name, words, *rest = (*parts, "", "")
        name, body = name.strip(), ",".join(rest[:-2])
        kept, done = self.values.get(name), []
        for word in self.expand(words, deep).split():
            self.values[name] = word
            done.append(self.expand(body, deep))
        self.values.pop(name, None)
        if kept is not None:
            self.values[name] = kept
        return " ".join(done)

    def _wildcard(self, patterns: str) -> Iterator[str]:
        for one in patterns.split():
            if not (GAP in one or one.startswith(("/", "..")) or "**" in one):
                hits = sorted(self.tree.glob(one.removeprefix("./")))[:_MOST_FILES]
                slash = "/" * one.endswith("/")
                yield from (path.relative_to(self.tree).as_posix() + slash for path in hits)

    def _read(self, path: Path) -> None:
        self._files += 1
        if self._files > _MOST_FILES:
            return
        joined = re.sub(r"\\\n[ \t]*", " ", read(path))
        self.text += joined + "\n"
        for line in joined.splitlines():
            self._line(line if line.startswith("\t") else line.partition("#")[0].rstrip())

    def _line(self, line: str) -> None:
        if line.startswith("\t"):
            if self.rules:
                self.rules[-1].recipe += self.expand(line) + "\n"
        elif hit := _INCLUDE.match(line):
            for one in self.expand(hit[1]).split():
                if GAP not in one and (path := self.tree / one).is_file():
                    self._read(path)
        elif hit := _ASSIGN.match(line):
            self._assign(*hit.groups())
        elif hit := _RULE.match(line):
            needs = hit[2].partition(";")[0].replace("|", " ")
            targets = self.expand(hit[1]).split()
            self.rules.append(Rule(targets=targets, needs=self.expand(needs).split()))

    def _assign(self, name: str, how: str, value: str) -> None:
        if how == "?=":
            self.defaults.setdefault(name, value)
            self.values.setdefault(name, value)
        elif how == "+=":
            self.values[name] = f"{self.values.get(name, '')} {value}".strip()
        else:
            # A value that speaks of itself would go on for ever; make fills it in at once.
            at_once = how.startswith(":")
            self.values[name] = self.expand(value) if at_once else value


def _closing(text: str, at: int) -> int:
    """Return where the bracket at ``at`` is closed, one behind; the end where it is not."""
    pair = {"(": ")", "{": "}"}[text[at]]
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == text[at]) - (text[place] == pair)
        if depth == 0:
            return place + 1
    return len(text) + 1


def _parts(text: str) -> list[str]:
    """Split the arguments of a function: at commas that stand in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "({") - (sign in ")}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _patsubst(pattern: str, to: str, word: str) -> str:
    before, percent, after = pattern.partition("%")
    fits = word.startswith(before) and word.endswith(after) and len(word) >= len(pattern) - 1
    if not percent:
        return to if word == pattern else word
    return to.replace("%", word[len(before) : len(word) - len(after)], 1) if fits else word


def _kept(pattern: str, word: str) -> bool:
    return any(fnmatchcase(word, one.replace("%", "*")) for one in pattern.split())


#: What each function makes of one word; its other arguments come first.
_FUNCTIONS: dict[str, Callable[..., str]] = {
    "patsubst": lambda pattern, to, word: _patsubst(pattern.strip(), to.strip(), word),
    "addprefix": lambda prefix, word: prefix.strip() + word,
    "addsuffix": lambda suffix, word: word + suffix.strip(),
    "notdir": lambda word: word.rstrip("/").rpartition("/")[2] or word,
    "basename": lambda word: re.sub(r"\.[^./]*$", "", word),
    "filter": lambda pattern, word: word if _kept(pattern, word) else "",
    "filter-out": lambda pattern, word: "" if _kept(pattern, word) else word,
    "strip": lambda word: word,
    "sort": lambda word: word,
    "abspath": lambda word: word,
    "dir": lambda word: word.rpartition("/")[0] + "/" if "/" in word else "./",
}


def _apply(name: str, arguments: list[str]) -> str:
    *first, words = arguments
    try:
        return " ".join(filter(None, (_FUNCTIONS[name](*first, one) for one in words.split())))
    except TypeError:  # too many arguments, or too few
        return GAP
