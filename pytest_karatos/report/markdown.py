"""Markdown that shows hostile text and does nothing else.

Below, every character that could mean something is a numeric reference: by CommonMark's rule such
a reference is text, never structure. That holds in tables, links, HTML and headings alike, and it
needs no counting of backticks, of which parsers only follow so many.
"""

import re
from collections.abc import Sequence

from pytest_karatos.text import fitted, printable

_SAFE = re.compile(r"[^\w ,/()='.-]|_|(?<=www)\.", re.IGNORECASE)
_TICKS = re.compile("`+")


def prose(text: str) -> str:
    """Return one line of text that is not markup, wherever it stands (a table's cell included).

    >>> prose("a|b <i> *x*")
    'a&#124;b &#60;i&#62; &#42;x&#42;'
    """
    line = " ".join(printable(text).split())
    return _SAFE.sub(lambda found: _reference(found.group()), line)


def _reference(character: str) -> str:
    # Mail addresses become links behind references too; a comment between their halves ends that.
    return f"&#{ord(character)};" + ("<!-- -->" if character == "@" else "")


def code(text: str) -> str:
    """Return one line of text in the font of code.

    >>> code("x[arm]")
    '<code>x&#91;arm&#93;</code>'
    """
    return f"<code>{prose(fitted(text))}</code>"


def fence(lines: Sequence[str]) -> list[str]:
    r"""Put lines into a fenced block; each must begin with something of ours, not with a backtick.

    >>> fence(["1 | ```"])
    ['````text', '1 | ```', '````']
    """
    longest = max((len(run) for line in lines for run in _TICKS.findall(line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}text", *lines, ticks]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table's lines; cells must have been made by :func:`prose` or :func:`code`.

    >>> table(["a"], [["1"]])
    ['| a |', '|---|', '| 1 |']
    """
    rule = f"|{'|'.join('---' for _ in head)}|"
    return [_row(head), rule, *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
