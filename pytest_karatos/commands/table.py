"""Align rows of text for a terminal."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one line for each row, its cells in columns; the last column is not padded.

    >>> aligned([("board", "arch"), ("virt", "riscv")])
    ['board  arch', 'virt   riscv']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
