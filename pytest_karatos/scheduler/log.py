"""Turn a console into events, kept for asking again: the first ones and the latest ones."""

from collections import deque
from collections.abc import Iterator, Sequence

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import MachineEnded
from pytest_karatos.event import Dialect, Event
from pytest_karatos.scheduler.dialect import Parser
from pytest_karatos.scheduler.protocol import Reader, Spoken

#: Events kept from the boot on, and of the latest: firmware may print for ever.
KEPT_FIRST, KEPT_LAST = 10_000, 10_000
#: After so many events a dialect that has none is given up: reading costs time.
_SURE = 20


class Log:
    """The events of one console, in the dialect that knows it best."""

    def __init__(self, console: Spoken, dialects: Sequence[Dialect]) -> None:
        self._console = console
        self._reader: Reader | None = None
        self._voices = [_Voice(dialect) for dialect in dialects]

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

    def follow(self, what: str, deadline: Deadline) -> Iterator[Event]:
        """Give every event from the boot on, waiting for those to come; never ends by itself.

        :raises Misbehaved: what the console says when nothing more comes, or something bad did.
        """
        yield from self.events
        while True:
            yield from self._more(what, deadline)

    def _more(self, what: str, deadline: Deadline) -> list[Event]:
        known = self._voice()
        if self._reader is None:
            self._reader = self._console.replay()
        try:
            text = self._reader.more(what, deadline)
        except MachineEnded:
            # The last line may lack its newline; on a timeout its rest may still come.
            fresh = [voice.finish() for voice in self._voices]
            if any(fresh):
                return self._fresh(known, fresh)
            raise
        return self._fresh(known, [voice.feed(text) for voice in self._voices])

    def rest(self) -> list[Event]:
        """Give what has come and was not read yet, waiting for nothing and judging nothing."""
        known = self._voice()
        text = self._reader.rest() if self._reader else ""
        # A last line that is torn counts as it is: this is for who has nothing more to wait for.
        return self._fresh(known, [[*one.feed(text), *one.finish()] for one in self._voices])

    def _settle(self, best: "_Voice") -> None:
        """Stop reading in dialects that know nothing, once one knows plenty."""
        if len(self._voices) > 1 and best.count >= _SURE:
            self._voices = [voice for voice in self._voices if voice.count]

    def _fresh(self, known: "_Voice | None", fresh: list[list[Event]]) -> list[Event]:
        voice = self._voice()
        if voice is None:
            return []
        index = self._voices.index(voice)
        self._settle(voice)
        if voice is known or known is None:
            return fresh[index]
        return self.events  # the dialect was mistaken for another one until now

    def _voice(self) -> "_Voice | None":
        best = max(self._voices, key=lambda voice: voice.count, default=None)
        return best if best is not None and best.count else None


class _Voice:
    """One dialect's reading of the console."""

    def __init__(self, dialect: Dialect) -> None:
        self.parser = Parser(dialect)
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
