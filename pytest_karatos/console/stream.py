"""Follow the transcript as text: a bounded window, and marks where something bad was said."""

from dataclasses import dataclass

from pytest_karatos.console.plain import Plain
from pytest_karatos.console.pump import Pump
from pytest_karatos.watch import WatchRules

#: How much text is kept for ``before``, for messages and for seeing repetition, in characters.
KEPT = 512 * 1024
_BATCH = 256 * 1024
#: Occurrences of one bad text that are remembered at a time.
_MOST_MARKS = 64


@dataclass(kw_only=True, slots=True)
class Mark:
    """A place in the stream that a wait must not pass; positions count characters from boot."""

    kind: str
    text: str
    start: int
    end: int
    reported: bool = False


@dataclass(slots=True)
class _Boots:
    """Count how often the boot text came."""

    text: str
    guessed: bool
    seen: int = 0
    last_end: int = 0


class Stream:
    """The text so far. ``cursor`` is where the next wait starts; :meth:`pull` takes in more."""

    def __init__(self, pump: Pump, rules: WatchRules) -> None:
        self.pump = pump
        self.rules = rules
        self.cursor = 0
        self.offset = 0
        self.base = 0
        self.text = ""
        self.marks: list[Mark] = []
        self.restarts_allowed = rules.restarts
        self._bad = {text: "fault" for text in rules.faults if text}
        self._plain = Plain()
        self._flushed = False
        self._open_line = 0
        self._flooded = False
        self._boots = _Boots(rules.boot_text, guessed=False) if rules.boot_text else None

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
            self._take(self._plain.feed(raw))
            return True
        self._note_dropped()
        if ended and not self._flushed and self.offset >= self.pump.total:
            if self.pump.line.failure is not None:
                raise self.pump.line.failure
            self._flushed = True
            self._take(self._plain.feed(b"", last=True))
            return True
        return False

    @property
    def watched(self) -> tuple[str, ...]:
        """The texts that make marks."""
        return tuple(self._bad)

    def part(self, start: int, end: int) -> str:
        """Return the text between two positions, as far as it is still kept."""
        return self.text[max(0, start - self.base) : max(0, end - self.base)]

    def whole(self, most_bytes: int) -> str:
        """Return all text from the boot on; of more than ``most_bytes`` only both ends."""
        return _read_back(self.pump, self.offset, most_bytes) if self.base else self.text

    def forbid(self, text: str) -> None:
        """Mark ``text`` from the cursor on, in what came and in what comes."""
        if text and text not in self._bad:
            self._bad[text] = "forbidden"
            at = max(0, self.cursor - self.base)
            self._mark_all(text, self.text[at:], self.base + at)

    def allow(self, text: str) -> None:
        """Take back a fault text or a :meth:`forbid`, and the marks it made."""
        self._bad.pop(text, None)
        self.marks = [mark for mark in self.marks if mark.text != text]

    def first_mark(self, *, guesses: bool) -> Mark | None:
        """Return the first mark nobody was told of; ``guesses``: a supposed restart counts too."""
        return min(
            (
                mark
                for mark in self.marks
                if not mark.reported and (guesses or mark.kind != "restart?")
            ),
            key=lambda mark: mark.start,
            default=None,
        )

    def _take(self, piece: str) -> None:
        if not piece:
            return
        for text in self._bad:
            overlap = max(0, len(self.text) - len(text) + 1) if len(text) > 1 else len(self.text)
            self._mark_all(text, self.text[overlap:] + piece, self.base + overlap)
        self._watch_line(piece)
        self.text += piece
        self._watch_boots(len(piece))
        if len(self.text) > 2 * KEPT:
            self.base += len(self.text) - KEPT
            self.text = self.text[-KEPT:]
            self.marks = [m for m in self.marks if not m.reported or m.end > self.base]

    def _mark_all(self, text: str, where: str, base: int) -> None:
        at = where.find(text)
        if at < 0 or sum(mark.text == text for mark in self.marks) >= _MOST_MARKS:
            return
        while at >= 0 and len(self.marks) < 4 * _MOST_MARKS:
            self._mark(self._bad[text], text, base + at, base + at + len(text))
            at = where.find(text, at + len(text))

    def _mark(self, kind: str, text: str, start: int, end: int) -> None:
        self.marks.append(Mark(kind=kind, text=text, start=start, end=end))

    def _watch_line(self, piece: str) -> None:
        first = piece.find("\n")
        limit = self.rules.line_bytes
        longest = self._open_line + (len(piece) if first < 0 else first)
        if len(piece) > limit and first >= 0:
            longest = max(longest, *(len(line) for line in piece[first + 1 :].split("\n")))
        if longest > limit and not self._flooded:
            self._flooded = True
            at = self.end + len(piece)
            self._mark("flood", f"a line of more than {limit} bytes", at, at)
        last = piece.rfind("\n")
        self._open_line = self._open_line + len(piece) if last < 0 else len(piece) - last - 1

    def _note_dropped(self) -> None:
        if self.pump.dropped_bytes and not any(mark.kind == "flood!" for mark in self.marks):
            text = f"more than {self.rules.total_bytes} bytes"
            self._mark("flood!", text, self.end, self.end)

    def _watch_boots(self, fresh: int) -> None:
        if self._boots is None:
            self._boots = self._guess_boot_text()
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
                self.restarts_allowed = boots.seen - 1

    def _guess_boot_text(self) -> _Boots | None:
        """Take the first two lines: one alone may be anything, such as a task's own."""
        begin = len(self.text) - len(self.text.lstrip())
        first = self.text.find("\n", begin)
        second = self.text.find("\n", first + 1) if first >= 0 else -1
        if second < 0:
            return None
        same = self.text[begin:first] == self.text[first + 1 : second]
        return _Boots("" if same else self.text[begin : second + 1], guessed=True)


def _read_back(pump: Pump, end: int, whole: int) -> str:
    """Read the transcript up to ``end`` as text; of more than ``whole`` bytes only both ends."""
    if end <= whole:
        return Plain().feed(pump.read(0, end), last=True)
    half = whole // 2
    head = Plain().feed(pump.read(0, half), last=True)
    tail = Plain().feed(pump.read(end - half, half), last=True)
    return f"{head}\n[... {end - whole} bytes left out ...]\n{tail}"
