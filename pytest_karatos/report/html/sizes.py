"""What takes the bytes of each firmware, drawn for the page."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.elf import read
from pytest_karatos.errors import BadFirmware
from pytest_karatos.measure.attribution import parts_of
from pytest_karatos.measure.treemap import treemap
from pytest_karatos.report.html.boards import name_of
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import View

#: Characters of all drawings on a page; what does not fit is left out, and said.
_MOST = 1_500_000


def size_maps(ledger: Ledger, boards: Sequence[Board], symbols: Path | None) -> View:
    """Return ``rows`` (the firmware's name and its drawing), and how many are ``left`` out.

    ``symbols`` is a folder for what was read of debug information.
    """
    known = {name: board for board in boards for name in (board.name, board.id)}
    rows: list[tuple[str, str]] = []
    room, left = _MOST, 0
    for one in ledger.firmwares.values():
        drawn = _drawn(one["elf"], one["board"], known, symbols)
        if len(drawn) > room:
            left += 1
        elif drawn:
            room -= len(drawn)
            rows.append((name_of(one), Markup(drawn)))  # noqa: S704 - its texts are escaped
    return {"rows": rows, "left": left}


def _drawn(elf: str, board: str, known: Mapping[str, Board], symbols: Path | None) -> str:
    if not elf or board not in known:
        return ""
    with contextlib.suppress(BadFirmware):  # it is said elsewhere what is wrong with it
        path = Path(elf)
        return treemap(parts_of(read(path), known[board], symbols_of(path, symbols)))
    return ""
