"""Instruction counts of a boot: how many had been executed when each byte was printed.

An emulator notes each store to a device's register; which of the registers is the console's is
told afterwards by what was printed. So no board need say what its UART is.
"""

import contextlib
import json
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_karatos.errors import NotPossible

#: Stores that are kept of one boot; the first ones, since it is the start that is asked for.
MOST_STORES = 1_000_000
#: The file of those that somebody asked for: lines ``[offset, instructions, seconds or null]``.
NAME = "console.stamps"
#: Longest file that is read; another's may be endless.
_LONGEST = 4 * 1024 * 1024


@dataclass(slots=True)
class _Register:
    values: bytearray = field(default_factory=bytearray)
    counts: "array[int]" = field(default_factory=lambda: array("Q"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """When a byte left the console, of the guest's own: ``instructions`` executed until then.

    ``seconds`` since the boot by the guest's clock, in whole microseconds; None where nobody asked.
    """

    instructions: int
    seconds: float | None = None


def note_stamps(folder: Path, stamps: Mapping[int, Stamp]) -> None:
    """Note in a boot's ``folder`` what became known of its console's bytes.

    A disk that takes no more costs the notes, and nothing else.
    """
    lines = [json.dumps([offset, one.instructions, one.seconds]) for offset, one in stamps.items()]
    with contextlib.suppress(OSError), (folder / NAME).open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def noted_stamps(folder: Path) -> Mapping[int, Stamp]:
    """Read what is noted in ``folder``, by the byte's place; other lines are skipped."""
    try:
        with (folder / NAME).open("rb") as file:
            lines = file.read(_LONGEST).splitlines()
    except OSError:
        return {}
    found: dict[int, Stamp] = {}
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, OverflowError, RecursionError):
            offset, instructions, seconds = json.loads(line)
            known = found.get(int(offset), Stamp(instructions=int(instructions)))
            told = known.seconds if seconds is None else float(seconds)
            if told is None or math.isfinite(told):
                found[int(offset)] = replace(known, seconds=told)
    return found


class Stamps:
    """What an emulator notes of one boot; it is asked when the machine is gone."""

    def __init__(self) -> None:
        self._registers: dict[str, _Register] = {}
        self._left = MOST_STORES

    def note(self, register: str, value: int, instructions: int) -> None:
        """Note that ``value`` was stored; ``instructions`` counts the storing one too."""
        if self._left:
            self._left -= 1
            found = self._registers.setdefault(register, _Register())
            found.values.append(value & 0xFF)
            found.counts.append(instructions)

    def at(self, printed: bytes, offset: int) -> int:
        """Return how many instructions there were up to byte ``offset`` of what was ``printed``.

        >>> stamps = Stamps()
        >>> for count, (register, value) in enumerate([("baud", 4), ("data", 72), ("data", 105)]):
        ...     stamps.note(register, value, 10 * count)
        >>> stamps.at(b"Hi", 1)
        20

        :raises NotPossible: when nothing was noted, or not one register alone got these bytes.
        """
        return self.all_of(printed, offset)[offset]

    def all_of(self, printed: bytes, last: int) -> Sequence[int]:
        """Return that of each byte of ``printed``, up to the byte ``last`` at least.

        :raises NotPossible: as :meth:`at` does.
        """
        if not self._registers:
            raise NotPossible("this machine does not tell what it stores, so nothing was counted.")
        found = [
            one.counts[start:]
            for one in self._registers.values()
            if (start := _start(one.values, printed, last)) is not None
        ]
        if len(found) != 1:
            raise NotPossible(
                "it cannot be told when the console's bytes were printed.",
                why=f"{len(found) or 'no'} registers got them, one after the other.",
                fix="count up to a text on a serial line; semihosting has no register",
            )
        return found[0]


def _start(values: bytearray, printed: bytes, offset: int) -> int | None:
    """Return where ``printed`` begins in what a register got, with nothing else behind it.

    A register may be another's before it is the data's (the divisor latch of a 16550).
    """
    start = values.find(printed[: offset + 1])
    while start >= 0:
        rest = values[start : start + len(printed)]
        if printed.startswith(rest) and len(rest) > offset:
            return start
        start = values.find(printed[: offset + 1], start + 1)
    return None
