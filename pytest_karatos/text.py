"""Text from machines made fit for people: no control characters, bounded length."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

#: These turn the direction of text, and with it what a reader believes to read.
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TURNS = re.compile(f"[{_DIRECTIONS}]")
_UNPRINTABLE = re.compile(
    rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_DIRECTIONS}]"
    # GitHub's runner obeys ``##[command]`` wherever it stands in a line of the log.
    r"|(?<=##)\["
)
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_TAIL_BYTES = 64 * 1024


def printable(text: str) -> str:
    r"""Escape what a terminal, a report or a CI log would act on; tabs and newlines stay.

    >>> printable("a\x1b[31mred\x00"), printable("##[add-mask]a"), printable("\u202eevil")
    ('a\\x1b[31mred\\x00', '##\\x5badd-mask]a', '\\u202eevil')
    """
    return _UNPRINTABLE.sub(_escaped, text)


def in_order(text: str) -> str:
    r"""Escape only what turns the direction of text; colours and the like stay.

    >>> in_order("\x1b[31mfail\u202edessap")
    '\x1b[31mfail\\u202edessap'
    """
    return _TURNS.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    return "\\x5b" if character == "[" else character.encode("unicode_escape").decode("ascii")


def plain(text: str) -> str:
    r"""Drop ANSI escape sequences (colours of a build log), then escape what is left.

    >>> plain("\x1b[1;31merror\x1b[0m: no")
    'error: no'
    """
    return printable(_ESCAPE.sub("", text))


def fitted(text: str, width: int = 200) -> str:
    """Cut a line where it gets too long to be read.

    >>> fitted("abcdef", 3)
    'abc [...]'
    """
    return text if len(text) <= width else f"{text[:width]} [...]"


def aligned(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Return one line for each row, its cells in columns, those of ``right`` to the right.

    >>> aligned([("board", "flash"), ("virt", "9")], right={1})
    ['board  flash', 'virt       9']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def tail(path: Path, lines: int) -> list[str]:
    """Return the last ``lines`` lines of a log without colours; memory is bounded."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            data = file.read()
    except OSError:
        return []
    text = data.decode(errors="backslashreplace").replace("\r\n", "\n")
    return [plain(line) for line in text.split("\n") if line.strip()][-lines:]
