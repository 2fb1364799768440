"""One boot in the page: how it ended, its files, and an excerpt of its console."""

from base64 import b64encode
from html import escape
from pathlib import Path

from pytest_karatos.report.figures import named
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.words import count, time
from pytest_karatos.report.shape import BootFacts, LineFacts, View

#: About what the markup of a line takes in the page, beside its text.
_MARKUP = 60
#: A picture of more bytes is linked, and not in the page.
_LARGEST = 64 * 1024
_FILES = ("console.log", "command.txt", "stderr.log")


def cost(boot: BootFacts) -> int:
    """Return about how many characters the excerpt and the picture take in the page."""
    picture = 4 * len(_picture(boot)) // 3
    return picture + sum(len(escape(line["text"])) + _MARKUP for line in boot["log"])


def _picture(boot: BootFacts) -> bytes:
    """Return the picture of the boot's schedule, if it is small enough for a page."""
    name = boot.get("timeline", "")
    try:
        with (Path(boot["folder"]) / name).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError):  # none, a folder, a name that no file has
        return b""
    return data if len(data) <= _LARGEST else b""


def _inline(picture: bytes) -> str:
    """Return a picture as an address: an image runs no script and reaches nobody."""
    return f"data:image/svg+xml;base64,{b64encode(picture).decode()}" if picture else ""


def boot_view(boot: BootFacts, links: Links, *, short_repr: bool = True) -> View:
    """Return what the template ``boot.jinja2`` shows; without ``short_repr``, no lines."""
    log = boot["log"]
    return {
        "facts": _facts(boot),
        "files": [(name, links.to(f"{boot['folder']}/{name}")) for name in _files(boot)],
        "elsewhere": boot["elsewhere"],
        "lines": with_gaps(log) if short_repr else [],
        "silent": not log,
        "left_out": bool(log) and not short_repr,
        "has_seconds": any(line["seconds"] is not None for line in log),
        "has_stamps": any(line["instructions"] is not None for line in log),
        "has_tick": any(line["tick"] is not None for line in log),
        "command": boot["command"],
        "timeline": _inline(_picture(boot)) if short_repr else "",
    }


def _files(boot: BootFacts) -> list[str]:
    drawn = [boot["timeline"]] if boot.get("timeline") else []
    return [*_FILES, *drawn, *(one["name"] for one in boot["elsewhere"])]


def with_gaps(log: list[LineFacts]) -> list[LineFacts | View]:
    """Put a line that tells of a gap where the numbers jump.

    >>> lines = [{"number": 1, "text": "a"}, {"number": 9, "text": "b"}]
    >>> [line.get("gap") for line in with_gaps(lines)]
    [None, '7 lines left out', None]
    """
    found: list[LineFacts | View] = []
    expected = 1
    for line in log:
        if line["number"] > expected:
            found.append({"gap": f"{count(line['number'] - expected, 'line')} left out"})
        found.append(line)
        expected = line["number"] + 1
    return found


def key_lines(boots: list[BootFacts], limit: int = 3) -> list[str]:
    """Return the first lines with a fault text; of a silent console, what was said elsewhere."""
    found = [line["text"] for boot in boots for line in boot["log"] if line["mark"]]
    if not found and not any(boot["log"] for boot in boots):
        found = [
            f"{place['name'].removesuffix('.log')}: {line}"
            for boot in boots
            for place in boot["elsewhere"]
            for line in place["lines"]
        ]
    return found[:limit]


def _facts(boot: BootFacts) -> list[str]:
    status = [] if boot["exit_status"] is None else [f"exit status {boot['exit_status']}"]
    measured = [named(one) for one in boot["measurements"]]
    return [*status, *_resets(boot), *measured, f"ran {time(boot['seconds'])}"]


def _resets(boot: BootFacts) -> list[str]:
    """Say how often the firmware reset itself, and how many of those answered nothing."""
    own, unasked = boot["own_resets"], boot["unasked_resets"]
    if not own:
        return []
    how = ", unasked" if unasked == own else f", {unasked} of them unasked" if unasked else ""
    return [f"reset itself {count(own, 'time')}{how}"]
