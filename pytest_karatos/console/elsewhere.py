"""The verdict on the streams that a test did not wait on: they are watched as the console is.

A hard fault may come out by semihosting while the console is a UART. What the others hold is
looked at when a wait ends without what it waited for, and at the end of a test. So are resets that
nobody saw.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.console.decode import TextDecoder
from pytest_karatos.console.failure import OtherStream, fit
from pytest_karatos.console.hidden import readings_of
from pytest_karatos.console.search import Wanted
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.console.wait import Wait, evidence
from pytest_karatos.errors import Forbidden, Stuck, UnexpectedReset

#: As much of a file is looked at: its beginning, where a fault has its first words, and its end.
_MOST_BYTES = 2 * 1024 * 1024
#: How long the end of one line of a machine may lag behind that of another, in seconds.
_LAG = 1.0
_WHY = "every stream that a firmware can speak on is watched."
_FIX = "where the line is as it should be, console.allow(...) excuses it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A line of a file that means a fault, or was forbidden; ``means`` says which."""

    stream: OtherStream
    line: str
    means: str


class Elsewhere:
    """The check of all streams but ``asked``; each thing that is wrong is told once."""

    def __init__(self, streams: Streams, asked: Stream) -> None:
        self._streams = streams
        self._asked = asked
        self._told: set[Finding] = set()

    def check(self) -> None:
        """Judge what has come on the others.

        :raises Forbidden: a fault or a forbidden text. :raises Flooded: too much.
        """
        with self._streams.lock:
            for one in self._streams.beside(self._asked):
                self._check_stream(one)
            for found in _findings(self._streams):
                self._tell(found)

    @property
    def knows_of_fault(self) -> bool:
        """Whether one of them printed a fault that somebody was told of, or that is excused."""
        with self._streams.lock:
            others = self._streams.beside(self._asked)
            told = any(one.knows_of_fault for one in others)
            return told or any(_findings(self._streams, excused=True))

    def _check_stream(self, stream: Stream) -> None:
        if self._asked.pump.ended:
            stream.pump.wait_for_end(_LAG)
        # What was said before the console's last line may still be on its way.
        stream.pump.drain(_LAG)
        stream.pull_all()
        mark = stream.first_mark(guesses=False)
        if mark is not None:
            error = Wait(stream, self._streams, Wanted(), patient=True).verdict(mark)
            error.why, error.fix = _WHY, _FIX
            raise error from None  # what was waited for in vain is a consequence, not the cause

    def _tell(self, found: Finding) -> None:
        if found not in self._told:
            self._told.add(found)
            said = f"{found.stream.name} has {fit(found.line)!r}, which means {found.means}."
            raise Forbidden(
                evidence(self._asked, self._streams).below(said),
                why=_WHY,
                fix=f"{_FIX}; the whole of it is in {found.stream.path}",
            ) from None


def check_resets(stream: Stream, streams: Streams) -> None:
    """Judge the resets of the firmware by itself, at the end of a test.

    :raises UnexpectedReset: nobody asked for them. :raises Stuck: they are many.
    """
    rules, unasked = stream.rules, streams.resets.unasked
    if unasked <= rules.expect_resets:
        return
    look = streams.life.look()
    how = streams.resets.told(look.seconds if look else None)
    if unasked > rules.expect_resets + rules.restarts:
        raise Stuck(evidence(stream, streams).below(f"The firmware restarts in a loop: it {how}."))
    raise UnexpectedReset(
        evidence(stream, streams).below(f"The firmware {how}; the test did not ask for that."),
        why="firmware that crashes may end in a reset, and come back as if nothing had been.",
        fix=f"where it is meant: @pytest.mark.karatos(expect_resets={unasked}), or "
        f"expect_resets = {unasked} in [console]; what a test types asks for one reset",
    )


def _findings(streams: Streams, *, excused: bool = False) -> Iterator[Finding]:
    """Give what the console's rules find in files, at most one line of each.

    Lines that hold an allowed text are among them if they shall be, ``excused``.
    """
    for one in streams.life.streams():
        raw = _read(one.path)
        # As a terminal shows it, and with what it would swallow.
        for text in (TextDecoder().feed(raw, last=True), *_hidden_in(raw)):
            found = streams.console.first_bad_line(_without_apart(text, one), excused=excused)
            if found is not None:
                yield Finding(stream=one, line=found[0], means=found[1])
                break


def _without_apart(text: str, stream: OtherStream) -> str:
    return "\n".join(line for line in text.split("\n") if not stream.is_apart(line))


def _hidden_in(raw: bytes) -> Iterator[str]:
    for line in raw.split(b"\n"):
        yield from (reading.shown() for reading in readings_of(line))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(_MOST_BYTES)
            size = path.stat().st_size
            if size <= _MOST_BYTES:
                return head
            file.seek(max(_MOST_BYTES, size - _MOST_BYTES))
            return head + b"\n" + file.read(_MOST_BYTES)
    except OSError:
        return b""
