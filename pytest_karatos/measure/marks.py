"""Marks in a boot between which instructions are counted: a printed text, a function's ends.

Where each of them was passed is told by a second boot that is the same as the first, in which each
instruction is seen; the firmware has nothing added to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

TEXT, ENTRY, EXIT = "text", "entry", "exit"
#: A call takes two or four bytes on ARM and RISC-V, and the caller goes on behind it; so does what
#: an interrupt came into, but behind a jump: that end is not seen, rather than at a wrong place.
_BEHIND = (2, 4)
#: Functions that were entered and not left, of which more is not remembered: some never return.
_DEEPEST = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A moment that may come several times: ``name`` is a text, or a function's."""

    kind: str
    name: str

    def __str__(self) -> str:
        if self.kind == TEXT:
            return repr(self.name)
        return f"the {self.kind} of '{self.name}'"


def entry(name: str) -> Mark:
    """Return the mark of a function's first instruction."""
    return Mark(kind=ENTRY, name=name)


def leaving(name: str) -> Mark:
    """Return the mark of a function's return to who called it, or whom it interrupted."""
    return Mark(kind=EXIT, name=name)


def as_mark(mark: Mark | str) -> Mark:
    """Return a text of the console as a mark: its last byte.

    >>> print(as_mark("ready"), entry("main"))
    'ready' the entry of 'main'
    """
    return Mark(kind=TEXT, name=mark) if isinstance(mark, str) else mark


@dataclass(slots=True)
class Passes:
    """Notes after how many instructions each function at ``starts`` was entered and left."""

    starts: frozenset[int]
    entries: dict[int, list[int]] = field(default_factory=dict)
    exits: dict[int, list[int]] = field(default_factory=dict)
    #: Who is entered, and where it may go on behind it; the innermost last.
    _open: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    _last: int = -1

    def see(self, addresses: Sequence[int], before: int) -> None:
        """Take the next instructions."""
        starts, last = self.starts, self._last
        watched = {back for _, places in self._open for back in places}
        for count, address in enumerate(addresses, before):
            if address in watched:
                self._leave(address, count)
                watched = {back for _, places in self._open for back in places}
            if address in starts:
                self.entries.setdefault(address, []).append(count)
                places = tuple(last + size for size in _BEHIND)
                self._open.append((address, places))
                del self._open[:-_DEEPEST]
                watched.update(places)
            last = address
        self._last = last

    def _leave(self, address: int, count: int) -> None:
        """Close the innermost function that goes on at ``address``, and those in it."""
        at = next(
            (
                at
                for at in range(len(self._open) - 1, -1, -1)
                if address in self._open[at][1] and address != self._open[at][0]
            ),
            None,
        )
        if at is None:
            return
        for start, _ in self._open[at:]:
            self.exits.setdefault(start, []).append(count)
        del self._open[at:]


def first_after(counts: Iterable[int], count: int) -> int | None:
    """Return the first of ``counts``, in order, that is more than ``count``; None without one."""
    return next((one for one in counts if one > count), None)


def text_ends(printed: bytes, text: str) -> list[int]:
    """Return where ``text`` ends in what was printed, each time: the place of its last byte.

    >>> text_ends(b"tick tick", "tick")
    [3, 8]
    """
    wanted = text.encode()
    found, at = [], printed.find(wanted) if wanted else -1
    while at >= 0:
        found.append(at + len(wanted) - 1)
        at = printed.find(wanted, at + len(wanted))
    return found
