"""A campaign of bit flips: what becomes of a firmware when one bit of its memory is another one.

Each flip is a boot of its own that stands at one instruction when the bit is turned over. The
control stands there too, and turns nothing. A class is a fact of the boot, so the same flips have
the same classes in each campaign.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import Symbols, symbols_of
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.qemu.inject import byte_and_bit
from pytest_karatos.emulators.qemu.schedule import Schedule
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import BadSetting, Misbehaved, TooLittle
from pytest_karatos.firmware import Firmware

_BITS = 8
#: Guest seconds of a boot that does not end by itself, unless said otherwise; how much longer than
#: the control one may take that has been broken.
_SECONDS, _LONGER = 1.0, 3.0
_SHOWN = 5


class Class(StrEnum):
    """What became of a flip."""

    MASKED = "masked"
    DETECTED = "detected"
    SILENT = "silent"
    HANG = "hang"


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A bit of a variable that was turned over, and what became of it; ``schedule`` replays it."""

    bit: int
    schedule: Schedule
    became: Class


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """How a boot ended: its status (None: it was still running), its text, whether it complained.

    ``late`` says that it ran for as long as it may.
    """

    status: int | None
    text: bytes
    complains: bool


def class_of(control: End, end: End) -> Class:
    """Class a boot with a flip by how its control ended.

    >>> well = End(status=0, text=b"pass", complains=False)
    >>> class_of(well, replace(well, text=b"other")), class_of(well, replace(well, status=3))
    (<Class.SILENT: 'silent'>, <Class.DETECTED: 'detected'>)
    >>> class_of(well, replace(well, status=None, text=b"")), class_of(well, well)
    (<Class.HANG: 'hang'>, <Class.MASKED: 'masked'>)
    """
    if end == control:
        return Class.MASKED
    if end.complains or (end.status is not None and end.status != control.status):
        return Class.DETECTED
    stops_short = len(end.text) < len(control.text) and control.text.startswith(end.text)
    if end.status is None and (control.status is not None or stops_short):
        return Class.HANG
    return Class.SILENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Flips:
    """The flips of a campaign in the variable ``name``, each with its class."""

    name: str
    all: tuple[Flip, ...]

    @property
    def classes(self) -> Mapping[Class, int]:
        """How many became what."""
        return Counter(one.became for one in self.all)

    def of(self, became: Class) -> Sequence[Flip]:
        """Return those that became that."""
        return [one for one in self.all if one.became is became]

    def at_most(self, *, silent: int) -> None:
        """Let no more than ``silent`` flips end well with other words.

        :raises Misbehaved: there are more. :raises TooLittle: nothing was flipped.
        """
        if not self.all:
            raise TooLittle(f"No bit of '{self.name}' was flipped.")
        found = self.of(Class.SILENT)
        if len(found) > silent:
            first = ", ".join(f"bit {one.bit} ({one.schedule})" for one in found[:_SHOWN])
            raise Misbehaved(
                f"{len(found)} of {len(self.all)} flips of '{self.name}' end well with other "
                f"words, more than {silent}: {first}. {self}"
            )

    def __str__(self) -> str:
        return ", ".join(f"{self.classes.get(one, 0)} {one}" for one in Class)


@dataclass(kw_only=True)
class Campaign:
    """Flips bits of ``firmware`` on ``board``, whose ``inject`` must be on."""

    bench: Bench
    firmware: Firmware
    board: Board

    def flip(
        self, name: str, *, at: str, count: int = 0, seed: int = 1, seconds: float = _SECONDS
    ) -> Flips:
        """Flip bits of the variable ``name`` when the function ``at`` is entered first.

        So many bits are drawn by ``seed``, or, with 0, each one is. A boot that does not end by
        itself is ended after ``seconds`` of its own time.

        :raises BadSetting: where nobody asked for it by ``inject = true``.
        :raises UnknownName: for a name that the ELF does not have.
        """
        if not self.board.inject:
            raise BadSetting(
                f"board '{self.board.name}' is not to be broken: inject is off.",
                fix="@pytest.mark.karatos(inject=True), or [emulator] inject = true",
            )
        symbols: Symbols = symbols_of(self.firmware.elf)
        start, size = symbols.stretch(name)
        point = Schedule(address=symbols.named(at).address)
        control = self._end(point, seconds)
        if control != self._end(point, seconds):
            raise Misbehaved(
                "Two boots without a flip end differently: no class would say anything."
            )
        bits = range(size * _BITS)
        drawn = random.Random(seed).sample(bits, min(count, len(bits))) if count else bits  # noqa: S311
        flips = [(bit, replace(point, flip=byte_and_bit(start, size, bit))) for bit in drawn]
        return Flips(
            name=name,
            all=tuple(
                Flip(
                    bit=bit,
                    schedule=one,
                    became=class_of(control, self._end(one, seconds * _LONGER)),
                )
                for bit, one in flips
            ),
        )

    def _end(self, schedule: Schedule, seconds: float) -> End:
        emulator, boot, launcher = self.bench.apart(self.firmware, self.board, str(schedule))
        with private_folder() as folder:
            boot = replace(boot, folder=Path(folder) / "boot")
            with emulator.boot(boot, launcher) as machine:
                return _end_of(machine, seconds)


def _end_of(machine: Machine, seconds: float) -> End:
    machine.settle(seconds)
    status = machine.exit_status
    text = machine.console.transcript.read_bytes()
    return End(status=status, text=text, complains=any(_complaints(machine)))


def _complaints(machine: Machine) -> Iterator[bool]:
    """Tell whether the console tells of a fault, or the processor is in one."""
    try:
        machine.console.check()
    except Misbehaved:
        yield True
    yield machine.faulted() is not None
