"""The resets of a firmware by itself, held against what its test did to ask for them.

Firmware that resets itself has crashed most often: a watchdog barked, a panic ended so. It comes
back as if nothing had been, and may then print all that a test waits for. So a reset is only as it
should be when the test asked for it: by typing something, of which the reset is the answer or part
of it. ``machine.reset()`` is no reset by itself.
"""

import time
from bisect import bisect_right
from collections import deque

#: Resets whose times are remembered: the first ones and the latest.
_MOST = 1000


class Resets:
    """Counts the resets of one guest. Times are moments of the host's monotonic clock.

    >>> resets = Resets(began=0.0)
    >>> resets.typed(1.0)
    >>> for at in (1.5, 2.0):
    ...     resets.happened(at)
    >>> resets.unasked, resets.since(1.6), resets.told()
    (1, 1, 'reset itself 2 times in 2.00 s')
    """

    def __init__(self, began: float | None = None) -> None:
        self._began = time.monotonic() if began is None else began
        self._wall_began = time.time()
        self._typed: list[float] = []
        self._matched: list[float] = []
        self._first: list[float] = []
        self._latest: deque[float] = deque(maxlen=_MOST)
        self.count = 0
        #: Whether a watchdog was seen to do it.
        self.by_watchdog = False

    def typed(self, at: float | None = None) -> None:
        """Note that the test types something, now or ``at``."""
        self._typed.append(time.monotonic() if at is None else at)

    def matched(self, at: float | None = None) -> None:
        """Note that the test saw what it waited for."""
        self._matched.append(time.monotonic() if at is None else at)

    def happened(self, at: float) -> None:
        """Note a reset."""
        self.count += 1
        self._latest.append(at)
        if len(self._first) < _MOST:
            self._first.append(at)

    def happened_by_the_wall(self, at: float) -> None:
        """Note a reset at a time of the clock on the wall, which somebody may set meanwhile."""
        now, wall = time.monotonic(), time.time()
        # As the clock is now, and as it was at the boot; else it is as if it happened when heard.
        moments = (now - (wall - at), self._began + (at - self._wall_began))
        self.happened(next((one for one in moments if self._began <= one <= now), now))

    @property
    def last_typed(self) -> float:
        """When something was typed last; 0 before that."""
        return self._typed[-1] if self._typed else 0.0

    def since(self, moment: float) -> int:
        """Return how many there were after ``moment``; of very many at least the latest."""
        return sum(at > moment for at in self._latest)

    @property
    def unasked(self) -> int:
        """How many nobody asked for.

        A reset answers what was typed before it and behind the reset before, unless the test had
        its answer (a match) by then and has seen nothing since.
        """
        asked, before = 0, 0.0
        for at in self._first:
            typed = self._typed[bisect_right(self._typed, at) - 1] if self._typed else 0.0
            if before < typed <= at and not self._is_afterthought(typed, at):
                asked += 1
            before = at
        return self.count - asked

    def _is_afterthought(self, typed: float, at: float) -> bool:
        answered = bisect_right(self._matched, at) > bisect_right(self._matched, typed)
        return answered and self._matched[-1] <= at

    def told(self, guest_seconds: float | None = None) -> str:
        """Say how often and when; empty when never. ``guest_seconds`` is the guest's clock now."""
        if not self.count:
            return ""
        host = self._latest[-1] - self._began
        by = " by a watchdog" if self.by_watchdog else ""
        clock = "" if guest_seconds is None else f" ({_short(guest_seconds)} s of the guest's time)"
        if self.count == 1:
            return f"reset itself once{by}, {host:.2f} s after it was let go"
        return f"reset itself {self.count} times{by} in {host:.2f} s{clock}"


def _short(seconds: float) -> str:
    """Write a time that may be very short, or long: clocks of guests can jump with a reset.

    >>> _short(0.00041), _short(1.5), _short(351234.5)
    ('0.00041', '1.50', '351,234.50')
    """
    return f"{seconds:.2g}" if seconds < 0.01 else f"{seconds:,.2f}"  # noqa: PLR2004 - two decimals
