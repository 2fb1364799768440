"""Outcomes, sizes, times and metrics in words, alike all over the page."""

from pytest_karatos.report.figures import named
from pytest_karatos.report.shape import TestRecord, View

#: A sign for each state, so that nobody needs the colour.
SIGNS = {"good": "✓", "bad": "✗", "idle": "○"}
#: outcome: (sign, state, words). The state is a CSS class; sign and words say the same without it.
_OUTCOMES = {
    "passed": ("✓", "good", "passed"),
    "xfailed": ("○", "idle", "failed as expected"),
    "failed": ("✗", "bad", "failed"),
    "xpassed": ("○", "idle", "passed unexpectedly"),
    "crashed": ("✗", "bad", "crashed"),
    "error": ("✗", "bad", "error"),
    "skipped": ("○", "idle", "skipped"),
    "rerun": ("↻", "idle", "run again"),
}
_MINUTE = 60


def outcome(word: str) -> View:
    """Return ``sign``, ``state`` (good, bad, idle) and ``words`` for an outcome.

    >>> outcome("error")
    {'sign': '✗', 'state': 'bad', 'words': 'error'}
    """
    sign, state, words = _OUTCOMES.get(word, ("·", "idle", word or "not run"))
    return {"sign": sign, "state": state, "words": words}


def is_bad(record: TestRecord) -> bool:
    """Tell whether a test's record is one that a person must look at."""
    return bool(outcome(record["outcome"])["state"] == "bad")


def size(count: int) -> str:
    """Write bytes; whole KiB and MiB as such from 1 KiB on.

    >>> size(412), size(16384), size(134217728), size(16383)
    ('412 B', '16 KiB', '128 MiB', '16,383 B')
    """
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count and count % factor == 0:
            return f"{count // factor:,} {unit}"
    return f"{count:,} B"


def time(seconds: float) -> str:
    """Write a duration as short as it can be read.

    >>> time(0.0312), time(6.086), time(75.2)
    ('0.03 s', '6.1 s', '1 min 15 s')
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // _MINUTE} min {int(seconds) % _MINUTE:02} s"


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> count(1, "test"), count(1200, "test")
    ('1 test', '1,200 tests')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def bounded(text: str, limit: int) -> str:
    r"""Keep the beginning and, since an error's end says most, twice as much of the end.

    >>> bounded("0123456789", 6)
    '01\n[... 4 characters left out ...]\n6789'
    """
    if len(text) <= limit:
        return text
    head = limit // 3
    left_out = len(text) - limit
    return f"{text[:head]}\n[... {left_out:,} characters left out ...]\n{text[head - limit :]}"


#: Figures of one test that the page shows, and the characters of each; the JSON has them all.
SHOWN, LONGEST = 20, 200


def figures(record: TestRecord) -> list[str]:
    """Return one text a figure, with its limit where it has one: ``stack 1,412 of 2,048 B``."""
    return _shown([named(one) for one in record["measurements"]])


def verdicts(record: TestRecord) -> list[str]:
    """Return one sentence a limit that a figure was held against."""
    return _shown([f"{'✓' if one['ok'] else '✗'} {one['why']}" for one in record["verdicts"]])


def _shown(texts: list[str]) -> list[str]:
    found = [bounded(text, LONGEST) for text in texts[:SHOWN]]
    return [*found, f"{len(texts) - SHOWN} more in the JSON"] if len(texts) > SHOWN else found
