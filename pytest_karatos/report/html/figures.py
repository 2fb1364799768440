"""Show the figures that users' hooks took of a test, a short text each."""

from pytest_karatos.report.html.words import bounded
from pytest_karatos.report.outcome import Facts

#: Figures of one test that the page shows, and the characters of each; the JSON has them all.
SHOWN, LONGEST = 20, 120


def figures(record: Facts | None) -> list[str]:
    """Return one text a figure, with its limit where it has one.

    >>> stack = {"name": "stack", "value": 1412, "unit": "B", "limit": 2048}
    >>> figures({"measurements": [stack]})
    ['stack 1,412 B of 2,048 B']
    """
    found = (record or {}).get("measurements", [])
    texts = [bounded(_figure(one), LONGEST) for one in found[:SHOWN]]
    return [*texts, f"{len(found) - SHOWN} more in the JSON"] if len(found) > SHOWN else texts


def _figure(one: Facts) -> str:
    unit = f" {one['unit']}" if one["unit"] else ""
    limit = "" if one["limit"] is None else f" of {one['limit']:,}{unit}"
    return f"{one['name']} {one['value']:,}{unit}{limit}"
