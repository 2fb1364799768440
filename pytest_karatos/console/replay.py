"""Read a console from its first byte, whatever ``expect`` has consumed, and wait for more of it."""

from pytest_karatos.console.life import Life
from pytest_karatos.console.plain import Plain
from pytest_karatos.console.search import Hit, Wanted
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.wait import Ended, Late, Wait
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import NotSeen

_PIECE = 64 * 1024
#: So much of what had come in time is still read when the time is over.
_LATE_BYTES = 4 * 1024 * 1024


class Replay:
    """A reader with a place of its own; waiting watches for all that a console is watched for."""

    def __init__(self, stream: Stream, life: Life) -> None:
        self._stream = stream
        self._life = life
        self._plain = Plain()
        self._offset = 0
        self._position = 0
        self._wait: _Growth | None = None
        self._deadline: Deadline | None = None

    def more(self, what: str, deadline: Deadline) -> str:
        """Return the next piece of text; block until there is some. ``what`` is waited for.

        :raises NotSeen: nothing more came until ``deadline``.
        :raises MachineEnded: the machine ended and all was read.
        :raises Forbidden, Stuck, Flooded: the firmware misbehaved in what was read so far.
        """
        if self._wait is None or deadline is not self._deadline:
            self._deadline = deadline
            self._wait = _Growth(self._stream, self._life, what)
        wait = self._wait
        try:
            wait.beyond(self._offset, self._position, deadline)
        except Ended:
            rest = self._plain.feed(b"", last=True)
            if rest:
                return rest
            raise wait.ended() from None
        except Late:
            raise wait.late(NotSeen) from None
        return self._read(_PIECE)

    def rest(self) -> str:
        """Return what has come behind this reader's place, as far as it was taken in."""
        return self._read(_LATE_BYTES)

    def _read(self, most_bytes: int) -> str:
        size = min(self._stream.offset - self._offset, most_bytes)
        raw = self._stream.pump.read(self._offset, size)
        self._offset += len(raw)
        text = self._plain.feed(raw)
        self._position += len(text)
        return text


class _Growth(Wait):
    """A wait for anything new; it lives as long as its deadline, so that it sees repetition."""

    def __init__(self, stream: Stream, life: Life, what: str) -> None:
        wanted = Wanted()
        wanted.names.append(what)
        super().__init__(stream, life, wanted, patient=False)
        self._offset = 0
        self._position = 0
        self._last: int | None = None

    def beyond(self, offset: int, position: int, deadline: Deadline) -> None:
        """Return when the stream has bytes behind ``offset``; ``position`` is that in characters.

        What had come when the time was over is still handed out (not endlessly much), and no
        more: firmware may print for ever.
        """
        self._offset, self._position = offset, position
        if deadline.expired and self._last is None:
            self._last = min(self._stream.pump.total, offset + _LATE_BYTES)
        if self._last is not None and offset >= self._last and not self._stream.finished:
            self._deadline = deadline
            raise Late
        self.run(deadline.left)

    def _look(self) -> Hit | None:
        stream = self._stream
        mark = stream.first_mark(guesses=True)
        waiting = stream.offset > self._offset
        if mark is not None and (mark.start < self._position or not waiting):
            raise self.verdict(mark)
        self._raise_if_repeating(self._position)
        return Hit(index=0, start=0, end=0, match="") if waiting else None
