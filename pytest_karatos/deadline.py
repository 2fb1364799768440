"""Wait with an end: a moment in the future that every step of a wait shares."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment ``seconds`` from now on the monotonic clock; clock changes do not move it.

    >>> Deadline(0.0).expired, Deadline(60.0).expired
    (True, False)
    """

    seconds: float
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds to go, never below zero."""
        return max(0.0, self.seconds - self.elapsed)

    @property
    def expired(self) -> bool:
        """Whether the moment has passed."""
        return self.left == 0.0
