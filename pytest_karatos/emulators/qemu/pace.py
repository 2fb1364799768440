"""The pace of a guest: run on by so much of its own time, and noticed when it idles for ever."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pytest_karatos.console import STILL_SECONDS, GuestLook
from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.protocol import GuestRun
from pytest_karatos.emulators.qemu.clock import GuestClock
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.errors import MachineEnded

#: Host seconds between two looks at a guest that runs: the first, the least and the longest.
_FIRST, _LEAST, _LONGEST = 0.002, 0.001, 0.02
#: So much longer than it seems to need: one more look costs more than that.
_MARGIN = 1.1
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Pace:
    """Stops and continues one guest. ``wait_for_end`` waits so many seconds for the line's end.

    ``asleep`` tells whether every thread of QEMU sleeps, or None when that cannot be seen;
    ``cpu_seconds`` how much processor time QEMU has had.
    """

    def __init__(
        self,
        qmp: Qmp,
        clock: GuestClock,
        *,
        wait_for_end: Callable[[float], bool],
        asleep: Callable[[], bool | None],
        cpu_seconds: Callable[[], float],
    ) -> None:
        self.qmp = qmp
        self._clock = clock
        self._wait_for_end = wait_for_end
        self._asleep = asleep
        self._cpu_seconds = cpu_seconds
        self._paused = False
        self._lock = threading.RLock()
        #: The look at the guest since it was stopped: QEMU answers one question a stop.
        self._seen: GuestLook | None = None

    def pause(self) -> None:
        """Stop the guest's time until :meth:`resume`."""
        with self._lock:
            self.qmp.ask("stop")
            self._paused = True

    def resume(self) -> None:
        """Let the guest's time go on."""
        with self._lock:
            self._seen = None
            self.qmp.ask("cont")
            self._paused = False

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the guest for as long as the block lasts, unless it is paused anyway."""
        with self._lock:  # or what stands for a moment only would be taken for paused
            paused = self._paused
            if not paused:
                self.pause()
        if paused:
            yield
            return
        try:
            yield
        finally:
            with contextlib.suppress(MachineEnded):
                self.resume()

    @contextlib.contextmanager
    def standing(self) -> Iterator[GuestLook]:
        """Let the guest stand for a moment in which nobody else stops or continues it."""
        with self._lock, self.stopped():
            yield self.look()

    @property
    def paused(self) -> bool:
        """Whether somebody stopped the guest's time."""
        with self._lock:
            return self._paused

    def look(self) -> GuestLook:
        """Look at the guest's clock and count, and before that at whether it sleeps.

        :raises MachineEnded: when there is no machine any more.
        """
        asleep = None if self._paused else self._asleep()
        cpu_seconds = self._cpu_seconds()
        with self._lock, self.stopped():
            return replace(self._look(), asleep=asleep, cpu_seconds=cpu_seconds)

    def _look(self) -> GuestLook:
        """Look at the clock and the count of a guest that is paused."""
        with self._lock:
            if self._seen is None:
                count = int(self.qmp.ask("query-replay")["icount"])
                clock = self._clock.read()
                self._seen = GuestLook(
                    seconds=clock, instructions=count, asleep=None, cpu_seconds=0.0
                )
            return self._seen

    def run(self, seconds: float, limit: float) -> GuestRun:
        """Let a paused guest run ``seconds`` of its time, within ``limit`` host seconds; pause it.

        It runs a little further than asked, by what it does until it can be stopped.
        """
        try:
            return self._run(seconds, Deadline(limit))
        except MachineEnded:
            return GuestRun(seconds=0.0, ended=True)

    def _run(self, seconds: float, deadline: Deadline) -> GuestRun:
        first = last = self._look()
        still_since, pause = time.monotonic(), _FIRST
        is_still = True  # as far as is known
        while True:
            self.resume()
            ended = self._wait_for_end(pause)
            # Asking costs more than a look: only where the answer may decide.
            asleep = self._asleep() if is_still else None
            if ended:
                return GuestRun(seconds=last.seconds - first.seconds, ended=True)
            self.pause()
            now = self._look()
            gone = now.seconds - first.seconds
            if gone >= seconds:
                return GuestRun(seconds=gone, enough=True)
            was_still, is_still = is_still, now.stands_where(last)
            still = time.monotonic() - still_since
            if not is_still:
                still_since = time.monotonic()
            elif was_still and (asleep or (asleep is None and still > STILL_SECONDS)):
                return GuestRun(seconds=gone, idle=True)
            if deadline.expired:
                return GuestRun(seconds=gone)
            pause = _next_pause(seconds - gone, now.seconds - last.seconds, pause)
            last = now


def _next_pause(left: float, came: float, host_seconds: float) -> float:
    """Return how long to let the guest go on, when it ``came`` so far in the last ``host_seconds``.

    >>> _next_pause(0.1, 0.01, 0.002), _next_pause(0.1, 0.0, 0.002), _next_pause(0.1, 9.0, 0.002)
    (0.02, 0.004, 0.001)
    """
    wanted = _MARGIN * left / came * host_seconds if came > 0 else 2 * host_seconds
    return min(_LONGEST, max(_LEAST, wanted))


def is_stopped(pid: int) -> bool:
    """Tell whether somebody has stopped ``pid``, or one of its children: Ctrl-Z, SIGSTOP."""
    try:
        return any(one[0] in "Tt" for one in _stats(Path(f"/proc/{pid}/task")))
    except (OSError, IndexError):
        return False


def threads_sleep(pid: int) -> bool | None:
    """Tell whether every thread of ``pid`` and its children waits; None where nobody can see."""
    try:
        states = {one[0] for one in _stats(Path(f"/proc/{pid}/task"))}
    except (OSError, IndexError):
        return None
    return states == {"S"} if states else None


def processor_seconds(pid: int) -> float:
    """Return the processor time of ``pid`` and its children; 0 where nobody can see it."""
    try:
        ticks = sum(int(one[11]) + int(one[12]) for one in _stats(Path(f"/proc/{pid}/task")))
    except (OSError, IndexError, ValueError):
        return 0.0
    return ticks / _TICKS_A_SECOND


def _stats(tasks: Path) -> Iterator[list[str]]:
    """Give what is told of each thread behind its name, of programs that a wrapper started too."""
    for task in tasks.iterdir():
        yield (task / "stat").read_text().rpartition(")")[2].split()
        for child in (task / "children").read_text().split():
            yield from _stats(Path(f"/proc/{child}/task"))
