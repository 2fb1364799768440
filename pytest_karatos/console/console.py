"""Be the console of a test: pexpect's words over the pump, with causes instead of timeouts."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pexpect import EOF, TIMEOUT
from pexpect.spawnbase import SpawnBase

from pytest_karatos.console.ask import await_end, type_into
from pytest_karatos.console.life import Life, Unknown
from pytest_karatos.console.pump import Pump
from pytest_karatos.console.ready import Ready
from pytest_karatos.console.replay import Replay
from pytest_karatos.console.search import LOOKBACK, Hit, Wanted
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.wait import Ended, Late, Wait
from pytest_karatos.errors import Misbehaved, NotSeen
from pytest_karatos.watch import MIB, WatchRules

if TYPE_CHECKING:
    _Base = SpawnBase[str]
else:
    _Base = SpawnBase  # generic only in its stubs

_DEFAULT = -1
#: A longer console is shown without its middle by :attr:`Console.text`.
_WHOLE = 4 * MIB


class Console(_Base):
    r"""A serial line as a pexpect object. Timeouts are seconds of wall clock.

    Matching sees text without escape sequences and with LF line ends; bytes that are no UTF-8
    appear as ``\xff``. :attr:`transcript` has the bytes as they came. Every wait also watches for
    faults, forbidden texts, the machine's end, silence, loops and floods, and raises
    :class:`~pytest_karatos.errors.Misbehaved` errors that say which.
    """

    def __init__(
        self, pump: Pump, *, rules: WatchRules, timeout: float = 30.0, life: Life | None = None
    ) -> None:
        super().__init__(timeout=timeout, encoding="utf-8", codec_errors="backslashreplace")
        self._pump = pump
        self._life: Life = life or Unknown()
        self._stream = Stream(pump, rules)
        self._ready = Ready(rules.ready, self.replay())
        self.crlf = "\n"
        self.delaybeforesend, self.closed, self.name = None, False, "<console>"

    def __str__(self) -> str:
        return f"<console, {self._pump.total} bytes so far, transcript {self.transcript}>"

    __repr__ = object.__repr__

    @property
    def transcript(self) -> Path:
        """The file with every byte of this boot, or with what the filter made of them."""
        return self._pump.transcript

    @property
    def text(self) -> str:
        """What was seen so far, as matching sees it; of more than 4 MiB only both ends."""
        while self._stream.pull():
            pass
        return self._stream.whole(_WHOLE)

    @property
    def buffer(self) -> str:
        """What has been read and not been matched yet."""
        return self._stream.part(self._stream.cursor, self._stream.end)

    @buffer.setter
    def buffer(self, value: str) -> None:
        raise AttributeError(f"the console's buffer cannot be set (to {value!r})")

    def expect(  # type: ignore[override] # pexpect's async half is not here
        self,
        pattern: Any,  # noqa: ANN401 - pexpect's own loose type
        timeout: float | None = _DEFAULT,
        searchwindowsize: int | None = None,
    ) -> int:
        """Wait for a regular expression or the first of a list; return its index.

        ``pexpect.EOF`` and ``pexpect.TIMEOUT`` may stand in the list. ``before``, ``after`` and
        ``match`` are set as pexpect sets them.

        :raises NotSeen: it did not come within ``timeout``.
        :raises MachineEnded: the machine ended first.
        :raises Forbidden, Stuck, Flooded: the firmware misbehaved before it came.
        """
        return self.expect_list(self.compile_pattern_list(pattern), timeout, searchwindowsize)

    def expect_list(  # type: ignore[override] # pexpect's async half is not here
        self,
        pattern_list: Sequence[Any],
        timeout: float | None = _DEFAULT,
        searchwindowsize: int | None = None,
    ) -> int:
        """Wait as :meth:`expect` does, for compiled patterns."""
        window = searchwindowsize if searchwindowsize and searchwindowsize > 0 else LOOKBACK
        wanted = Wanted(lookback=window)
        for index, pattern in enumerate(pattern_list):
            if isinstance(pattern, re.Pattern):
                wanted.add_pattern(index, pattern)
        return self._wait(wanted, list(pattern_list), timeout)

    def expect_exact(  # type: ignore[override] # pexpect's async half is not here
        self,
        pattern_list: Any,  # noqa: ANN401 - pexpect's own loose type
        timeout: float | None = _DEFAULT,
        searchwindowsize: int | None = None,
    ) -> int:
        """Wait as :meth:`expect` does, for a text as it stands, or the first of several."""
        del searchwindowsize
        entries = pattern_list if isinstance(pattern_list, (list, tuple)) else [pattern_list]
        wanted = Wanted()
        for index, entry in enumerate(entries):
            if isinstance(entry, (str, bytes)):
                wanted.add_exact(index, entry.decode() if isinstance(entry, bytes) else entry)
            elif entry not in (EOF, TIMEOUT):
                raise TypeError(f"{entry!r} is no text, no pexpect.EOF and no pexpect.TIMEOUT")
        return self._wait(wanted, list(entries), timeout)

    def expect_in_order(self, *patterns: Any, timeout: float | None = _DEFAULT) -> None:  # noqa: ANN401 - as expect
        """Wait for all ``patterns``, each after the one before; ``timeout`` is for each."""
        for number, pattern in enumerate(patterns, start=1):
            try:
                self.expect(pattern, timeout=timeout)
            except Misbehaved as error:
                error.why = f"it was number {number} of {len(patterns)} in order."
                raise

    def forbid(self, *texts: str) -> None:
        """Fail as soon as one of ``texts`` is printed, from here on (the last match) to the end.

        :raises Forbidden: at the next wait or :meth:`check` after it was printed.
        """
        for text in texts:
            self._stream.forbid(text)

    def allow(self, *texts: str) -> None:
        """Let ``texts`` be printed, although they mean a fault or were forbidden."""
        for text in texts:
            self._stream.allow(text)

    @property
    def watched(self) -> tuple[str, ...]:
        """The texts that mean a failure: faults and what was forbidden, without what is allowed."""
        return self._stream.watched

    def check(self) -> None:
        """Judge everything that has come so far, waited for or not; after the end: all of it.

        :raises Forbidden: a fault or forbidden text that no wait has reported yet.
        :raises Flooded: more bytes in total or in one line than the limit.
        """
        total = self._pump.total
        while (self._stream.offset < total or self._pump.ended) and self._stream.pull():
            pass
        mark = self._stream.first_mark(guesses=False)
        if mark is not None:
            raise Wait(self._stream, self._life, Wanted(), patient=True).verdict(mark)

    def wait_end(self, timeout: float | None = _DEFAULT) -> None:
        """Wait until the line ends; nothing is consumed, so what came can still be expected.

        :raises WrongExit: when the machine still runs after ``timeout`` seconds.
        """
        await_end(self._stream, self._life, self._seconds(timeout))

    def wait_for_last_byte(self, timeout: float) -> bool:
        """Wait until the line has ended, judging nothing; False after ``timeout`` seconds."""
        return self._pump.wait_for_end(timeout)

    def send(self, s: str | bytes) -> int:
        """Type ``s`` into the guest, once it is ready (``WatchRules.ready``); return its length.

        :raises MachineEnded: nobody is there. :raises Stuck: the guest does not take it.
        """
        data = s.encode() if isinstance(s, str) else s
        self._ready.wait(self._seconds(_DEFAULT))
        return type_into(self._pump, self._stream, self._life, data, self._seconds(_DEFAULT))

    def sendline(self, s: str | bytes = "") -> int:
        """Type ``s`` and the newline of the settings (``WatchRules.newline``)."""
        text = s.encode() if isinstance(s, str) else s
        return self.send(text + self._stream.rules.newline.encode())

    def replay(self) -> Replay:
        """Give a reader that begins at the boot and leaves ``expect`` where it is."""
        return Replay(self._stream, self._life)

    def note_reset(self) -> None:
        """Take one more boot text for granted: somebody pressed reset."""
        self._stream.restarts_allowed += 1
        self._ready.again()

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> str:
        """Read up to ``size`` characters, at least one; raise pexpect's EOF or TIMEOUT."""
        found = self.expect([re.compile(f"(?s).{{1,{max(1, size)}}}"), EOF, TIMEOUT], timeout)
        if found:
            raise (EOF, TIMEOUT)[found - 1](str(self))
        return str(self.after)

    def close(self) -> None:
        """Stop listening; what came so far can still be read and judged."""
        self._pump.close()
        self.closed = True

    def _seconds(self, timeout: float | None) -> float:
        if timeout == _DEFAULT:
            timeout = self.timeout
        return float("inf") if timeout is None else timeout

    def _wait(self, wanted: Wanted, entries: list[Any], timeout: float | None) -> int:
        wait = Wait(self._stream, self._life, wanted, patient=TIMEOUT in entries)
        seconds = min(self._seconds(timeout), 7 * 24 * 3600.0)
        try:
            return self._found(wait.run(seconds))
        except Ended:
            return self._instead(entries, EOF, wait.ended)
        except Late:
            return self._instead(entries, TIMEOUT, lambda: wait.late(NotSeen))
        except Misbehaved:
            self.before, self.after, self.match = self.buffer, None, None
            raise

    def _found(self, hit: Hit) -> int:
        stream = self._stream
        start, end = stream.base + hit.start, stream.base + hit.end
        self.before = stream.part(stream.cursor, start)
        self.after = stream.part(start, end)
        self.match, self.match_index = hit.match, hit.index
        for mark in stream.marks:
            # Who waits for a fault's text has been told of it.
            mark.reported = mark.reported or start <= mark.start < end
        stream.cursor = end
        return hit.index

    def _instead(self, entries: list[Any], kind: Any, failure: Any) -> int:  # noqa: ANN401 - EOF and TIMEOUT are classes used as values
        self.before, self.after = self.buffer, kind
        self.match, self.match_index = None, None
        if kind not in entries:
            raise failure() from None
        self.match, self.match_index = kind, entries.index(kind)
        if kind is EOF:
            self._stream.cursor = self._stream.end
        return entries.index(kind)
