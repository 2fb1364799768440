"""Wait for a text and for everything that makes waiting pointless, all at once."""

import time

from pytest_karatos.console.life import IDLE_FOR_EVER, Life
from pytest_karatos.console.repeat import endless_block
from pytest_karatos.console.search import Hit, Wanted
from pytest_karatos.console.stream import KEPT, Mark, Stream
from pytest_karatos.console.tell import Evidence, fit, how_it_ended
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import Flooded, Forbidden, MachineEnded, Misbehaved, Stuck

#: A match that touches the end of what has come may grow ("count=1" of "count=12"): this long we
#: wait for the rest, in seconds, and this long altogether.
_SETTLE, _SETTLE_ALL = 0.02, 0.25
#: How long an idle guest is given to answer what was typed, in seconds.
_IDLE_GRACE = 1.0
#: Characters of a line that are shown before what is wrong with it.
_BEFORE = 80
#: So much new text is searched at once without waiting for more of it.
_ENOUGH = 32 * 1024


class Ended(Exception):
    """The line has ended and the wanted text is not in it."""


class Late(Exception):
    """The time is over and nothing else is wrong."""


class Wait:
    """One wait on ``stream``. ``patient`` leaves out silence: the caller accepts a timeout."""

    def __init__(self, stream: Stream, life: Life, wanted: Wanted, *, patient: bool) -> None:
        self._stream = stream
        self._life = life
        self._wanted = wanted
        self._patient = patient
        self._begin = stream.end
        self._searched = stream.cursor
        self._cost = 0.0

    def run(self, timeout: float) -> Hit:
        """Return the first hit, within ``timeout`` seconds.

        :raises Ended: the line ended. :raises Late: the time is over.
        :raises Misbehaved: a fault, a flood, silence, a loop: see :mod:`pytest_karatos.errors`.
        """
        deadline = self._deadline = Deadline(timeout)
        last: int | None = None
        while True:
            hit = self._look()
            if hit is not None:
                return hit
            if deadline.expired and last is None:
                last = self._stream.pump.total  # what had come by then still counts
            if (last is None or self._stream.offset < last) and self._stream.pull():
                continue
            if self._stream.finished:
                raise Ended
            if deadline.expired:
                raise Late
            self._raise_if_stuck()
            self._sleep_until_more()

    def _look(self) -> Hit | None:
        began = time.perf_counter()
        stream = self._stream
        hit = self._find()
        if hit is not None and hit.open:
            hit = self._settle(hit)
        mark = stream.first_mark(guesses=hit is None)
        if mark is not None and (hit is None or mark.start < stream.base + hit.start):
            raise self.verdict(mark)
        if hit is None:
            self._searched = stream.end
            self._raise_if_repeating()
        self._cost = time.perf_counter() - began
        return hit

    def _find(self) -> Hit | None:
        stream = self._stream
        start = max(0, stream.cursor - stream.base)
        return self._wanted.find(stream.text, start, max(start, self._searched - stream.base))

    def _settle(self, hit: Hit) -> Hit:
        whole = Deadline(_SETTLE_ALL)
        while hit.open and not whole.expired:
            if not self._stream.pull():
                pump = self._stream.pump
                came = pump.wait_until(self._stream.offset + 1, _SETTLE)
                if not came or (pump.ended and not self._stream.pull()):
                    break
            hit = self._find() or hit
        return hit

    def _sleep_until_more(self) -> None:
        """Wake at the first byte; when searching costs more than the bytes, gather some first."""
        pump, seen = self._stream.pump, self._stream.offset
        if self._cost and pump.wait_until(seen + _ENOUGH, min(self._cost * 4, 0.02)):
            return
        self._cost = 0.0
        pump.wait_until(seen + 1, self._patience())

    def _patience(self) -> float:
        quiet_left = self._stream.rules.silence_seconds - self._quiet()
        slice_seconds = min(self._deadline.left, 0.25)
        return slice_seconds if self._patient else min(slice_seconds, max(quiet_left, 0.0))

    def _quiet(self) -> float:
        return min(time.monotonic() - self._stream.pump.last_byte, self._deadline.elapsed)

    def _raise_if_stuck(self) -> None:
        quiet = self._quiet()
        if self._patient:
            return
        if quiet >= self._stream.rules.silence_seconds:
            raise Stuck(self._tell(f"the firmware has been silent for {quiet:.1f} s"))
        if quiet >= _IDLE_GRACE and IDLE_FOR_EVER in self._life.stderr_tail():
            said = "the firmware idles for ever: it waits for an interrupt that nothing will raise"
            raise Stuck(self._tell(said))

    def _raise_if_repeating(self, end: int | None = None) -> None:
        stream, times = self._stream, self._stream.rules.repeats
        text = stream.part(max(self._begin, stream.cursor), stream.end if end is None else end)
        block = endless_block(text, times=times, within=KEPT // max(1, times))
        if block:
            lines = block.count("\n")
            what = "line" if lines == 1 else f"{lines} lines"
            said = f"the firmware repeated the same {what} {times} times, starting {first(block)}"
            raise Stuck(self._tell(said))

    def verdict(self, mark: Mark) -> Misbehaved:
        """Make the error for ``mark``, with what the firmware said in the moment after it."""
        mark.reported = True
        for other in self._stream.marks:
            other.reported = other.reported or other.kind == mark.kind
        self._hear_it_out()
        around, line = mark.start - self._stream.base, self._line_of(mark)
        where = "" if line == mark.text.strip() else f" in {line!r}"
        kinds: dict[str, tuple[type[Misbehaved], str]] = {
            "fault": (Forbidden, f"the console printed {line!r}, which means a fault"),
            "forbidden": (
                Forbidden,
                f"the console printed the forbidden text {mark.text!r}{where}",
            ),
            "flood": (Flooded, f"the firmware printed {mark.text}"),
            "flood!": (Flooded, f"the firmware printed {mark.text}"),
            "restart": (Stuck, self._restarts(mark)),
            "restart?": (Stuck, self._restarts(mark)),
        }
        error, said = kinds[mark.kind]
        return error(self._tell(said, around))

    def _line_of(self, mark: Mark) -> str:
        """Return the line that holds ``mark``, or what of it is near by when that is long."""
        text, at = self._stream.text, mark.start - self._stream.base
        if at < 0:
            return mark.text.strip()
        start = max(text.rfind("\n", 0, at) + 1, at - _BEFORE)
        end = text.find("\n", at + len(mark.text))
        return fit((text[start:] if end < 0 else text[start:end]).strip())

    def _restarts(self, mark: Mark) -> str:
        times = self._stream.rules.restarts
        return f"the firmware restarts in a loop: {first(mark.text)} came again {times + 1} times"

    def _hear_it_out(self) -> None:
        whole = Deadline(_SETTLE_ALL)
        while not whole.expired and not self._stream.finished:
            pump = self._stream.pump
            if not self._stream.pull() and not pump.wait_until(self._stream.offset + 1, 0.05):
                break

    def _tell(self, said: str, around: int | None = None) -> str:
        return evidence(self._stream, self._life).below(self.sentence(said), around=around)

    def sentence(self, said: str) -> str:
        """Say what was waited for, what happened instead, and when."""
        elapsed = self._deadline.elapsed if hasattr(self, "_deadline") else 0.0
        if not self._wanted.names:
            return f"{said[0].upper()}{said[1:]}."
        return f"Waited for {' or '.join(self._wanted.names)}; {said}, after {elapsed:.2f} s."

    def ended(self, error: type[Misbehaved] = MachineEnded) -> Misbehaved:
        """Make the error for a line that ended first."""
        return error(self._tell(f"{how_it_ended(self._life)} without it"))

    def late(self, error: type[Misbehaved]) -> Misbehaved:
        """Make the error for a time that is over."""
        return error(self._tell("it did not come, although the machine runs and speaks"))


def evidence(stream: Stream, life: Life) -> Evidence:
    """Collect what a message can show of ``stream``."""
    pump = stream.pump
    return Evidence(
        text=stream.text,
        transcript=pump.transcript,
        total_bytes=pump.total,
        life=life,
        aside=pump.aside,
    )


def first(block: str) -> str:
    """Quote the first line of ``block``."""
    return repr(fit(block.split("\n", 1)[0]))
