"""A wait for a text, and for everything that makes waiting pointless, all at once."""

import time
from collections.abc import Callable
from dataclasses import replace

from pytest_karatos.console.failure import Evidence, describe_end, fit
from pytest_karatos.console.naming import Mark, Matched
from pytest_karatos.console.patience import Patience
from pytest_karatos.console.search import Hit, Wanted
from pytest_karatos.console.stream import CONSOLE, KEPT, Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import Flooded, Forbidden, MachineEnded, Misbehaved, Stuck, WrongExit

#: A block of more lines is not looked for.
_MOST_LINES = 32


def endless_block(text: str, *, times: int, within: int) -> str | None:
    r"""Return the block that ``text`` ends with ``times`` times in succession, if there is one.

    ``within`` bounds the block's length in characters. Blocks end with a newline.

    >>> endless_block("boot\n" + "a\nb\n" * 5, times=5, within=100)
    'a\nb\n'
    >>> endless_block("tick 1\ntick 2\ntick 3\n", times=2, within=100) is None
    True
    """
    end = text.rfind("\n") + 1
    start = text.rfind("\n", 0, max(0, end - 1))
    if start < 0 or times < 1:
        return None
    needle, at = text[start:end], start
    for _ in range(_MOST_LINES):
        at = text.rfind(needle, max(0, end - within - len(needle)), at + len(needle) - 1)
        if at < 0:
            return None
        length = start - at
        if _repeats(text, end, length, times):
            return text[end - length : end]
    return None


def _repeats(text: str, end: int, length: int, times: int) -> bool:
    begin = end - length * times
    if begin < 0 or text[end - length : end] != text[end - 2 * length : end - length]:
        return times == 1 and begin >= 0
    return text[begin : end - length] == text[begin + length : end]


#: While more text could change a match ("count=1" of "count=12"), the rest is waited for until
#: nothing has come for so long, in seconds of the host.
QUIET_ENOUGH = 1.0
#: How long what a firmware says in the moment after a fault is listened to, in seconds.
_SETTLE_ALL = 0.25
#: Characters of a line that are shown before what is wrong with it.
_BEFORE = 80
#: So much new text is searched at once without waiting for more of it.
_ENOUGH = 32 * 1024


class Ended(Exception):
    """The line has ended and the wanted text is not in it."""


class Late(Exception):
    """The time is over and nothing else is wrong."""


