"""What makes one boot of an ELF differ from another, by name, so that it can be had again.

Under ``-icount`` two boots are equal. ``shift`` is how long an instruction takes, and so where in
the code timers fire. With several cores QEMU runs one after the other, each up to the next timer:
a timer that fires each ``slice`` microseconds, and is nobody's, lets them take turns as often.
"""

import random
import re
from collections.abc import Sequence
from itertools import pairwise

from pytest_karatos.board import Board
from pytest_karatos.choices import OFF
from pytest_karatos.emulators.qemu.schedule import schedule_of
from pytest_karatos.errors import BadSetting

_NAME = re.compile(r"shift=(\d{1,2})(?:,slice=(\d{1,7}))?")
_SHIFT = re.compile(r"shift=(\d+)")
_CORES = re.compile(r"(?:^|,|cpus=)(\d+)(?:,|$)")
#: QEMU takes no more for ``shift``.
_MOST = 10
#: Microseconds of a turn: the shortest and the longest, as powers of ten.
_SHORTEST, _LONGEST = 1.5, 4.0
_LINE = "karatos-slice"


def variation(board: Board, number: int) -> str | None:
    """Name what is different in boot ``number``, from 0, which is as ``board`` says.

    Empty where boots vary by themselves; None where there are no more that differ.
    """
    own = _SHIFT.search(board.icount)
    if number == 0 or board.icount == OFF or own is None:
        return ""
    shifts = sorted(range(_MOST + 1), key=lambda one: (abs(one - int(own[1])), one))
    shift = shifts[number % len(shifts)]
    if cores(board.qemu) > 1:
        return f"shift={shift},slice={_slice(number)}"
    return f"shift={shift}" if number < len(shifts) else None


def _slice(number: int) -> int:
    # The same in every run: seeded by its number. Nothing is secret here.
    return int(10 ** random.Random(number).uniform(_SHORTEST, _LONGEST))  # noqa: S311


def cores(arguments: Sequence[str]) -> int:
    """Return how many cores QEMU's arguments ask for.

    >>> cores(["-smp", "2"]), cores(["-smp", "cores=2,cpus=4"]), cores(["-machine", "virt"])
    (2, 4, 1)
    """
    told = [value for word, value in pairwise(arguments) if word == "-smp"]
    found = _CORES.search(told[-1]) if told else None
    return int(found[1]) if found else 1


def icount(board: Board, name: str) -> str:
    """Return what ``-icount`` is told in the variation of that name.

    :raises BadSetting: there is none of that name, or the board cannot vary.

    >>> icount(Board(name="b", arch="arm", icount="shift=5,sleep=off"), "shift=3,slice=90")
    'shift=3,sleep=off'
    """
    if schedule_of(name) is not None:
        return _steady(board, name)
    parts = _parts(name)
    if parts is None or int(parts[1]) > _MOST or parts[2] == "0":
        raise BadSetting(
            f"there is no variation '{name}' of a boot.",
            fix=f"write shift=0 to shift={_MOST}, shift=5,slice=200 (microseconds), or at=0x6c",
        )
    if not _SHIFT.search(board.icount):
        raise BadSetting(
            f"board '{board.name}' has icount = \"{board.icount}\": its boots vary by themselves.",
            fix='leave the variation out, or let the board have icount = "shift=5,sleep=off"',
        )
    return _SHIFT.sub(f"shift={parts[1]}", board.icount)


def _steady(board: Board, name: str) -> str:
    """Return what ``-icount`` is told of a board whose time can be let pass.

    :raises BadSetting: where it passes by itself, or several cores share it.
    """
    if not _SHIFT.search(board.icount) or "sleep=off" not in board.icount:
        raise BadSetting(
            f"board '{board.name}' has icount = \"{board.icount}\", so '{name}' cannot be had.",
            why="time passes at one instruction, and nowhere else.",
            fix='let the board have icount = "shift=5,sleep=off"',
        )
    if cores(board.qemu) > 1:
        raise BadSetting(
            f"board '{board.name}' has several cores, so '{name}' cannot be had.",
            why="while one core stands, the others are not idle, and QEMU lets no time pass.",
        )
    return board.icount


def _parts(name: str) -> re.Match[str] | None:
    return _NAME.fullmatch(name)


def slicer(name: str) -> tuple[str, ...]:
    """Return the arguments that make the timer, if the variation has one: a filter of no packet."""
    parts = _parts(name)
    if parts is None or parts[2] is None:
        return ()
    return (
        *("-netdev", f"hubport,id={_LINE},hubid=78"),
        *("-object", f"filter-buffer,id={_LINE}r,netdev={_LINE},interval={parts[2]}"),
    )
