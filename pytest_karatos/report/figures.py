"""Figures as text: which ones have a column in a report, and how one is written."""

from collections.abc import Iterable, Sequence

from pytest_karatos.measurement import METRICS, When, metric
from pytest_karatos.report.shape import FirmwareFacts, MeasurementFacts

#: Name of a metric, and the head of its column.
Column = tuple[str, str]


def columns(firmwares: Iterable[FirmwareFacts]) -> list[Column]:
    """Return a column for each metric that always has one, and for what was taken besides.

    >>> columns([])
    [('flash', 'flash'), ('ram', 'RAM')]
    """
    taken = {one["name"] for firmware in firmwares for one in firmware["measurements"]}
    return [
        (one.name, one.title or one.name)
        for one in METRICS
        if one.column or (one.when is not When.ELF and one.name in taken)
    ]


def figure(firmware: FirmwareFacts, name: str) -> MeasurementFacts | None:
    """Find what was measured of a firmware."""
    return next((one for one in firmware["measurements"] if one["name"] == name), None)


def named_binary(firmware: FirmwareFacts) -> str:
    """Name which firmware of a tree this is, and which of its binaries; '' for a single one.

    >>> named_binary({"name": "examples", "binary": "idle"})
    'examples/idle'
    """
    return "/".join(filter(None, (firmware["name"], firmware["binary"])))


def largest(
    firmwares: Sequence[FirmwareFacts], name: str
) -> tuple[MeasurementFacts, str, float] | None:
    """Find the figure that says most of several firmwares: the one nearest to its limit.

    With it come the name of its binary and the lowest value of all; '' where one stands for all.
    """
    found = [(one, named_binary(each)) for each in firmwares if (one := figure(each, name))]
    if not found:
        return None
    most, whose = max(found, key=lambda pair: (_share(pair[0]), pair[0]["value"]))
    least = min(one["value"] for one, _ in found)
    return most, whose if least != most["value"] else "", least


def _share(one: MeasurementFacts) -> float:
    return one["value"] / one["limit"] if one["limit"] else 0.0


def against_limit(one: MeasurementFacts) -> str:
    """Write a figure, with its limit where one was set: ``7,536 of 16,384 B``."""
    limit = "" if one["limit"] is None else f" of {one['limit']:,}"
    return f"{one['value']:,}{limit} {one['unit']}".rstrip()


def named(one: MeasurementFacts) -> str:
    """Write a figure with its name: ``flash 9 B``; a unit that says it all needs no name.

    >>> named({"name": "instructions", "value": 9, "unit": "instructions",
    ...        "limit": None, "limit_origin": "", "room": None})
    '9 instructions'
    """
    known = metric(one["name"])
    title = one["name"] if known is None else known.title
    return f"{title} {against_limit(one)}".strip()