class Wait:
    """One wait on ``stream``, one of ``streams``.

    ``patient`` leaves out silence: the caller accepts a timeout.
    """

    def __init__(self, stream: Stream, streams: Streams, wanted: Wanted, *, patient: bool) -> None:
        self._stream = stream
        self._streams = streams
        self._life = streams.life
        self._wanted = wanted
        #: What is waited for, as a sentence says it.
        self.names = wanted.names
        self._patient = patient
        self._begin = stream.end
        self._searched = stream.cursor
        self._cost = 0.0
        #: How many bytes had come when the time was over.
        self._last: int | None = None
        self._deadline: Deadline | None = None
        self._patience: Patience

    def run(self, deadline: Deadline, found: Callable[[Hit], object] = lambda hit: hit) -> None:
        """Let ``found`` have the first hit, until ``deadline``, which several waits may share.

        :raises Ended: the line ended. :raises Late: the time is over.
        :raises Misbehaved: a fault, a flood, silence, a loop: see :mod:`pytest_karatos.errors`.
        """
        if self._deadline is not deadline:
            self._deadline = deadline
            stream, silent = self._stream, not self._patient
            self._patience = Patience(
                stream.pump,
                stream.rules,
                self._life,
                deadline,
                judges_silence=silent,
                machine=self._streams,
            )
        self._last = None
        while True:
            # Another thread may wait here, or look here for what went wrong elsewhere.
            with self._streams.lock:
                hit, more = self._step()
                if hit is not None:
                    found(hit)
                    return
            if not more:
                self._sleep_until_more()

    def _step(self) -> tuple[Hit | None, bool]:
        """Return the hit, if there is one to take, and whether there is more to look at."""
        self._streams.raise_if_broken()
        hit = self._look()
        if hit is not None and not hit.open:
            return hit, True
        self._patience.glance()
        if self._last is None and self._patience.is_over:
            self._last = self._stream.pump.total  # what had come by then still counts
        if (self._last is None or self._stream.offset < self._last) and self._stream.pull():
            return None, True
        if hit is not None and self._is_settled():
            return hit, True
        if self._stream.finished or self._last is not None:
            self._raise_if_marked()
            raise Ended if self._stream.finished else Late
        if hit is None:
            self._raise_if_resetting()
            self._raise_if_stuck()
        return None, False

    def _is_settled(self) -> bool:
        """Say whether the text that could still change a hit is not going to come."""
        patience = self._patience
        over = self._stream.finished or patience.is_over or patience.is_idle
        return over or patience.is_quiet_for(QUIET_ENOUGH)

    def _look(self) -> Hit | None:
        began = time.perf_counter()
        stream = self._stream
        hit = self._find()
        mark = stream.first_mark(guesses=hit is None, within=_matched(hit))
        if mark is not None and (hit is not None or not self._may_be_named(mark)):
            raise self.verdict(mark)
        if hit is None:
            self._searched = stream.end
            self._raise_if_repeating()
        self._cost = time.perf_counter() - began
        return hit

    def _find(self) -> Hit | None:
        """Find the first hit; its places are counted from the boot on."""
        stream = self._stream
        start = max(0, stream.cursor - stream.base)
        hit = self._wanted.find(stream.text, start, max(start, self._searched - stream.base))
        if hit is None:
            return None
        return replace(hit, start=hit.start + stream.base, end=hit.end + stream.base)

    def _may_be_named(self, mark: Mark) -> bool:
        """Say whether what is waited for may be the text that ``mark`` is of, and go on."""
        if self._is_settled():
            return False
        start = max(0, self._stream.cursor - self._stream.base)
        here = self._wanted.unfinished(self._stream.text, start)
        if self._stream.is_open(mark):
            return bool(here)
        return bool(here - self._wanted.unfinished(self._stream.without(mark), start))

    def _raise_if_marked(self) -> None:
        mark = self._stream.first_mark(guesses=True)
        if mark is not None:
            raise self.verdict(mark)

    def _sleep_until_more(self) -> None:
        """Wake at the first byte; when searching costs more than the bytes, gather some first."""
        pump, seen = self._stream.pump, self._stream.offset
        if self._cost and pump.wait_until(seen + _ENOUGH, min(self._cost * 4, 0.02)):
            return
        self._cost = 0.0
        pump.wait_until(seen + 1, self._patience.slice)

    def _raise_if_stuck(self) -> None:
        if self._patient:
            return
        if self._patience.is_silent or self._patience.is_idle:
            self._raise_if_marked()
        if self._patience.is_silent:
            quiet = self._patience.quiet
            filtered = self._stream.pump.aside
            none = "no text came out of the filter" if filtered else "the firmware has been silent"
            raise self._in_vain(Stuck(self._tell(f"{none} for {quiet:.1f} s")))
        if self._patience.is_idle:
            said = f"the firmware idles for ever: {self._life.idle_reason()}"
            raise self._in_vain(Stuck(self._tell(said)))

    def _in_vain(self, error: Misbehaved) -> Misbehaved:
        error.awaited = tuple(self._wanted.names)
        return error

    def _raise_if_resetting(self, *, seen: bool = False) -> None:
        """Call a loop of resets one; when its text was ``seen`` to come again, a look is due."""
        resets, rules = self._streams.resets, self._stream.rules
        look = self._life.look() if seen else None
        if not resets.count or self._deadline is None:
            return
        since = max(self._deadline.started, resets.last_typed)
        if resets.since(since) > rules.restarts + rules.expect_resets:
            how = resets.told(look.seconds if look else self._patience.guest_clock)
            raise Stuck(self._tell(f"the firmware restarts in a loop: it {how}"))

    def _raise_if_repeating(self, end: int | None = None) -> None:
        stream, times = self._stream, self._stream.rules.repeats
        text = stream.part(max(self._begin, stream.cursor), stream.end if end is None else end)
        block = endless_block(text, times=times, within=KEPT // max(1, times))
        if block:
            self._raise_if_resetting(seen=True)
            lines = block.count("\n")
            what = "line" if lines == 1 else f"{lines} lines"
            said = f"the firmware repeated the same {what} {times} times, starting {first(block)}"
            raise Stuck(self._tell(said))

    def verdict(self, mark: Mark) -> Misbehaved:
        """Make the error for ``mark``, with what the firmware said in the moment after it."""
        mark.reported = True
        for other in self._stream.marks:
            same = other.kind == mark.kind and (mark.kind != "forbidden" or other.text == mark.text)
            other.reported = other.reported or same
        self.hear_it_out()
        around, line = mark.start - self._stream.base, self._line_of(mark)
        name = self._stream.name
        where = "" if line == mark.text.strip() else f" in {line!r}"
        kinds: dict[str, tuple[type[Misbehaved], str]] = {
            "fault": (Forbidden, f"{name} printed {line!r}, which means {mark.means}"),
            "forbidden": (Forbidden, f"{name} printed the forbidden text {mark.text!r}{where}"),
            "flood": (Flooded, f"the firmware printed {mark.text}"),
            "flood!": (Flooded, f"the firmware printed {mark.text}"),
            "restart": (Stuck, self._restarts(mark)),
            "restart?": (Stuck, self._restarts(mark)),
        }
        kind, said = kinds[mark.kind]
        error = kind(self._tell(said, around))
        self._stream.take_crash(mark, error)
        return error

    def _line_of(self, mark: Mark) -> str:
        """Return the line that holds ``mark``, or what of it is near by when that is long."""
        text, at = self._stream.text, mark.start - self._stream.base
        if mark.line or at < 0:
            return fit(mark.line or mark.text.strip())
        start = max(text.rfind("\n", 0, at) + 1, at - _BEFORE)
        end = text.find("\n", at + len(mark.text))
        return fit((text[start:] if end < 0 else text[start:end]).strip())

    def _restarts(self, mark: Mark) -> str:
        times = "once" if mark.times == 1 else f"{mark.times} times"
        look = self._life.look()  # an answer of the emulator comes behind what it has to tell
        resets = self._streams.resets.told(look.seconds if look else None)
        came = f"the firmware restarts in a loop: {first(mark.text)} came again {times}"
        return f"{came}; it {resets}" if resets else came

    def hear_it_out(self) -> None:
        """Take in what the firmware says in this moment: it shows how a failure went on."""
        whole = Deadline(_SETTLE_ALL)
        while not whole.expired and not self._stream.finished:
            pump = self._stream.pump
            if not self._stream.pull() and not pump.wait_until(self._stream.offset + 1, 0.05):
                break

    def _tell(self, said: str, around: int | None = None) -> str:
        return evidence(self._stream, self._streams).below(self.sentence(said), around=around)

    def sentence(self, said: str) -> str:
        """Say what was waited for, what happened instead, and when."""
        if not self._wanted.names:
            # The name of a line of the board stays as it is.
            first = said[0] if self._stream.name != CONSOLE else said[0].upper()
            return f"{first}{said[1:]}."
        asked = " or ".join(self._wanted.names)
        return f"Waited for {asked}; {said}, after {self._elapsed()}{self._resets(said)}."

    def _resets(self, said: str = "") -> str:
        """Mention resets where they may be the cause, unless that was ``said``."""
        told = self._streams.resets.told(self._patience.guest_clock if self._deadline else None)
        return f"; the firmware {told}" if told and told[:12] not in said else ""

    def _elapsed(self) -> str:
        """Say how long the wait has taken, and in the guest's time where that was looked at."""
        if self._deadline is None:
            return "0.00 s"
        return f"{self._deadline.elapsed:.2f} s{self._guest_time()}"

    def _guest_time(self) -> str:
        guest = None if self._deadline is None else self._patience.guest_seconds
        return "" if guest is None else f" ({guest:.2f} s of the guest's time)"

    def ended(self, error: type[Misbehaved] = MachineEnded) -> Misbehaved:
        """Make the error for a line that ended first."""
        return error(self._tell(f"{describe_end(self._life)} without it"))

    def late(self, error: type[Misbehaved]) -> Misbehaved:
        """Make the error for a time that is over."""
        shown = evidence(self._stream, self._streams)
        wanted = " or ".join(self._wanted.names)
        seconds = 0.0 if self._deadline is None else self._deadline.seconds
        sentence = f"Waited for {wanted}; it did not come within {seconds:g} s"
        still = f"; {said}" if (said := self._life.exit_reason(None)) else ""
        sentence += f"{self._guest_time()}{still}; {shown.lull}{self._resets()}."
        return self._in_vain(error(shown.below(sentence)))


def _matched(hit: Hit | None) -> Matched | None:
    """Return what is matched for certain: of a hit that could change, what is before it."""
    if hit is None:
        return None
    end = hit.start if hit.open else hit.end
    return Matched(start=hit.start, end=end, match=hit.match)


def evidence(stream: Stream, streams: Streams) -> Evidence:
    """Collect what a message can show of ``stream``."""
    pump = stream.pump
    # The number of bytes first: each of them is then older than the last one is said to be.
    total = pump.total
    return Evidence(
        text=stream.text,
        transcript=pump.transcript,
        total_bytes=total,
        life=streams.life,
        quiet_seconds=time.monotonic() - pump.last_byte,
        aside=pump.aside,
        name=stream.name,
        elsewhere=streams.told_beside(stream),
    )


def first(block: str) -> str:
    """Quote the first line of ``block``."""
    return repr(fit(block.split("\n", 1)[0]))


def wait_for_end_of_machine(stream: Stream, streams: Streams, deadline: Deadline) -> None:
    """Wait until the line ends, consuming nothing.

    :raises WrongExit: when the machine still runs after ``deadline``.
    """
    wait = Wait(stream, streams, Wanted(), patient=False)
    try:
        wait.run(deadline)
    except Ended:
        return
    except Late:
        sentence = f"The machine still runs after {deadline.seconds:g} s; it was to end by itself."
        raise WrongExit(evidence(stream, streams).below(sentence)) from None
