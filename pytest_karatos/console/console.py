"""The console that tests hold: pexpect's words over the pump, causes instead of timeouts."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pexpect import EOF, TIMEOUT
from pexpect.spawnbase import SpawnBase

from pytest_karatos.console.answers import Answers, Reply
from pytest_karatos.console.elsewhere import Elsewhere, check_resets
from pytest_karatos.console.failure import UnknownMachine
from pytest_karatos.console.naming import Matched
from pytest_karatos.console.prompt import InputReady, send_to_guest
from pytest_karatos.console.pump import Pump
from pytest_karatos.console.reader import TranscriptReader, lines_within
from pytest_karatos.console.search import LOOKBACK, Hit, Wanted
from pytest_karatos.console.shell import PromptWait, required, without_echo
from pytest_karatos.console.stream import CONSOLE, Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.console.wait import Ended, Late, Wait, wait_for_end_of_machine
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import Misbehaved, NotSeen, Stuck
from pytest_karatos.outstanding import Outstanding
from pytest_karatos.watch_rules import MIB, Prompt, WatchRules

if TYPE_CHECKING:
    _Base = SpawnBase[str]
else:
    _Base = SpawnBase  # generic only in its stubs

_DEFAULT = -1
#: For ever, to a wait.
_A_WEEK = 7 * 24 * 3600.0
#: A longer console is shown without its middle by :attr:`Console.text`.
_WHOLE = 4 * MIB


class Console(_Base):
    r"""A serial line as a pexpect object. Timeouts are seconds of wall clock.

    Matching sees text without escape sequences and with LF line ends; bytes that are not UTF-8
    appear as ``\xff``. :attr:`transcript` has the bytes as they came. Every wait also watches for
    faults, forbidden texts, the machine's end, silence, loops and floods, and raises
    :class:`~pytest_karatos.errors.Misbehaved` errors that say which.
    """

    def __init__(
        self,
        pump: Pump,
        *,
        rules: WatchRules,
        timeout: float = 30.0,
        streams: Streams | None = None,
        name: str = CONSOLE,
    ) -> None:
        super().__init__(timeout=timeout, encoding="utf-8", codec_errors="backslashreplace")
        self._pump = pump
        self._streams = streams or Streams(UnknownMachine())
        self._stream = Stream(pump, rules, name)
        self._streams.add(self._stream)
        self._elsewhere = Elsewhere(self._streams, self._stream)
        self._ready = InputReady(rules.ready, self.replay())
        #: Where the text ended when something was typed last.
        self._typed_at = 0
        #: The number of the line behind which reset was pressed last; 0 when it never was.
        self.reset_at = 0
        self.crlf = "\n"
        self.delaybeforesend, self.closed, self.name = None, False, f"<{name}>"

    def __str__(self) -> str:
        return f"{self.name[:-1]}, {self._pump.total} bytes so far, transcript {self.transcript}>"

    __repr__ = object.__repr__

    @property
    def transcript(self) -> Path:
        """The file with every byte of this boot, or with what the filter made of them."""
        return self._pump.transcript

    @property
    def outstanding(self) -> Outstanding:
        """What was raised on this machine's consoles, until somebody has heard of it."""
        return self._streams.outstanding

    @property
    def total_bytes(self) -> int:
        """How many bytes have come so far, on all streams of the machine."""
        return self._streams.total

    @property
    def is_mute(self) -> bool:
        """Whether the firmware has said nothing so far, on any stream, nor reset itself."""
        return self._streams.are_mute

    @property
    def text(self) -> str:
        """What was seen so far, as matching sees it; of more than 4 MiB only both ends."""
        with self._streams.lock:
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
                raise TypeError(f"{entry!r} is not a string, pexpect.EOF or pexpect.TIMEOUT")
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
        with self._streams.lock:
            for stream in self._streams.ruled_by(self._stream):
                for text in texts:
                    stream.forbid(text)

    def allow(self, *texts: str) -> None:
        """Let lines with one of ``texts`` be printed, although they mean a failure."""
        with self._streams.lock:
            for stream in self._streams.ruled_by(self._stream):
                for text in texts:
                    stream.allow(text)

    @property
    def knows_of_fault(self) -> bool:
        """Whether a fault was printed that a test was told of, waited for, or allowed."""
        with self._streams.lock:
            return self._stream.knows_of_fault or self._elsewhere.knows_of_fault

    def excuses(self, sentence: str) -> bool:
        """Tell whether ``sentence`` holds a text that :meth:`allow` excuses."""
        return self._stream.excuses(sentence)

    @property
    def watched(self) -> tuple[str, ...]:
        """The texts that mean a failure: faults and what was forbidden, without what is allowed."""
        return self._stream.watched

    def check(self, *, over: bool = False) -> None:
        """Judge everything that has come so far, waited for or not; after the end: all of it.

        ``over``: the test does nothing more, so that resets count that it did not ask for.

        :raises Forbidden: a fault or forbidden text that no wait has reported yet.
        :raises Flooded: more bytes in total or in one line than the limit.
        :raises UnexpectedReset, Stuck: the firmware reset itself, once or in a loop.
        """
        with self.outstanding:
            with self._streams.lock:
                self._stream.pull_all()
                mark = self._stream.first_mark(guesses=False)
                if mark is not None:
                    raise Wait(self._stream, self._streams, Wanted(), patient=True).verdict(mark)
            self._elsewhere.check()
            if over:
                check_resets(self._stream, self._streams)

    def exit_reason(self, status: int | None) -> str:
        """Say why the machine ended with ``status``, or, for None, why it stands; or nothing."""
        return self._streams.life.exit_reason(status)

    def wait_end(self, timeout: float | None = _DEFAULT) -> None:
        """Wait until the line ends; nothing is consumed, so what came can still be expected.

        :raises WrongExit: when the machine still runs after ``timeout`` seconds.
        """
        with self.outstanding:
            wait_for_end_of_machine(self._stream, self._streams, self._deadline(timeout))

    def drain(self, timeout: float) -> bool:
        """Wait until every byte that a stopped guest has sent is here; False after ``timeout``."""
        return self._pump.drain(timeout)

    def wait_for_last_byte(self, timeout: float) -> bool:
        """Wait until the line has ended, judging nothing; False after ``timeout`` seconds."""
        return self._pump.wait_for_end(timeout)

    def send(self, s: str | bytes) -> int:
        """Type ``s`` into the guest, once it is ready (``WatchRules.ready``); return its length.

        What was printed up to that text is consumed: ``expect`` finds what comes after it.

        :raises MachineEnded: nobody is there. :raises Stuck: the guest does not take it.
        """
        data = s.encode() if isinstance(s, str) else s
        seconds = self._seconds(_DEFAULT)
        with self.outstanding:
            self._ready.wait(seconds)
            # The prompt that was waited for is no answer to what is typed now.
            self._stream.cursor = max(self._stream.cursor, self._ready.end)
            self._streams.note_typed()
            self._typed_at = self._end_by_now()
            return send_to_guest(self._pump, self._stream, self._streams, data, seconds)

    def sendline(self, s: str | bytes = "") -> int:
        """Type ``s`` and the newline of the settings (``WatchRules.newline``)."""
        text = s.encode() if isinstance(s, str) else s
        return self.send(text + self._stream.rules.newline.encode())

    def command(self, s: str, timeout: float | None = _DEFAULT, *, prompt: str = "") -> str:
        """Type a command at the shell's prompt; return what it prints until the next prompt.

        That is without the echo, and without line ends around it. ``prompt`` is that of the
        settings (``WatchRules.prompt``) unless it is said here; ``timeout`` is for each of the two.
        ``before`` and ``after`` are set as ``expect`` for the second prompt would set them.

        :raises BadSetting: nobody knows the prompt.
        :raises NotSeen: the shell was at no prompt, or did not come back to it, within ``timeout``.
        :raises MachineEnded: the machine ended first.
        :raises Forbidden, Stuck, Flooded: the firmware misbehaved before that.
        """
        if "\n" in s or "\r" in s:
            raise ValueError(f"{s!r} is more than one line, and more than one command")
        shell = required(prompt or self._stream.rules.prompt)
        self._until(shell, f"before {s!r} is typed", timeout)
        self.sendline(s)
        self._until(shell, f"after {s!r}", timeout)
        said = str(self.before)
        return without_echo(said, s) if self._stream.rules.echo else said.strip("\n")

    def _until(self, shell: Prompt, when: str, timeout: float | None) -> None:
        streams, typed = self._streams, self._typed_at
        self._run(PromptWait(self._stream, streams, shell, when=when, since=typed), [], timeout)

    def answer(self, replies: Mapping[str, Reply], *, end: str = "\n") -> Answers:
        r"""Be the device at the other end, for a ``with`` block: give each question its reply.

        A question is what the firmware says up to ``end``; the first pattern that fits all of it
        has the reply, a text, or a function of the match that returns one. ``asked`` of what the
        block is given lists the questions. ::

            with machine.consoles["uart1"].answer({"AT": "OK\r\n", r"AT\+CSQ": csq}) as modem:
                machine.console.expect("modem ready")
            assert modem.asked[0] == "AT"

        :raises Unanswered: a question that no pattern fits, in the wait that its test is in, or at
            the end of the block. So is what a function raises.
        """
        with self.outstanding:
            return Answers(self._stream, self._streams, replies, end=end)

    def replay(self) -> TranscriptReader:
        """Give a reader that begins at the boot and leaves ``expect`` where it is."""
        return TranscriptReader(self._stream, self._streams)

    def around_line(self, number: int) -> str:
        """Quote the lines around line ``number``, from 1, and say where the transcript is."""
        return self.replay().around(number)

    def note_crash(self, line: str, error: Misbehaved) -> None:
        """Note that ``error`` tells of the crash that begins with ``line``: it is said once."""
        with self._streams.lock:
            self._stream.tell_crash(line, error)

    def note_reset(self) -> None:
        """Take one more boot text for granted: somebody pressed reset.

        What was printed before is consumed, a prompt too: it is no answer to the reset.
        """
        self._stream.cursor = self._typed_at = self._end_by_now()
        self.reset_at = lines_within(self.replay(), self._stream.offset)
        self._stream.restarts_allowed += 1
        self._ready.again()

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> str:
        """Read up to ``size`` characters, at least one; raise pexpect's EOF or TIMEOUT."""
        wanted = Wanted(eager=True)
        wanted.add_pattern(0, re.compile(f"(?s).{{1,{max(1, size)}}}"))
        found = self._wait(wanted, [wanted, EOF, TIMEOUT], timeout)
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

    def _deadline(self, timeout: float | None) -> Deadline:
        seconds = min(self._seconds(timeout), _A_WEEK)
        return Deadline(seconds, asked=timeout != _DEFAULT)

    def _wait(self, wanted: Wanted, entries: list[Any], timeout: float | None) -> int:
        wait = Wait(self._stream, self._streams, wanted, patient=TIMEOUT in entries)
        return self._run(wait, entries, timeout)

    def _run(self, wait: Wait, entries: list[Any], timeout: float | None) -> int:
        with self.outstanding:
            index = self._result(wait, entries, timeout)
            self.outstanding.came(wait.names if self.match not in (EOF, TIMEOUT) else ())
            return index

    def _end_by_now(self) -> int:
        with self._streams.lock:
            self._stream.pull_all()
            return self._stream.end

    def _result(self, wait: Wait, entries: list[Any], timeout: float | None) -> int:
        try:
            wait.run(self._deadline(timeout), self._found)
        except Ended:
            self._elsewhere.check()
            return self._instead(entries, EOF, wait.ended)
        except Late:
            self._elsewhere.check()
            return self._instead(entries, TIMEOUT, lambda: wait.late(NotSeen))
        except Stuck:
            self._elsewhere.check()
            raise
        except Misbehaved:
            self.before, self.after, self.match = self.buffer, None, None
            raise
        return int(self.match_index or 0)

    def _found(self, hit: Hit) -> None:
        stream, start, end = self._stream, hit.start, hit.end
        self.before = stream.part(stream.cursor, start)
        self.after = stream.part(start, end)
        self.match, self.match_index = hit.match, hit.index
        self._streams.resets.matched()
        stream.take_match(Matched(start=start, end=end, match=hit.match))

    def _instead(self, entries: list[Any], kind: Any, failure: Any) -> int:  # noqa: ANN401 - EOF and TIMEOUT are classes used as values
        self.before, self.after = self.buffer, kind
        self.match, self.match_index = None, None
        if kind not in entries:
            raise failure() from None
        self.match, self.match_index = kind, entries.index(kind)
        if kind is EOF:
            self._stream.cursor = self._stream.end
        return entries.index(kind)
