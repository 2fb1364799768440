"""The events of one console, read in the dialect that knows it best."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from pytest_karatos.deadline import Deadline
from pytest_karatos.dialect import Dialect, Event, EventClock
from pytest_karatos.errors import MachineEnded, Misbehaved
from pytest_karatos.outstanding import Outstanding
from pytest_karatos.scheduler.parser import Parser


class Reader(Protocol):
    """Something that is read once from its beginning."""

    def begin(self, what: str, deadline: Deadline) -> None:
        """Begin to wait for ``what``, and take in what has come by now."""

    def take_in(self) -> None:
        """Take in what has come by now."""

    def rest(self) -> str:
        """Return what was taken in and not read, without waiting or judging."""

    def more(self, what: str, deadline: Deadline) -> str:
        """Return the next piece of text, blocking until there is one; ``what`` is waited for.

        :raises Misbehaved: NotSeen when none came in time, MachineEnded when none will come.
        """

    def has_named(self, line: str) -> bool:
        """Tell whether a match of the test is of this line."""

    def count_as_progress(self) -> None:
        """Let what was read so far not count as the repetition of a firmware that is stuck."""


class ReplayableConsole(Protocol):
    """A console."""

    @property
    def outstanding(self) -> Outstanding:
        """What was raised, until somebody has heard of it."""

    @property
    def reset_at(self) -> int:
        """The number of the line behind which reset was pressed last; 0 when it never was."""

    @property
    def knows_of_fault(self) -> bool:
        """Whether a fault was printed that a test was told of, waited for, or allowed."""

    def excuses(self, sentence: str) -> bool:
        """Tell whether ``sentence`` holds a text that is allowed."""

    def note_crash(self, line: str, error: Misbehaved) -> None:
        """Note that ``error`` tells of the crash that begins with ``line``."""

    def replay(self) -> Reader:
        """Give a reader that begins at the boot, whatever others have read."""

    def around_line(self, number: int) -> str:
        """Quote the lines around line ``number``, from 1, and say where all of them are."""


#: Events kept from the boot on, and of the latest: firmware may print for ever.
KEPT_FIRST, KEPT_LAST = 10_000, 10_000
#: After so many events a dialect that has none is given up: reading costs time.
_SURE = 20


class Log:
    """The events of one console, in the dialect that knows it best."""

    def __init__(
        self, console: ReplayableConsole, dialects: Sequence[Dialect], clock: EventClock
    ) -> None:
        self._console = console
        self._reader: Reader | None = None
        self._voices = [_DialectReader(dialect, clock) for dialect in dialects]

    @property
    def events(self) -> list[Event]:
        """What is known so far, in the order of the console."""
        voice = self._voice()
        return [*voice.first, *voice.latest] if voice else []

    @property
    def dialect(self) -> str:
        """The dialect that was recognised; empty as long as none was."""
        voice = self._voice()
        return voice.parser.name if voice else ""

    def begin(self, what: str, deadline: Deadline) -> None:
        """Begin to wait for ``what``; :meth:`rest` then gives what has come by now."""
        self._opened().begin(what, deadline)

    def take_in(self) -> None:
        """Let :meth:`rest` give what has come by now."""
        self._opened().take_in()

    def has_named(self, event: Event) -> bool:
        """Tell whether a match of the test is of the line of ``event``."""
        return self._opened().has_named(event.line)

    def _opened(self) -> Reader:
        if self._reader is None:
            self._reader = self._console.replay()
        return self._reader

    def more(self, what: str, deadline: Deadline) -> list[Event]:
        """Wait for more text and return its events, of which there may be none.

        :raises Misbehaved: what the console says when nothing more comes, or something bad did.
        """
        known = self._voice()
        try:
            text = self._opened().more(what, deadline)
        except MachineEnded as error:
            # The last line may lack its newline; on a timeout its rest may still come.
            fresh = [voice.finish() for voice in self._voices]
            if any(fresh):
                self._console.outstanding.forget(error)
                return self._fresh(known, fresh)
            raise
        return self._fresh(known, [voice.feed(text) for voice in self._voices])

    def count_as_progress(self) -> None:
        """Let what was read so far not count as the repetition of a firmware that is stuck."""
        if self._reader is not None:
            self._reader.count_as_progress()

    def rest(self, *, last: bool) -> Iterator[list[Event]]:
        """Give what has come and was not read yet, waiting for nothing and judging nothing.

        With ``last`` a torn last line counts as it is: who asks has nothing more to wait for.
        """
        while self._reader is not None and (text := self._reader.rest()):
            known = self._voice()
            yield self._fresh(known, [voice.feed(text) for voice in self._voices])
        if last:
            known = self._voice()
            yield self._fresh(known, [voice.finish() for voice in self._voices])

    def _settle(self, best: "_DialectReader") -> None:
        """Stop reading in dialects that know nothing, once one knows plenty."""
        if len(self._voices) > 1 and best.count >= _SURE:
            self._voices = [voice for voice in self._voices if voice.count]

    def _fresh(self, known: "_DialectReader | None", fresh: list[list[Event]]) -> list[Event]:
        voice = self._voice()
        if voice is None:
            return []
        index = self._voices.index(voice)
        self._settle(voice)
        if voice is known or known is None:
            return fresh[index]
        return self.events  # the dialect was mistaken for another one until now

    def _voice(self) -> "_DialectReader | None":
        best = max(self._voices, key=lambda voice: voice.count, default=None)
        return best if best is not None and best.count else None


class _DialectReader:
    """One dialect's reading of the console."""

    def __init__(self, dialect: Dialect, clock: EventClock) -> None:
        self.parser = Parser(dialect, clock)
        self.count = 0
        self.first: list[Event] = []
        self.latest: deque[Event] = deque(maxlen=KEPT_LAST)

    def feed(self, text: str) -> list[Event]:
        return self._keep(self.parser.feed(text))

    def finish(self) -> list[Event]:
        return self._keep(self.parser.finish())

    def _keep(self, events: list[Event]) -> list[Event]:
        self.count += len(events)
        room = KEPT_FIRST - len(self.first)
        self.first += events[:room]
        self.latest.extend(events[room:])
        return events
