"""A flame graph of a profile, as an SVG that needs no script: each function as wide as its cost."""

from collections.abc import Iterator, Mapping
from html import escape

_WIDTH, _ROW = 1200, 18
#: What is narrower is left out, in pixels; and so wide is a letter.
_NARROWEST, _LETTER = 0.5, 6.6
_COLOURS = ("#e4572e", "#e8833a", "#ecab4c", "#d9a441", "#c8553d", "#e07a5f")

#: A function: its instructions with those of what it calls, and these.
_Tree = dict[str, tuple[int, "_Tree"]]


def flame(stacks: Mapping[tuple[str, ...], int], title: str = "instructions") -> str:
    """Draw ``stacks``: instructions by the calls that they were executed in, the outermost first.

    >>> "main: 100 instructions (100.0 %)" in flame({("main",): 5, ("main", "delay"): 95})
    True
    """
    total = sum(stacks.values())
    tree = _tree(stacks)
    boxes = list(_boxes(tree, 0.0, 0, _WIDTH / total if total else 0.0))
    height = _ROW * (2 + max((row for *_, row in boxes), default=0))
    drawn = "\n".join(_box(*box, total=total) for box in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + _ROW}" '
        f'font-family="monospace" font-size="11">\n'
        f'<text x="4" y="13">{total:,} {escape(title)}</text>\n{drawn}\n</svg>\n'
    )


def _tree(stacks: Mapping[tuple[str, ...], int]) -> _Tree:
    tree: _Tree = {}
    for stack, count in sorted(stacks.items()):
        level = tree
        for name in stack:
            whole, inner = level.get(name, (0, {}))
            level[name] = whole + count, inner
            level = inner
    return tree


def _boxes(
    tree: _Tree, left: float, row: int, scale: float
) -> Iterator[tuple[str, int, float, float, int]]:
    for name, (count, inner) in tree.items():
        width = count * scale
        if width >= _NARROWEST:
            yield name, count, left, width, row
            yield from _boxes(inner, left, row + 1, scale)
        left += width


def _box(name: str, count: int, left: float, width: float, row: int, *, total: int) -> str:  # noqa: PLR0913  # a rectangle
    top = _ROW * (row + 1)
    colour = _COLOURS[sum(name.encode(errors="replace")) % len(_COLOURS)]
    share = f"{count:,} instructions ({100 * count / total:.1f} %)"
    letters = int((width - 6) / _LETTER)
    text = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters > 1 else ""
    return (
        f"<g><title>{escape(name)}: {share}</title>"
        f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_ROW - 1}" '
        f'fill="{colour}" rx="1"/>'
        f'<text x="{left + 3:.1f}" y="{top + 12}">{escape(text)}</text></g>'
    )
