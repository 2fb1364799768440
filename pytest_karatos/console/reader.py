"""A reader of the console from its first byte, whatever ``expect`` has consumed."""

from collections import deque
from collections.abc import Iterator, Sequence

from pytest_karatos.console.decode import TextDecoder
from pytest_karatos.console.failure import fit
from pytest_karatos.console.search import Hit, Wanted
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.console.wait import Ended, Late, Wait
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import NotSeen

_PIECE = 64 * 1024
#: How long what the guest has sent may be on its way, in seconds.
_LAG = 0.25
#: So much of what had come in time is still read when the time is over.
_LATE_BYTES = 4 * 1024 * 1024


class TranscriptReader:
    """A reader with a place of its own; waiting watches for all that a console is watched for."""

    def __init__(self, stream: Stream, streams: Streams) -> None:
        self._stream = stream
        self._streams = streams
        self._plain = TextDecoder()
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
        wait = self._wait_for(what, deadline)
        with self._streams.outstanding:
            return self._more(wait, deadline)

    def begin(self, what: str, deadline: Deadline) -> None:
        """Begin a wait for ``what``, whose repetition is seen, and take in what has come by now."""
        self._wait_for(what, deadline)
        self.take_in()

    def take_in(self) -> None:
        """Take in what has come by now, for :meth:`rest`."""
        self._stream.pump.drain(_LAG)
        with self._streams.lock:
            self._stream.pull_all()

    def _wait_for(self, what: str, deadline: Deadline) -> "_Growth":
        if self._wait is None or deadline is not self._deadline:
            self._deadline = deadline
            self._wait = _Growth(self._stream, self._streams, what)
        return self._wait

    def _more(self, wait: "_Growth", deadline: Deadline) -> str:
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

    def has_named(self, line: str) -> bool:
        """Tell whether a match of the test is of this line, as a wait for a fault's words is."""
        with self._streams.lock:
            return self._stream.has_named(line)

    def around(self, number: int) -> str:
        """Quote the lines around ``number``, of a reader that has read none, with what followed."""
        Wait(self._stream, self._streams, Wanted(), patient=True).hear_it_out()
        pump = self._stream.pump
        where = f"transcript: {pump.transcript} ({pump.total} bytes)"
        lines = lines_around(self, number)
        return "\n".join([f"the console around line {number}:", *lines, where])

    @property
    def position(self) -> int:
        """How many characters were read, from the boot on."""
        return self._position

    def count_as_progress(self) -> None:
        """Let what was read so far not count as repetition: who waits has got nearer by it.

        Nor do lines that come again, and were taken for those of a boot, mean a restart.
        """
        if self._wait is not None:
            self._wait.begin_at(self._position)
        with self._streams.lock:
            for mark in self._stream.marks:
                if mark.kind == "restart?" and mark.start < self._position:
                    mark.reported = True

    def rest(self) -> str:
        """Return what has come behind this reader's place, as far as it was taken in."""
        return self._read(_LATE_BYTES)

    def first(self, size: int) -> Iterator[str]:
        """Give the text up to byte ``size`` of the boot, in pieces."""
        while piece := self._read(min(_PIECE, max(0, size - self._offset))):
            yield piece

    def _read(self, most_bytes: int) -> str:
        size = min(self._stream.offset - self._offset, most_bytes)
        raw = self._stream.pump.read(self._offset, size)
        self._offset += len(raw)
        text = self._plain.feed(raw)
        self._position += len(text)
        return text


class _Growth(Wait):
    """A wait for anything new; it lives as long as its deadline, so that it sees repetition."""

    def __init__(self, stream: Stream, streams: Streams, what: str) -> None:
        wanted = Wanted()
        wanted.names.append(what)
        super().__init__(stream, streams, wanted, patient=False)
        self._offset = 0
        self._position = 0
        self._last: int | None = None

    def beyond(self, offset: int, position: int, deadline: Deadline) -> None:
        """Return when the stream has bytes behind ``offset``; ``position`` is that in characters.

        What had come when the time was over is still handed out (not endlessly much), and no
        more: firmware may print for ever.
        """
        self._offset, self._position = offset, position
        if self._last is None and self._deadline is deadline and self._patience.is_over:
            self._last = min(self._stream.pump.total, offset + _LATE_BYTES)
        if self._last is not None and offset >= self._last and not self._stream.finished:
            raise Late
        self.run(deadline)

    def begin_at(self, position: int) -> None:
        """Look for repetition from ``position`` on, in characters."""
        self._begin = position

    def _look(self) -> Hit | None:
        stream = self._stream
        mark = stream.first_mark(guesses=True)
        waiting = stream.offset > self._offset
        if mark is not None and (mark.start < self._position or not waiting):
            raise self.verdict(mark)
        self._raise_if_repeating(self._position)
        return Hit(index=0, start=0, end=0, match="") if waiting else None


def lines_within(reader: TranscriptReader, size: int) -> int:
    """Return how many line ends there are in the first ``size`` bytes of an unread ``reader``."""
    return sum(piece.count("\n") for piece in reader.first(size))


#: Lines that are shown before the one that matters, and after it.
_BEFORE, _AFTER = 10, 4


def lines_around(reader: TranscriptReader, number: int) -> Sequence[str]:
    """Return the lines around line ``number`` of an unread ``reader``, that one marked with ``>``.

    A line may stand for many bytes, so the transcript is read in pieces, and only up to there.
    """
    shown: deque[tuple[int, str]] = deque(maxlen=_BEFORE + 1 + _AFTER)
    count, rest = 0, ""
    while count < number + _AFTER and (piece := reader.rest()):
        *lines, rest = (rest + piece).split("\n")
        for line in lines[: number + _AFTER - count]:
            count += 1
            shown.append((count, line))
    if rest and count < number + _AFTER:
        shown.append((count + 1, rest))
    near = [(at, line) for at, line in shown if abs(at - number) <= _BEFORE]
    return [f"{'>' if at == number else '|'} {fit(line)}" for at, line in near]
