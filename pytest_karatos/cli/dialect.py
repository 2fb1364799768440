"""Show what a dialect makes of a console's log: its events, and the lines that it does not know.

Of several dialects the one that knows most of the log is taken, as in a test.
"""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.cli.shell import Shell
from pytest_karatos.console.decode import TextDecoder
from pytest_karatos.dialect import Dialect, Event
from pytest_karatos.errors import BadSetting
from pytest_karatos.scheduler import Parser, detect
from pytest_karatos.settings import Settings, load
from pytest_karatos.settings.suggest import unknown
from pytest_karatos.text import printable

HELP = "show what is recognised in a console's log, and what is not"
#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1
#: More of a log is not looked at, in bytes: a dialect shows what it knows long before.
_LARGEST = 64 * 1024 * 1024
_WIDEST = 160
#: What the JSON says of an event.
_SHOWN = ("kind", "task", "priority", "round", "tick", "number", "last", "line")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a log, as console.log of a test's folder")
    parser.add_argument("--dialect", metavar="NAME", help="read it in this dialect")
    parser.add_argument(
        "--unknown", action="store_true", help="show only the lines that are not recognised"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace, shell: Shell) -> int:
    """Print the table; the status is 1 where no line was recognised."""
    text = _text(shell.folder / options.file)
    dialect = _chosen(load(root=shell.folder, environ=shell.environ, typed={}), options, text)
    parser = Parser(dialect)
    events = [*parser.feed(text), *parser.finish()]
    lines = text.removesuffix("\n").split("\n") if text else []
    unread = sorted(set(_spoken(lines)) - {number for one in events for number in _span(one)})
    if options.json:
        shell.say(_as_json(dialect, events, unread))
    else:
        _print(shell, [] if options.unknown else events, lines, unread)
        shell.say(_summary(dialect, events, len(list(_spoken(lines))), unread))
    return 0 if events else 1


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return TextDecoder().feed(file.read(_LARGEST), last=True)


def _chosen(settings: Settings, options: Namespace, text: str) -> Dialect:
    known = {one.name: one for one in settings.dialects}
    if options.dialect is None:
        found = detect(text, settings.dialects)
        if found is None:
            raise BadSetting(
                f"no dialect knows a line of {options.file}; tried: {', '.join(known)}.",
                fix="describe how the RTOS talks in [[dialects.NAME]] of karatos.toml",
            )
        return found
    if options.dialect not in known:
        raise unknown("dialect", options.dialect, known, origin="--dialect")
    return known[options.dialect]


def _spoken(lines: list[str]) -> Iterator[int]:
    """Give the numbers, from 1, of the lines that say anything."""
    return (number for number, line in enumerate(lines, 1) if line.strip())


def _span(event: Event) -> range:
    return range(event.number, event.last + 1)


def _print(shell: Shell, events: list[Event], lines: list[str], unread: list[int]) -> None:
    rows = {event.number: _row(event) for event in events}
    rows |= {number: f"?        {printable(lines[number - 1].strip())}" for number in unread}
    for number in sorted(rows):
        shell.say(f"{number:>6}  {rows[number][:_WIDEST]}".rstrip())


def _row(event: Event) -> str:
    fields = " ".join(f"{key}={value}" for key, value in event.fields.items())
    tick = f"@{event.tick}" if event.tick is not None else ""
    said = " ".join(part for part in (tick, event.task, fields) if part)
    return printable(f"{event.kind:<7}  {said}")


def _summary(dialect: Dialect, events: list[Event], spoken: int, unread: list[int]) -> str:
    kinds = Counter(event.kind for event in events)
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    tasks = ", ".join(dict.fromkeys(printable(one.task) for one in events if one.task)) or "none"
    return (
        f"dialect '{dialect.name}': {spoken - len(unread)} of {spoken} lines recognised, "
        f"{len(events)} events ({counted or 'none'}); tasks: {tasks}"
    )


def _as_json(dialect: Dialect, events: list[Event], unread: list[int]) -> str:
    rows = [
        {word: getattr(event, word) for word in _SHOWN} | {"fields": dict(event.fields)}
        for event in events
    ]
    answer = {"dialect": dialect.name, "events": rows, "unrecognised_lines": unread}
    return json.dumps({"schema": SCHEMA_VERSION, **answer}, indent=1)
