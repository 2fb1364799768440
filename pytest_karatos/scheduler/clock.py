"""The clock of a boot's events: asks the machine that printed them, for many at a time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from pytest_karatos.console.decode import line_ends
from pytest_karatos.dialect import Event
from pytest_karatos.emulators.stamps import Stamp
from pytest_karatos.errors import NotPossible

#: So many events of one kind are asked for together: each costs a stop of the repeated boot.
_MOST_TIMES = 200


class _Console(Protocol):
    @property
    def transcript(self) -> Path: ...


@runtime_checkable
class Stamping(Protocol):
    """A machine that can tell when bytes of its console left."""

    console: _Console

    def stamps(self, offsets: Sequence[int], *, times: bool = False) -> Mapping[int, Stamp]:
        """Tell when the bytes at ``offsets`` left.

        :raises NotPossible: where that cannot be told.
        """


class BootClock:
    """Tells when the ``events`` of ``machine`` were printed."""

    def __init__(self, machine: object, events: Callable[[], Sequence[Event]]) -> None:
        self._machine = machine
        self._events = events
        self._ends: Sequence[int] = ()
        self._instructions: dict[int, int] = {}
        self._times: dict[int, float] = {}

    def instructions(self, event: Event) -> int:
        """Return how many instructions had been executed.

        :raises NotPossible: where that cannot be told.
        """
        if event.last not in self._instructions:
            lines = {one.last for one in self._events()} | {event.last}
            self._ask(sorted(lines - self._instructions.keys()), times=False)
        return self._instructions[event.last]

    def time(self, event: Event) -> float:
        """Return the guest's seconds since the boot.

        :raises NotPossible: where that cannot be told.
        """
        if event.last not in self._times:
            later = [
                one.last
                for one in self._events()
                if one.kind == event.kind and one.last > event.last
            ]
            lines = [event.last, *later[: _MOST_TIMES - 1]]
            self._ask([one for one in lines if one not in self._times], times=True)
        return self._times[event.last]

    def _ask(self, lines: Sequence[int], *, times: bool) -> None:
        if not isinstance(self._machine, Stamping):
            raise NotPossible("this machine cannot tell when a line of its console was printed.")
        offsets = {line: self._end_of(self._machine, line) for line in lines}
        stamps = self._machine.stamps(list(offsets.values()), times=times)
        for line, offset in offsets.items():
            stamp = stamps[offset]
            self._instructions[line] = stamp.instructions
            if stamp.seconds is not None:
                self._times[line] = stamp.seconds

    def _end_of(self, machine: Stamping, line: int) -> int:
        """Return where ``line``, from 1, ends; the last one may have no line end."""
        if line > len(self._ends):
            raw = machine.console.transcript.read_bytes()
            ends = line_ends(raw)
            self._ends = ends if ends and ends[-1] == len(raw) - 1 else [*ends, len(raw) - 1]
        return self._ends[min(line, len(self._ends)) - 1]
