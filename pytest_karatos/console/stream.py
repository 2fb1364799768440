"""The transcript as text: a bounded window, and marks where something bad was said."""

import re
from collections import deque
from collections.abc import Iterator

from pytest_karatos.console.boot_text import Boots, guessed_boots
from pytest_karatos.console.decode import TextDecoder, decoded_ends
from pytest_karatos.console.faults import search_for
from pytest_karatos.console.hidden import HiddenText, Reading, as_read
from pytest_karatos.console.naming import Mark, Matched, with_other_words
from pytest_karatos.console.pump import Pump
from pytest_karatos.errors import KaratosError
from pytest_karatos.watch_rules import WatchRules

#: What a sentence calls the stream that is the machine's console.
CONSOLE = "the console"
#: How much text is kept for ``before``, for messages and for seeing repetition, in characters.
KEPT = 512 * 1024
_BATCH = 256 * 1024
#: How much of a line that has not ended is searched again when more of it comes, in characters.
_OPEN = 2 * 1024
#: Occurrences of one bad text that are remembered at a time, and of all of them.
_MOST_MARKS, _MOST_OF_ALL = 64, 256
#: Matches that are remembered: the rest of a fault's text may come after a match of its begin.
_MATCHES = 64
#: Lines that belong to one crash, from its first on.
_CRASH_LINES = 64


