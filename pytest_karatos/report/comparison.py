"""Two sets of figures side by side: text for a terminal, Markdown for a pull request, and JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_karatos.report.markdown import code, table
from pytest_karatos.text import aligned, printable

#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A figure before and after, None where there was none; ``unit`` is empty for plain numbers.

    >>> Change(name="flash", unit="B", old=1000, new=1024).percent
    '+2.4 %'
    """

    name: str
    unit: str = ""
    old: float | None = None
    new: float | None = None

    @property
    def delta(self) -> float:
        """How much more it is than before."""
        return (self.new or 0) - (self.old or 0)

    @property
    def percent(self) -> str:
        """The same in percent of what it was; empty where it was nothing."""
        return f"{100 * self.delta / self.old:+.1f} %" if self.old else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What changed: the figures, all of them, and the parts (symbols ...) that grew or shrank.

    ``memories`` are the names of what a part's deltas are of, in their order.
    """

    figures: tuple[Change, ...]
    memories: tuple[str, ...] = ()
    parts: tuple[tuple[str, tuple[int, ...]], ...] = ()
    by: str = ""
    hidden: int = 0

    @property
    def changed(self) -> list[Change]:
        """The figures that are not what they were."""
        return [one for one in self.figures if one.old != one.new]


def as_text(found: Comparison) -> str:
    """Render for a terminal."""
    blocks = []
    if found.changed:
        blocks.append(aligned([_HEAD, *(_cells(one) for one in found.changed)]))
    blocks.append([_same(found)])
    if found.parts:
        head = (*found.memories, f"what changed, by {found.by}")
        rows = [(*map(_signed, deltas), printable(name)) for name, deltas in found.parts]
        blocks.append(aligned([head, *rows]) + _more(found))
    return "\n\n".join("\n".join(block) for block in blocks)


def as_markdown(found: Comparison) -> str:
    """Render for a pull request."""
    blocks = []
    if found.changed:
        blocks.append(table(_HEAD, [[code(one.name), *_cells(one)[1:]] for one in found.changed]))
    blocks.append([_same(found)])
    if found.parts:
        rows = [[code(name), *map(_signed, deltas)] for name, deltas in found.parts]
        blocks.append([*table([found.by, *found.memories], rows), *_more(found)])
    return "\n\n".join("\n".join(block) for block in blocks)


def as_json(found: Comparison) -> str:
    """Render for programs."""
    figures = [
        {"name": one.name, "unit": one.unit, "old": one.old, "new": one.new, "delta": one.delta}
        for one in found.figures
    ]
    parts = [
        {"name": name, **dict(zip(found.memories, deltas, strict=True))}
        for name, deltas in found.parts
    ]
    answer = {"schema": SCHEMA_VERSION, "figures": figures, "by": found.by, "parts": parts}
    return json.dumps(answer, indent=1)


def as_benchmark(found: Comparison) -> str:
    """Render what github-action-benchmark reads as ``customSmallerIsBetter``."""
    return json.dumps(
        [
            {"name": one.name, "unit": one.unit, "value": one.new, "extra": f"before: {one.old}"}
            for one in found.figures
            if one.new is not None
        ],
        indent=1,
    )


#: What a comparison can be printed as.
FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
    "benchmark": as_benchmark,
}
_HEAD = ("", "before", "after", "delta", "percent")


def _cells(one: Change) -> tuple[str, ...]:
    return (
        printable(one.name),
        _number(one.old),
        _number(one.new),
        f"{_signed(one.delta)} {one.unit}".rstrip(),
        one.percent,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _signed(value: float) -> str:
    return f"{value:+,}" if value else ""


def _same(found: Comparison) -> str:
    same = len(found.figures) - len(found.changed)
    if not found.changed:
        return f"nothing changed in {same} figure{'s' * (same != 1)}."
    return f"{same} other figure{'s' * (same != 1)} did not change."


def _more(found: Comparison) -> list[str]:
    return [f"... and {found.hidden} more"] if found.hidden else []
