"""A deadline: a moment in the future that every step of a wait shares."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment ``seconds`` from now on the monotonic clock; clock changes do not move it.

    ``asked``: the test named the seconds, so that only they decide when a wait is over.

    >>> Deadline(0.0).expired, Deadline(60.0).expired
    (True, False)
    """

    seconds: float
    started: float = field(default_factory=time.monotonic)
    asked: bool = False

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


#: How often a call that is waited for is looked at, in seconds.
_LOOK_SECONDS = 0.02


def is_done_within(call: Callable[[], object], cpu_seconds: float, seconds: float) -> bool:
    """Run ``call`` in a thread of its own; tell whether it came to its end in time.

    It may take ``cpu_seconds`` of processor time, which a busy host does not stretch, and
    ``seconds`` in all. What it raises is its own business. A call that takes longer is left alone.

    >>> is_done_within(lambda: None, 1.0, 5.0)
    True
    """
    deadline, clocks = Deadline(seconds), list[int]()

    def run() -> None:
        # A thread that has ended has no clock: only the thread itself may ask which it is.
        clocks.append(time.pthread_getcpuclockid(threading.get_ident()))
        call()

    thread = threading.Thread(target=run, name="karatos-bounded", daemon=True)
    thread.start()
    while thread.is_alive() and not deadline.expired and _used(clocks) < cpu_seconds:
        thread.join(_LOOK_SECONDS)
    return not thread.is_alive()


def _used(clocks: Sequence[int]) -> float:
    try:
        return sum(map(time.clock_gettime, clocks))
    except OSError:  # the thread has ended, and its clock with it
        return 0.0
