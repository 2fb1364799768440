"""What a failure gets of its machine: the cause in the first line, and where the firmware was.

A failure that is a sentence of ours is rewritten; to any other, such as a plain ``assert``, a note
is added. Either is done once, whoever sees the failure first.
"""

import contextlib
from pathlib import Path

from pytest_karatos.debug.suspects import suspects
from pytest_karatos.debug.where import Where
from pytest_karatos.elf import read
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import (
    BadFirmware,
    Fixable,
    KaratosError,
    MachineEnded,
    NotSeen,
    Stuck,
    TooLittle,
    WrongExit,
)

#: Failures that are about where a firmware has come: the place belongs into their first line.
_TELLS_PLACE = (MachineEnded, NotSeen, Stuck, TooLittle, WrongExit)
_DONE = "_karatos_where"


def explain(error: BaseException, machine: Machine) -> Where | None:
    """Look into ``machine`` and put what is there into ``error``; None when there is nothing.

    What is known already is returned. An error that people can fix tells nothing of the firmware.
    """
    if isinstance(error, Fixable):
        return None
    known = vars(error).get(_DONE)
    if isinstance(known, Where):
        return known
    where = machine.post_mortem()
    setattr(error, _DONE, where)
    because = _because(where, machine)
    if isinstance(error, KaratosError):
        error.what = _told(error, where, because)
    elif text := _below(where):
        headline = [f"{_capital(where.headline)}{because}."] if where.headline else []
        error.add_note("\n".join([*headline, *text]))
    return where


def tell_as(error: BaseException, other: BaseException | None) -> None:
    """Let ``error`` stand for ``other``, and tell what was found for that: nobody looks again."""
    setattr(error, _DONE, vars(other).get(_DONE, Where()) if other is not None else Where())


def _because(where: Where, machine: Machine) -> str:
    """Say what of the ELF is to blame: a register of the fault points to where it is wrong."""
    if where.fault is None or where.fault.frame is None:
        return ""
    pointers = set(where.fault.frame.registers.values())
    path = Path(machine.facts()["elf"])
    with contextlib.suppress(BadFirmware):
        for one in suspects(read(path), machine.board):
            if any(one.start <= pointer < one.end for pointer in pointers):
                return f": {one.what.removeprefix(f'{path.name}: ').rstrip('.')}"
    return ""


def _told(error: KaratosError, where: Where, because: str) -> str:
    first, _, rest = error.what.partition("\n")
    lines = [first]
    # A failure may be about the fault, and say it already.
    if where.headline and not first.startswith(_capital(where.headline)):
        lines = [f"{_capital(where.headline)}{because}.", first]
    elif not where.headline and where.goes_on_in and _wants_place(error, where):
        lines = [f"{first.rstrip('.')}; {where.goes_on_in}."]
    return "\n".join([*lines, *([rest] if rest else []), *_below(where)])


def _wants_place(error: KaratosError, where: Where) -> bool:
    return bool(where.printed) or isinstance(error, _TELLS_PLACE)


def _below(where: Where) -> list[str]:
    text = str(where)
    return ["where it was:", *(f"  {line}" for line in text.splitlines())] if text else []


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