class Stream:
    """The text so far. ``cursor`` is where the next wait starts; :meth:`pull` takes in more.

    ``name`` is what a sentence calls it.
    """

    def __init__(self, pump: Pump, rules: WatchRules, name: str = CONSOLE) -> None:
        self.pump, self.name, self.rules = pump, name, rules
        self.cursor = self.offset = self.base = 0
        self.text = ""
        self.marks: list[Mark] = []
        self.restarts_allowed = rules.restarts
        self._bad = {text: "fault" for text in rules.faults if text}
        self._known = search_for(rules.known)
        self._allowed: dict[str, None] = {}
        #: Texts of the settings that would have meant a fault.
        self._allowed_faults: list[str] = []
        self._matches: deque[Matched] = deque(maxlen=_MATCHES)
        #: The errors for crashes, each with where its first line is.
        self._crashes: deque[tuple[int, KaratosError]] = deque(maxlen=_MATCHES)
        self._decoder = TextDecoder()
        self._hidden = HiddenText()
        self._line_with_hidden = -1
        self._last_fault = -1
        self._flushed = False
        self._open_line = 0
        self._flooded = False
        self._known_fault = False
        self._boots = Boots(rules.boot_text, guessed=False) if rules.boot_text else None

    @property
    def end(self) -> int:
        """The position behind the last character."""
        return self.base + len(self.text)

    @property
    def finished(self) -> bool:
        """Whether the line has ended and all of it was taken in."""
        return self._flushed

    def pull(self) -> bool:
        """Take in what has come, at most one batch; False when there was nothing new."""
        # `ended` first: what came before the end is then certainly in `total`.
        ended = self.pump.ended
        raw = self.pump.read(self.offset, _BATCH)
        if raw:
            self.offset += len(raw)
            self._hear(raw)
            return True
        self._note_dropped()
        if ended and not self._flushed and self.offset >= self.pump.total:
            if self.pump.line.failure is not None:
                raise self.pump.line.failure
            self._flushed = True
            self._take(self._decoder.feed(b"", last=True))
            return True
        return False

    def pull_all(self) -> None:
        """Take in all that has come; after the end of the line, all of it."""
        total = self.pump.total
        while (self.offset < total or self.pump.ended) and self.pull():
            pass

    @property
    def watched(self) -> tuple[str, ...]:
        """The texts that make marks, and those that were seen to mean a fault."""
        seen = (mark.text for mark in self.marks if mark.kind == "fault")
        return tuple(dict.fromkeys((*self._bad, *seen)))

    def part(self, start: int, end: int) -> str:
        """Return the text between two positions, as far as it is still kept."""
        return self.text[max(0, start - self.base) : max(0, end - self.base)]

    def whole(self, most_bytes: int) -> str:
        """Return all text from the boot on; of more than ``most_bytes`` only both ends."""
        return decoded_ends(self.pump.read, self.offset, most_bytes) if self.base else self.text

    def forbid(self, text: str) -> None:
        """Mark ``text`` from the cursor on, in what came and in what comes."""
        self._allowed.pop(text, None)
        if text and text not in self._bad:
            self._bad[text] = "forbidden"
            at = max(0, self.cursor - self.base)
            self._mark_all(text, self.text[at:], self.base + at)

    def note_typed(self) -> None:
        """Count boots anew: what was typed may have asked for one, and for one at once."""
        seen = self._boots.seen - 1 if self._boots else 0
        self.restarts_allowed = max(self.restarts_allowed, seen + 1 + self.rules.restarts)

    def allow(self, text: str) -> None:
        """Take back a fault text or a :meth:`forbid`, and excuse each line that holds ``text``."""
        if text:
            if self._bad.pop(text, "") == "fault":
                self._allowed_faults.append(text)
            self._allowed[text] = None
            self._forgive()

    def first_mark(self, *, guesses: bool, within: Matched | None = None) -> Mark | None:
        """Return the first mark nobody was told of; ``guesses``: a supposed restart counts too.

        With ``within``: before the end of that match, which does not name it.
        """
        self._forgive()
        return min(
            (
                mark
                for mark in self.marks
                if not mark.reported
                and (guesses or mark.kind != "restart?")
                and not (self._allowed and self._may_be_forgiven(mark))
                and not (within and (mark.start >= within.end or self._is_named(mark, within)))
            ),
            key=lambda mark: mark.start,
            default=None,
        )

    def take_match(self, matched: Matched) -> None:
        """Go on behind a match: who waits for a fault's text has been told of it."""
        self.cursor = matched.end
        self._matches.append(matched)
        restarts = [one for one in self.marks if one.kind == "restart?"]
        for mark in restarts:
            mark.reported = mark.reported or mark.overlaps(matched.start, matched.end)
        if len(restarts) > _MOST_OF_ALL:  # one for each time that a text comes again
            self.marks = [m for m in self.marks if m.kind != "restart?" or m.start >= self.base]

    def take_crash(self, mark: Mark, error: KaratosError) -> None:
        """Let ``error`` stand for the rest of the crash that begins with ``mark``."""
        if mark.kind == "fault":
            self._crashes.append((mark.start, error))

    def tell_crash(self, line: str, error: KaratosError) -> None:
        """Let ``error`` stand for the crash that begins with ``line``."""
        for mark in self.marks:
            if not mark.reported and self.line_of(mark).strip() == line:
                self.take_crash(mark, error)
                return

    def _is_told(self, mark: Mark) -> bool:
        """Say whether a test has named ``mark``, or expects the crash that it is a part of."""
        return any(self._is_named(mark, one) for one in self._matches) or any(
            self._is_of_crash(mark, start) for start, error in self._crashes if error.settled
        )

    def has_named(self, line: str) -> bool:
        """Say whether a match names a line of that text."""
        at = (found.start() + self.base for found in re.finditer(re.escape(line), self.text))
        places = [(one, one + len(line)) for one in at]
        return any(one.names(self.text, self.base, places) for one in self._matches)

    def _is_named(self, mark: Mark, matched: Matched) -> bool:
        if mark.start < self.base or not mark.overlaps(matched.start, matched.end):
            return False
        return matched.names(self.text, self.base, self._texts_of(mark))

    def _texts_of(self, mark: Mark) -> list[tuple[int, int]]:
        """Return where the texts are that tell of ``mark``: its own, and what else names a fault.

        Empty when no text shows it.
        """
        texts = [(mark.start, mark.end)] if mark.start < mark.end else []
        if mark.kind == "fault" and texts:
            begin = self.text.rfind("\n", 0, mark.start - self.base) + 1 + self.base
            words = self._known.words(self.part(begin, mark.end + _OPEN).split("\n", 1)[0] + "\n")
            texts += [(begin + start, begin + end) for start, end in words]
        return texts

    def is_open(self, mark: Mark) -> bool:
        """Say whether the line of ``mark`` may still grow."""
        at = max(0, mark.end - 1 - self.base)
        return mark.end > mark.start >= self.base and "\n" not in self.text[at:]

    def without(self, mark: Mark) -> str:
        """Return the text with other words in the place of those that tell of ``mark``."""
        text = self.text
        for start, end in self._texts_of(mark) if mark.start >= self.base else ():
            text = with_other_words(text, start - self.base, end - self.base)
        return text

    def _is_of_crash(self, mark: Mark, start: int) -> bool:
        if mark.kind != "fault" or mark.start < start or start < self.cursor <= mark.start:
            return False
        return self.part(start, mark.start).count("\n") <= _CRASH_LINES

    def line_of(self, mark: Mark) -> str:
        """Return the line that holds ``mark``, as far as it has come."""
        at = mark.start - self.base
        if mark.line or at < 0:
            return mark.line or mark.text
        end = self.text.find("\n", at + len(mark.text))
        return self.text[self.text.rfind("\n", 0, at) + 1 : None if end < 0 else end]

    def first_bad_line(self, text: str, *, excused: bool = False) -> tuple[str, str] | None:
        """Return the first line of another stream's ``text`` that means a fault, and what it means.

        Texts that were forbidden count too; a line that holds an allowed one does if ``excused``.
        """
        found = [(fault.start, fault.rule.means) for fault in self._known.find(text, 0)]
        for bad, kind in self._bad.items():
            means = "a fault" if kind == "fault" else "what the test forbade"
            found += [(at.start(), means) for at in re.finditer(re.escape(bad), text)]
        for at, means in sorted(found):
            line = text[text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()
            if excused or not self.excuses(line):
                return line, means
        return None

    @property
    def knows_of_fault(self) -> bool:
        """Whether a fault was printed that somebody was told of, or that was excused."""
        self._forgive()
        marked = self._known_fault or any(one.is_known_fault for one in self.marks)
        return marked or any(text in self.text for text in self._allowed_faults)

    def excuses(self, sentence: str) -> bool:
        """Tell whether ``sentence`` holds an allowed text."""
        return any(text in sentence for text in self._allowed)

    def _forgive(self) -> None:
        if self._allowed:
            self._keep([mark for mark in self.marks if not self._is_allowed(mark)])
        if self._matches or self._crashes:
            for mark in self.marks:
                if mark.kind != "restart?":  # of those a match tells when it is taken
                    mark.reported = mark.reported or self._is_told(mark)

    def _keep(self, marks: list[Mark]) -> None:
        """Drop all marks but ``marks``, and remember that there were faults among them."""
        kept = set(map(id, marks))
        dropped = (one.kind == "fault" for one in self.marks if id(one) not in kept)
        self._known_fault = self._known_fault or any(dropped)
        self.marks = marks

    def _is_allowed(self, mark: Mark) -> bool:
        if mark.kind not in ("fault", "forbidden"):
            return False
        line = self.line_of(mark)
        return any(text in line for text in self._allowed)

    def _may_be_forgiven(self, mark: Mark) -> bool:
        """Say whether the text that excuses ``mark`` may be in the part of its line to come."""
        if mark.kind not in ("fault", "forbidden") or self._flushed or mark.start < self.base:
            return False
        return "\n" not in self.text[max(mark.start, mark.end - 1) - self.base :]

    def _hear(self, raw: bytes) -> None:
        lines = self._hidden.lines(raw)
        if not lines:
            self._take(self._decoder.feed(raw))
            return
        start, pieces, readings = self.end, [], []
        for line in lines:
            pieces.append(self._decoder.feed(line))
            readings += [(reading, start) for reading in self._hidden.readings(line)]
            start += len(pieces[-1])
        self._take("".join(pieces))
        for reading, begin in readings:
            self._mark_hidden(reading, begin)

    def _mark_hidden(self, reading: Reading, start: int) -> None:
        """Mark what ``reading`` shows and the text does not; the text has it at ``start``."""
        line = self.text.rfind("\n", 0, max(0, start - self.base)) + 1 + self.base
        if line <= self._line_with_hidden:
            return
        shown = reading.shown()
        for kind, text, means in self._in(reading):
            self._line_with_hidden = line
            self.marks.append(
                Mark(kind=kind, text=text, start=start, end=start, means=means, line=shown)
            )
            return

    def _in(self, reading: Reading) -> Iterator[tuple[str, str, str]]:
        for text, kind in self._bad.items():
            at = reading.text.find(as_read(text))
            if at >= 0 and reading.hides(at, at + len(as_read(text))):
                yield kind, text, "a fault"
        for fault in self._known.find(reading.text, 0):
            if reading.hides(fault.start, fault.end):
                yield "fault", reading.text[fault.start : fault.end].strip(), fault.rule.means

    def _take(self, piece: str) -> None:
        if not piece:
            return
        for text in self._bad:
            overlap = max(0, len(self.text) - len(text) + 1) if len(text) > 1 else len(self.text)
            self._mark_all(text, self.text[overlap:] + piece, self.base + overlap)
        self._watch_line(piece)
        fresh = len(self.text)
        self.text += piece
        self._watch_faults(fresh)
        self._watch_boots(len(piece))
        if len(self.text) > 2 * KEPT:
            self.base += len(self.text) - KEPT
            self.text = self.text[-KEPT:]
            self._keep([m for m in self.marks if not m.reported or m.end > self.base])

    def _mark_all(self, text: str, where: str, base: int) -> None:
        at = where.find(text)
        if at < 0 or not self._has_room(text):
            return
        while at >= 0 and len(self.marks) < _MOST_OF_ALL:
            self._mark(self._bad[text], text, base + at, base + at + len(text))
            at = where.find(text, at + len(text))

    def _watch_faults(self, fresh: int) -> None:
        """Mark the known faults from the line on that the index ``fresh`` is in."""
        begin = self.text.rfind("\n", max(0, fresh - _OPEN), fresh) + 1 or max(0, fresh - _OPEN)
        for fault in self._known.find(self.text, begin):
            text = self.text[fault.start : fault.end].strip()
            if self._is_new(fault.line + self.base) and self._has_room(text):
                mark_at, end = fault.start + self.base, fault.end + self.base
                self._mark("fault", text, mark_at, end, fault.rule.means)
            self._last_fault = max(self._last_fault, fault.end + self.base - 1)

    def _is_new(self, line: int) -> bool:
        """Say whether ``line`` has no fault yet: one that grows is searched again."""
        return line > self._last_fault and line != self._line_with_hidden

    def _has_room(self, text: str) -> bool:
        if len(self.marks) >= _MOST_MARKS:
            self._forgive()
            self._keep([mark for mark in self.marks if not mark.reported])
        return (
            len(self.marks) < _MOST_OF_ALL
            and sum(mark.text == text for mark in self.marks) < _MOST_MARKS
        )

    def _mark(self, kind: str, text: str, start: int, end: int, means: str = "a fault") -> None:
        self.marks.append(Mark(kind=kind, text=text, start=start, end=end, means=means))

    def _watch_line(self, piece: str) -> None:
        first = piece.find("\n")
        limit = self.rules.line_bytes
        longest = self._open_line + (len(piece) if first < 0 else first)
        if len(piece) > limit and first >= 0:
            longest = max(longest, *(len(line) for line in piece[first + 1 :].split("\n")))
        if longest > limit and not self._flooded:
            self._flooded = True
            at = self.end + len(piece)
            self._mark("flood", f"a line of more than {limit} characters", at, at)
        last = piece.rfind("\n")
        self._open_line = self._open_line + len(piece) if last < 0 else len(piece) - last - 1

    def _note_dropped(self) -> None:
        if self.pump.dropped_bytes and not any(mark.kind == "flood!" for mark in self.marks):
            text = f"more than {self.rules.total_bytes} bytes"
            self._mark("flood!", text, self.end, self.end)

    def _watch_boots(self, fresh: int) -> None:
        if self._boots is None:
            self._boots = guessed_boots(self.text)
            fresh = len(self.text)
        boots = self._boots
        if boots is None or not boots.text:
            return
        start = max(boots.last_end - self.base, len(self.text) - fresh - len(boots.text) + 1, 0)
        while (at := self.text.find(boots.text, start)) >= 0:
            start = at + len(boots.text)
            between = at + self.base - boots.last_end
            boots.last_end = start + self.base
            if boots.guessed and boots.seen and not between:
                continue  # two lines in turn are repetition, not a boot
            boots.seen += 1
            if boots.seen - 1 > self.restarts_allowed:
                kind = "restart?" if boots.guessed else "restart"
                self._mark(kind, boots.text.strip(), at + self.base, boots.last_end)
                self.marks[-1].times = self.restarts_allowed = boots.seen - 1
