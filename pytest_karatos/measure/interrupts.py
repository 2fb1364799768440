"""How long interrupts were off, and how long each waited: in instructions, out of a boot's moments.

A stretch in which they are off ends where they are turned on, or where one is taken: then they were
on, however shortly, and the handler begins a stretch of its own. What comes before they were on for
the first time is the firmware's start and no stretch. An interrupt waits from where it is asked for
to the first instruction of its handler.

Whoever has the moments of a boot, of the one that a test saw or of another schedule, feeds a
:class:`Moments` with them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from pytest_karatos.debug.symbols import Place
from pytest_karatos.emulators.steps import Moment, Turn
from pytest_karatos.errors import NotPossible, TooLittle

#: Stretches and waits that are kept of a boot.
_MOST = 500_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Off:
    """A stretch of ``instructions`` from ``begin`` on that were executed while interrupts were off.

    ``address`` is that of its first instruction, ``end_address`` of the first one behind it; -1
    where it was not over yet.
    """

    begin: int
    instructions: int
    address: int
    end_address: int = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """An interrupt that was asked for before ``address``, and taken ``instructions`` later.

    ``instructions`` is None where nobody saw it asked for.
    """

    number: int
    begin: int
    instructions: int | None
    address: int = -1


@dataclass(slots=True)
class Moments:
    """Makes stretches and waits out of the moments of a boot, in their order."""

    offs: list[Off] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    instructions: int = 0
    _off_since: Moment | None = None
    #: Whether they are off since the reset.
    _is_start: bool = False
    _asked: dict[int, Moment] = field(default_factory=dict)

    def see_moment(self, moment: Moment) -> None:
        """Take the next moment."""
        if len(self.offs) + len(self.waits) > _MOST:
            raise NotPossible(
                f"interrupts were turned off, or taken, more than {_MOST:,} times.",
                fix="measure a shorter boot",
            )
        match moment.turn:
            case Turn.OFF:
                self._off_since, self._is_start = moment, not moment.instructions
            case Turn.ON:
                self._close(moment)
                self._off_since = None
            case Turn.TAKEN:
                self._take(moment)
                self._split(moment)
            case Turn.OTHER:
                self._split(moment)
            case Turn.ASKED:
                self._asked.setdefault(moment.number, moment)
            case Turn.CLEARED:
                self._asked.pop(moment.number, None)

    def see_end(self, instructions: int) -> None:
        """Hear how far it came."""
        self.instructions = instructions

    def _split(self, moment: Moment) -> None:
        if self._off_since is not None:
            self._close(moment)
            self._off_since, self._is_start = moment, False

    def _close(self, moment: Moment) -> None:
        since = self._off_since
        if since is None or self._is_start or moment.instructions == since.instructions:
            return
        off = Off(
            begin=since.instructions,
            instructions=moment.instructions - since.instructions,
            address=since.address,
            end_address=moment.address,
        )
        self.offs.append(off)

    def _take(self, moment: Moment) -> None:
        asked = self._asked.pop(moment.number, None)
        begin = moment.instructions if asked is None else asked.instructions
        wait = Wait(
            number=moment.number,
            begin=begin,
            instructions=None if asked is None else moment.instructions - begin,
            address=moment.address if asked is None else asked.address,
        )
        self.waits.append(wait)

    def between(self, begin: int, end: int) -> tuple[tuple[Off, ...], tuple[Wait, ...]]:
        """Return what began from ``begin`` on, as it was after ``end`` instructions.

        What was not over by then is as long as it was by then.

        :raises NotPossible: when less than that is known.
        """
        if self.instructions + 1 < end:  # the last one of a log may be torn
            raise NotPossible(
                f"interrupts are known for {self.instructions:,} of {end:,} instructions."
            )
        offs = (_off_by(end, one) for one in self._offs() if begin <= one.begin < end)
        waits = (_wait_by(end, one) for one in self._waits() if begin <= one.begin < end)
        return tuple(offs), tuple(waits)

    def _offs(self) -> Iterator[Off]:
        yield from self.offs
        since = self._off_since
        if since is not None and not self._is_start and self.instructions > since.instructions:
            length = self.instructions - since.instructions
            yield Off(begin=since.instructions, instructions=length, address=since.address)

    def _waits(self) -> Iterator[Wait]:
        yield from self.waits
        for number, asked in self._asked.items():
            begin = asked.instructions
            length = max(0, self.instructions - begin)
            yield Wait(number=number, begin=begin, instructions=length, address=asked.address)


def _off_by(end: int, off: Off) -> Off:
    if off.begin + off.instructions <= end:
        return off
    return replace(off, instructions=end - off.begin, end_address=-1)


def _wait_by(end: int, wait: Wait) -> Wait:
    if wait.instructions is None or wait.begin + wait.instructions <= end:
        return wait
    return replace(wait, instructions=end - wait.begin)


@dataclass(frozen=True, kw_only=True, slots=True)
class LongestOff:
    """The longest stretch with interrupts off: ``instructions`` of them, and where it began.

    ``until`` is where it was over; with ``is_open`` it was not, where measuring ended. Places are
    None where the ELF has no names.
    """

    instructions: int
    place: Place | None
    until: Place | None = None
    is_open: bool = False

    def __str__(self) -> str:
        until = ", and they are off still" if self.is_open else ""
        until = f" until {self.until}" if self.until else until
        return (
            f"interrupts were off for {self.instructions:,} instructions{_from(self.place)}{until}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """The longest that an ``interrupt`` waited for its handler, and where it had to."""

    interrupt: str
    instructions: int
    place: Place | None

    def __str__(self) -> str:
        return f"{self.interrupt} waited for {self.instructions:,} instructions{_from(self.place)}"


def _from(place: Place | None) -> str:
    return f" from {place} on" if place else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class InterruptFigures:
    """What was found out about a boot's interrupts; ``offs`` and ``waits`` are all of them.

    ``name_of`` names an interrupt, ``place_of`` an address.
    """

    offs: tuple[Off, ...]
    waits: tuple[Wait, ...]
    name_of: Callable[[int], str]
    place_of: Callable[[int], Place | None]

    @property
    def off(self) -> LongestOff:
        """The longest stretch in which interrupts were off; of equal ones the first.

        In a handler they are off: of one that can be interrupted by a more urgent one too.

        :raises TooLittle: when they never were.
        """
        if not self.offs:
            raise TooLittle(
                "interrupts were not turned off once, and no handler ran.",
                why="what comes before they are on for the first time is the firmware's start.",
                fix="wait for more of the firmware before measuring",
            )
        found = max(self.offs, key=lambda one: one.instructions)
        is_open = found.end_address < 0
        return LongestOff(
            instructions=found.instructions,
            place=self.place_of(found.address),
            until=None if is_open else self.place_of(found.end_address),
            is_open=is_open,
        )

    def latency(self, interrupt: str = "") -> Latency:
        """Return the longest wait for the handler of ``interrupt``, or of any one.

        :raises TooLittle: when none was asked for.
        :raises NotPossible: when one was taken that nobody saw asked for.
        """
        waits = list(self._waits_of(interrupt))
        if not waits:
            seen = sorted({self.name_of(one.number) for one in self.waits})
            raise TooLittle(
                f"{interrupt or 'no interrupt'} was {'not ' if interrupt else ''}asked for.",
                why=f"those that were: {', '.join(seen) or 'none'}.",
            )
        unseen = sorted({self.name_of(one.number) for one in waits if one.instructions is None})
        if unseen:
            raise NotPossible(
                f"it is not known since when these were asked for: {', '.join(unseen)}.",
                why="they were asked for before they were enabled, or stayed so by their level.",
                fix='name another one: measure.interrupts().latency("SysTick")',
            )
        found = max(waits, key=_length)
        return Latency(
            interrupt=self.name_of(found.number),
            instructions=_length(found),
            place=self.place_of(found.address),
        )

    def _waits_of(self, interrupt: str) -> Iterable[Wait]:
        return (one for one in self.waits if interrupt in {"", self.name_of(one.number)})


def _length(wait: Wait) -> int:
    return wait.instructions or 0
