"""What the firmware of a tree will say and how it ends, by the texts in its sources and ELFs.

Nothing is built for that: a line that a dialect reads stands as a text in the source that prints
it. What is found makes tests that fit; whether it is so, they tell.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.cli.detect.text import files_of, read
from pytest_karatos.dialect import Dialect, Rule

_SOURCES = frozenset((".rs", ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".zig", ".s", ".S"))
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PRINTED = re.compile(rb"[\x20-\x7e]{6,}")
_LARGEST_ELF = 8 * 1024**2
#: Rust's and C's ways to print by semihosting, and to print on a UART.
_SEMIHOSTING = re.compile(
    r"\bhprintln?!|\bhio::|\bsemihosting::(?:e?println?|hprint)|\bSYS_WRITE[0C]?\b|\binitialise_"
    r"monitor_handles\b|rdimon"
)
_UART = re.compile(r"uart|usart|serial|rtt|0x4000_?C000|0x1000_?0000", re.IGNORECASE)
#: An end with success that somebody wrote, not the one with failure that a panic takes.
_ENDS = re.compile(
    r"\bEXIT_SUCCESS\b|\bADP_Stopped_ApplicationExit\b|0x0*2_?0026\b|\bexit_success\s*\(|"
    r"\bprocess::exit\s*\(\s*0|\bExitStatus::Success\b|\bFINISHER_PASS\b|0x0*5555\b"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """What is known: the dialect with the tasks that it names, and signs of output and end.

    ``tasks`` are those that are spawned, ``running`` those that say that they run. Each fact has
    the file in which it was seen.
    """

    dialect: str = ""
    where: str = ""
    tasks: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    ends: str = ""
    semihosting: str = ""


@dataclass(kw_only=True, slots=True)
class _Heard:
    """What one dialect reads in a tree."""

    kinds: set[str] = field(default_factory=set)
    files: dict[str, int] = field(default_factory=dict)
    spawned: dict[str, None] = field(default_factory=dict)
    running: dict[str, None] = field(default_factory=dict)

    def note(self, rule: Rule, hit: re.Match[str], file: str) -> None:
        """Note one text that a rule reads."""
        self.kinds.add(rule.kind)
        self.files[file] = self.files.get(file, 0) + 1
        task = (hit.groupdict().get("task") or "").lower()
        if task and rule.kind in {"spawn", "run"}:
            (self.spawned if rule.kind == "spawn" else self.running)[task] = None


def speech_of(tree: Path, dialects: Iterable[Dialect], elves: Iterable[str]) -> Speech:
    """Look for what the firmware of ``tree`` prints; ``elves`` are looked into, too."""
    texts = dict(_texts(tree, elves))
    name, heard = _best(dialects, texts)
    where = max(heard.files, key=heard.files.__getitem__) if name else ""
    # A program that has no UART in its sources and prints by semihosting has its console there.
    silent = not any(_UART.search(code) for code, _ in texts.values())
    return Speech(
        dialect=name,
        where=where,
        tasks=tuple(heard.spawned) if name else (),
        running=tuple(one for one in heard.running if one in heard.spawned) if name else (),
        ends=_first(_ENDS, texts),
        semihosting=_first(_SEMIHOSTING, texts) if silent else "",
    )


def _first(sign: re.Pattern[str], texts: dict[str, tuple[str, list[str]]]) -> str:
    return next((name for name, (code, _) in texts.items() if sign.search(code)), "")


def _texts(tree: Path, elves: Iterable[str]) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """Yield each file with its code, and the texts that it may print."""
    for path in files_of(tree):
        if path.suffix in _SOURCES:
            code = _COMMENT.sub(" ", read(path))
            yield path.relative_to(tree).as_posix(), (code, _LITERAL.findall(code))
    for name in elves:
        try:
            with (tree / name).open("rb") as file:
                found = _PRINTED.findall(file.read(_LARGEST_ELF))
        except OSError:
            continue
        yield name, ("", [one.decode("ascii") for one in found])


def _best(
    dialects: Iterable[Dialect], texts: dict[str, tuple[str, list[str]]]
) -> tuple[str, _Heard]:
    """Return the dialect that reads tasks in the texts, with what it reads; '' for none."""
    known = [(one.name, _heard(one, texts)) for one in dialects]
    fitting = [(name, one) for name, one in known if one.spawned and len(one.kinds) > 1]
    return max(fitting, key=lambda one: len(one[1].kinds), default=("", _Heard()))


def _heard(dialect: Dialect, texts: dict[str, tuple[str, list[str]]]) -> _Heard:
    heard = _Heard()
    # A text in a source has neither the line's number nor its clock in it: the rule's first line
    # is looked for, wherever in the text it is.
    rules = [(rule, re.compile(rule.lines[0].removeprefix("^").removesuffix("$")))
             for rule in dialect.rules]  # fmt: skip
    for file, (_, literals) in texts.items():
        for literal in literals:
            for rule, pattern in rules:
                hit = pattern.search(literal)
                if hit is not None:
                    heard.note(rule, hit, file)
                    break
    return heard
