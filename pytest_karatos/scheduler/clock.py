"""The clock of a boot's events: asks the machine that printed them, for many at a time.

Telling when a line was printed takes a second boot up to that line. So nobody asks for the latest
of an endless firmware's lines because of its first: what is asked together grows with each time.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from pytest_karatos.console.decode import line_ends
from pytest_karatos.dialect import Event
from pytest_karatos.emulators.stamps import Stamp
from pytest_karatos.errors import NotPossible

#: So many events of one kind are asked for together: each costs a stop of the repeated boot.
_MOST_TIMES = 200
#: So many events are asked for first, beside those before the one in question; then twice as many.
_FIRST = 64


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
    """Tells when the ``events`` of ``machine`` were printed, and where they lie in its log."""

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
            more = max(_FIRST, len(self._instructions))
            self._ask(self._lines(event, self._instructions, more), times=False)
        return self._instructions[event.last]

    def time(self, event: Event) -> float:
        """Return the guest's seconds since the boot.

        :raises NotPossible: where that cannot be told.
        """
        if event.last not in self._times:
            more = min(_MOST_TIMES, max(_FIRST // 4, len(self._times)))
            self._ask(self._lines(event, self._times, more, event.kind), times=True)
        return self._times[event.last]

    def offset(self, event: Event) -> int:
        """Return where in the log the first line of ``event`` begins, in bytes.

        :raises NotPossible: where there is no log.
        """
        if event.number <= 1:
            return 0
        return self._end_of(self._log(), event.number - 1) + 1

    def _lines(
        self, event: Event, known: Mapping[int, object], more: int, kind: str = ""
    ) -> list[int]:
        """Return the lines to ask for: up to ``event``, and so many ``more`` of that ``kind``."""
        lines = sorted(
            {one.last for one in self._events() if kind in ("", one.kind)} - known.keys()
        )
        here = bisect_right(lines, event.last)
        # A time costs a stop of its own, so those before are asked for when somebody wants them.
        before = [] if kind else lines[:here]
        return sorted({*before, event.last, *lines[here : here + more]})

    def _log(self) -> Path:
        console = getattr(self._machine, "console", None)
        if console is None:
            raise NotPossible("no machine printed these events, so they lie in no log.")
        return Path(console.transcript)

    def _ask(self, lines: Sequence[int], *, times: bool) -> None:
        if not isinstance(self._machine, Stamping):
            raise NotPossible("this machine cannot tell when a line of its console was printed.")
        log = self._machine.console.transcript
        offsets = {line: self._end_of(log, line) for line in lines}
        stamps = self._machine.stamps(list(offsets.values()), times=times)
        for line, offset in offsets.items():
            stamp = stamps[offset]
            self._instructions[line] = stamp.instructions
            if stamp.seconds is not None:
                self._times[line] = stamp.seconds

    def _end_of(self, log: Path, line: int) -> int:
        """Return where ``line``, from 1, ends; the last one may have no line end."""
        if line > len(self._ends):
            raw = log.read_bytes()
            ends = line_ends(raw)
            self._ends = ends if ends and ends[-1] == len(raw) - 1 else [*ends, len(raw) - 1]
        return self._ends[min(line, len(self._ends)) - 1]
