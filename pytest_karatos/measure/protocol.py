"""The protocol of a probe, which takes one metric, and what probes are handed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pytest_karatos.board import Board
from pytest_karatos.elf import Elf
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.firmware import Firmware


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What a probe found, in its metric's unit.

    ``room`` is the most that the board can hold, None where nothing bounds it; ``room_name`` says
    what that is.
    """

    value: float
    room: float | None = None
    room_name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltElf:
    """What a probe of an ELF is handed."""

    elf: Elf
    board: Board


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeatable:
    """What a probe is handed that boots the firmware once more.

    ``boot`` starts it on the board given, which may be watched otherwise than the firmware's, and
    lets the emulator fill the stamps.
    """

    firmware: Firmware
    boot: Callable[[Board, Stamps], AbstractContextManager[Machine]]


S_contra = TypeVar("S_contra", contravariant=True)


class Probe(Protocol[S_contra]):
    """One way to take a metric: a module of this package that bears the metric's name.

    The metric's ``when`` says what ``subject`` is: :class:`BuiltElf` for an ELF, the machine for a
    live one, its facts for a boot that is over, :class:`Repeatable` for one that is repeated.
    """

    def take(self, subject: S_contra) -> Figure | None:
        """Take the figure; None where there is none."""
