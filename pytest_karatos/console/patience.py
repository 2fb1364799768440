"""The patience of a wait: when it is over, and when nothing can come any more.

What concerns the guest is measured in the guest's time, so that the host's load decides nothing. A
limit is passed when *both* clocks have passed it: a loaded host lets the guest come no further, and
the clock of a guest that waits for its timer jumps ahead of the host's. Some guests are slower than
their clock on any host; for them the processor time of the emulator counts instead, which load does
not stretch either.
"""

import time
from dataclasses import dataclass
from typing import Protocol

from pytest_karatos.console.pump import Pump
from pytest_karatos.deadline import Deadline
from pytest_karatos.watch_rules import WatchRules

#: Host seconds after which a quiet guest is looked at, and between two looks.
_LOOK_SECONDS = 0.25
#: The least host time of silence that anything is concluded from.
_LEAST_SILENCE = 1.0
#: Where nobody sees whether the guest sleeps, its clock must stand still for so many host seconds.
STILL_SECONDS = 1.0
#: A guest that needs more host time than this for its own is on a host that cannot run it: so
#: many times the limit, and so many seconds more.
_SLOWEST, _SPARE_SECONDS = 10.0, 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestLook:
    """A look at a guest: its clock in seconds since the boot, and its instructions so far.

    ``asleep``: whether it was seen to wait for something; None when that cannot be seen.
    ``cpu_seconds``: the processor time that it has had of the host, 0 when that cannot be seen.
    """

    seconds: float
    instructions: int
    asleep: bool | None = None
    cpu_seconds: float = 0.0

    def stands_where(self, before: "GuestLook") -> bool:
        """Tell whether nothing has happened in the guest since ``before``."""
        return (self.seconds, self.instructions) == (before.seconds, before.instructions)


class Looker(Protocol):
    """Something that can look at the guest."""

    def look(self) -> GuestLook | None:
        """Look at the guest; None when it is gone, is paused, or cannot be looked at."""


class Heard(Protocol):
    """What is heard of a guest: a pump's own line, or all of its machine's."""

    @property
    def total(self) -> int:
        """How many bytes have come."""

    @property
    def last_byte(self) -> float:
        """The monotonic moment at which the last of them came."""

    def untaken(self) -> int:
        """Return how many bytes were typed that the guest has not taken yet."""


class _Quiet:
    """Since when nothing has been heard, by the host's clock and by looks at the guest."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._total = -1
        #: The first look since the last byte.
        self.since: GuestLook | None = None

    def glance(self) -> bool:
        """Tell whether something has come since the last glance."""
        total, before = self._heard.total, self._total
        if total == before:
            return False
        self._total, self.since = total, None
        return True

    def seconds(self, most: float) -> float:
        """Host seconds without a byte, at most ``most``."""
        return min(time.monotonic() - self._heard.last_byte, most)


class Patience:
    """The patience of one wait on ``pump``: until ``deadline``, by the rules, in both clocks.

    ``machine`` is what is heard of the guest on any stream: all of that is life.
    """

    def __init__(  # noqa: PLR0913  # all that a wait hangs on
        self,
        pump: Pump,
        rules: WatchRules,
        looker: Looker,
        deadline: Deadline,
        *,
        judges_silence: bool,
        machine: Heard | None = None,
    ) -> None:
        self._heard = machine or pump
        self._own, self._any = _Quiet(pump), _Quiet(self._heard)
        self._rules = rules
        self._looker = looker
        self._deadline = deadline
        self._judges_silence = judges_silence and not deadline.asked
        #: The first look in this wait, and the latest.
        self._first: GuestLook | None = None
        self._last: GuestLook | None = None
        self._is_still = False
        self._still_since = 0.0
        self._looked = self._deadline.started

    @property
    def slice(self) -> float:
        """How long to wait for the next byte before :meth:`glance`, in host seconds."""
        next_look = max(0.0, self._looked + self._interval - time.monotonic())
        return min(self._deadline.left, next_look) if self._deadline.left else next_look

    @property
    def _interval(self) -> float:
        # When the host's time is over it is only the guest's that is waited for.
        return _LOOK_SECONDS / 10 if self._deadline.expired else _LOOK_SECONDS

    @property
    def quiet(self) -> float:
        """Host seconds without a byte on any stream, in this wait."""
        return self._any.seconds(self._deadline.elapsed)

    @property
    def guest_clock(self) -> float | None:
        """What the guest's clock was when it was last looked at; None when nobody looked."""
        return None if self._last is None else self._last.seconds

    @property
    def guest_seconds(self) -> float | None:
        """How far the guest has come since it was first looked at; None before that."""
        if self._first is None or self._last is None or self._last is self._first:
            return None
        return self._last.seconds - self._first.seconds

    def glance(self) -> None:
        """Look at the guest when it is time to; call it often."""
        now = time.monotonic()
        self._own.glance()
        if self._any.glance():
            self._is_still = False
        if now - self._looked < self._interval:
            return
        self._looked = now
        look = self._looker.look()
        if look is not None:
            self._take(look, now)

    def _take(self, look: GuestLook, now: float) -> None:
        self._is_still = self._last is not None and look.stands_where(self._last)
        if not self._is_still:
            self._still_since = now
        self._first = self._first or look
        for quiet in (self._own, self._any):
            quiet.since = quiet.since or look
        self._last = look

    @property
    def is_silent(self) -> bool:
        """Whether the firmware has been silent for longer than the rules allow, in both clocks."""
        limit = self._rules.silence_seconds
        if not self._judges_silence or self.quiet < max(limit, _LEAST_SILENCE):
            return False
        return self._guest_has_had(limit, self._any.since, self.quiet)

    def is_quiet_for(self, seconds: float) -> bool:
        """Tell whether nothing has come on this line for ``seconds``, in both clocks."""
        quiet = self._own.seconds(self._deadline.elapsed)
        return quiet >= seconds and self._guest_has_had(seconds, self._own.since, quiet)

    @property
    def is_over(self) -> bool:
        """Whether the time is over, in both clocks."""
        if not self._deadline.expired:
            return False
        seconds = self._deadline.seconds
        return self.is_idle or self._guest_has_had(seconds, self._first, self._deadline.elapsed)

    def _guest_has_had(self, limit: float, since: GuestLook | None, host_seconds: float) -> bool:
        if host_seconds > _SLOWEST * limit + _SPARE_SECONDS:
            return True
        if since is None or self._last is None:
            return self._looker.look() is None
        clock = self._last.seconds - since.seconds
        return max(clock, self._last.cpu_seconds - since.cpu_seconds) >= limit

    @property
    def is_idle(self) -> bool:
        """Whether nothing will happen in the guest by itself: it was seen to stand still."""
        if not self._is_still or self._last is None or self._heard.untaken():
            return False
        asleep = self._last.asleep
        return bool(asleep) or (
            asleep is None and time.monotonic() - self._still_since > STILL_SECONDS
        )
