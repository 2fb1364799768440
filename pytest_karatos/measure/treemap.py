"""A treemap of an image, as an SVG without a script: each rectangle as large as its bytes.

Crates hold files, files hold symbols; what no debug information places is in its section. The
layout is the squarified one of Bruls, Huizing and van Wijk (2000).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath

from pytest_karatos.measure.attribution import Part
from pytest_karatos.text import printable

_WIDTH, _HEIGHT, _HEAD = 1200.0, 640.0, 18.0
#: What is smaller is drawn together with its like, in square pixels; so is all that is too much.
_SMALLEST, _MOST = 24.0, 400
#: How wide a letter is, and how many of a name are written at most.
_LETTER, _LONGEST = 6.6, 200
_COLOURS = (
    *("#7fa7d6", "#e4a86b", "#8fc08a", "#d68c94", "#b39ccf", "#c9a98b"),
    *("#dba3c4", "#a9a9a9", "#c7c46e", "#7fc3c9"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Node:
    """A name with the bytes of all in it, the largest first."""

    name: str
    size: int
    inner: tuple["_Node", ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Box:
    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height


def treemap(parts: Iterable[Part], memory: str = "flash", title: str = "") -> str:
    """Draw what of ``parts`` takes a ``memory``: ``flash``, ``ram`` or ``reserved``.

    >>> part = Part(name="main", section=".text", crate="app", file="/src/main.rs", flash=64)
    >>> "app &gt; main.rs &gt; main: 64 B (100.0 %)" in treemap([part])
    True
    """
    paths = [(_path(one), size) for one in parts if (size := getattr(one, memory)) > 0]
    root = _node(printable(title) or memory, paths)
    drawn = "\n".join(_drawn(root)) if root.size else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT + _HEAD:g}" '
        'font-family="monospace" font-size="11">\n'
        f'<text x="4" y="13">{escape(_short(root.name))}: {root.size:,} B of {memory}</text>\n'
        f"{drawn}\n</svg>\n"
    )


def _path(part: Part) -> tuple[str, ...]:
    file = PurePosixPath(part.file).name or f"[{part.section}]"
    return part.crate or f"[{part.section}]", file, part.name


def _node(name: str, paths: Sequence[tuple[tuple[str, ...], int]]) -> _Node:
    inner: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for path, size in paths:
        if path:
            inner.setdefault(path[0], []).append((path[1:], size))
    nodes = [_node(one, below) for one, below in inner.items()]
    return _Node(
        name=_short(printable(name)),
        size=sum(size for _, size in paths),
        inner=tuple(sorted(nodes, key=lambda one: (-one.size, one.name))),
    )


def _drawn(root: _Node) -> Iterator[str]:
    place = _Box(left=0.0, top=_HEAD, width=_WIDTH, height=_HEIGHT)
    for number, (node, box) in enumerate(_laid_out(root.inner, place)):
        colour = _COLOURS[number % len(_COLOURS)]
        yield from _boxes(node, box, (), colour, root.size)


def _boxes(
    node: _Node, box: _Box, above: tuple[str, ...], colour: str, whole: int
) -> Iterator[str]:
    path = (*above, node.name)
    said = f"{' > '.join(path)}: {node.size:,} B ({100 * node.size / whole:.1f} %)"
    is_leaf = not node.inner
    name = node.name.removeprefix(f"{path[0]}::") if is_leaf else ""
    yield _rectangle(box, said, colour if is_leaf else "none", name)
    for inner, place in _laid_out(node.inner, box):
        yield from _boxes(inner, place, path, colour, whole)


def _rectangle(box: _Box, said: str, fill: str, name: str) -> str:
    letters = int((box.width - 4) / _LETTER) if box.height >= _LETTER * 2 else 0
    text = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters > 2 else ""  # noqa: PLR2004 - "a…" tells nothing
    written = f'<text x="{box.left + 3:.1f}" y="{box.top + 11:.1f}">{escape(text)}</text>'
    stroke = "#fff" if fill != "none" else "#444"
    return (
        f"<g><title>{escape(said)}</title>"
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" fill="{fill}" stroke="{stroke}" stroke-width="0.5"/>'
        f"{written if text else ''}</g>"
    )


def _laid_out(nodes: Sequence[_Node], box: _Box) -> Iterator[tuple[_Node, _Box]]:
    """Give each of ``nodes``, the largest first, its place in ``box``; small ones share one."""
    shown = _with_rest(nodes, box)
    total = sum(one.size for one in shown)
    while shown:
        scale = box.area / total if total else 0.0
        short = min(box.width, box.height)
        count = _row(shown, scale, short)
        row, shown = shown[:count], shown[count:]
        size = sum(one.size for one in row)
        depth = size * scale / short if short else 0.0
        yield from zip(row, _along(row, box, depth, size), strict=True)
        box = _rest_of(box, depth)
        total -= size


def _with_rest(nodes: Sequence[_Node], box: _Box) -> list[_Node]:
    total = sum(one.size for one in nodes)
    least = _SMALLEST * total / box.area if box.area else total + 1
    shown = [one for one in nodes[:_MOST] if one.size >= least]
    rest = nodes[len(shown) :]
    if len(rest) > 1:
        shown.append(_Node(name=f"{len(rest)} smaller", size=sum(one.size for one in rest)))
    else:
        shown += rest
    return shown


def _row(nodes: Sequence[_Node], scale: float, short: float) -> int:
    """Return how many of ``nodes`` fill a row along the ``short`` side with the best shapes."""
    best, size = float("inf"), 0
    for count, node in enumerate(nodes):
        size += node.size
        worst = max(_shape(one.size, size, scale, short) for one in (nodes[0], node))
        if worst > best:
            return count
        best = worst
    return len(nodes)


def _shape(size: int, row: int, scale: float, short: float) -> float:
    """Return how much longer than wide a rectangle in a row is."""
    depth = row * scale / short if short else 0.0
    length = size * scale / depth if depth else 0.0
    return max(depth / length, length / depth) if depth and length else float("inf")


def _along(row: Sequence[_Node], box: _Box, depth: float, size: int) -> Iterator[_Box]:
    at = 0.0
    is_wide = box.width >= box.height
    for one in row:
        share = one.size / size if size else 0.0
        length = (box.height if is_wide else box.width) * share
        if is_wide:
            yield _Box(left=box.left, top=box.top + at, width=depth, height=length)
        else:
            yield _Box(left=box.left + at, top=box.top, width=length, height=depth)
        at += length


def _rest_of(box: _Box, depth: float) -> _Box:
    if box.width >= box.height:
        width = max(0.0, box.width - depth)
        return _Box(left=box.left + depth, top=box.top, width=width, height=box.height)
    height = max(0.0, box.height - depth)
    return _Box(left=box.left, top=box.top + depth, width=box.width, height=height)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
