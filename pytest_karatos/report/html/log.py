"""Show one boot: how it ended, its files, and the excerpt of its console with what is left out."""

from html import escape
from typing import Any

from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.words import count, time
from pytest_karatos.report.outcome import Facts

#: About what the markup of a line takes in the page, beside its text.
_MARKUP = 60
_FILES = ("console.log", "command.txt", "stderr.log")


def cost(boot: Facts) -> int:
    """Return about how many characters the excerpt takes in the page."""
    return sum(len(escape(line["text"])) + _MARKUP for line in boot["log"])


def boot_view(boot: Facts, links: Links, *, shown: bool = True) -> Facts:
    """Return what the template ``boot.jinja2`` shows; without ``shown``, no lines."""
    log = boot["log"]
    return {
        "facts": _facts(boot),
        "files": [(name, links.to(f"{boot['folder']}/{name}")) for name in _files(boot)],
        "elsewhere": boot.get("elsewhere") or [],
        "lines": with_gaps(log) if shown else [],
        "silent": not log,
        "left_out": bool(log) and not shown,
        "has_seconds": any(line["seconds"] is not None for line in log),
        "has_tick": any(line["tick"] is not None for line in log),
        "command": str(boot.get("command") or ""),
    }


def _files(boot: Facts) -> list[str]:
    return [*_FILES, *(str(one["name"]) for one in boot.get("elsewhere") or [])]


def with_gaps(log: list[Facts]) -> list[Facts]:
    """Put a line that tells of a gap where the numbers jump.

    >>> lines = [{"number": 1, "text": "a"}, {"number": 9, "text": "b"}]
    >>> [line.get("gap") for line in with_gaps(lines)]
    [None, '7 lines left out', None]
    """
    found: list[Facts] = []
    expected = 1
    for line in log:
        if line["number"] > expected:
            found.append({"gap": f"{count(line['number'] - expected, 'line')} left out"})
        found.append(line)
        expected = line["number"] + 1
    return found


def key_lines(boots: list[Facts], limit: int = 3) -> list[str]:
    """Return the first lines with a fault text; of a silent console, what was said elsewhere."""
    found = [line["text"] for boot in boots for line in boot["log"] if line["mark"]]
    if not found and not any(boot["log"] for boot in boots):
        found = [
            f"{place['name'].removesuffix('.log')}: {line}"
            for boot in boots
            for place in boot.get("elsewhere") or []
            for line in place["lines"]
        ]
    return found[:limit]


def _facts(boot: Facts) -> list[str]:
    known: list[tuple[str, Any]] = [
        ("exit status {}", boot.get("exit_status")),
        ("{} on the console", _number(boot.get("bytes"), "byte")),
        ("{}", _number(boot.get("instructions"), "instruction")),
        ("ran {}", None if boot.get("seconds") is None else time(float(boot["seconds"]))),
    ]
    return [words.format(value) for words, value in known if value not in (None, "")]


def _number(value: int | None, noun: str) -> str | None:
    return None if value is None else count(int(value), noun)
