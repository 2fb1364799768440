"""A filter: a user's program that turns the console's bytes into text (defmt's decoder).

The guest must never wait for that program: it reads from the raw transcript, not from the line.
"""

import contextlib
import os
import select
import threading
from collections.abc import Sequence
from pathlib import Path

from pytest_karatos.console.pump import Pump
from pytest_karatos.console.transport import Source, pending_in
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import FilterFailed, Flooded, KaratosError
from pytest_karatos.process import running
from pytest_karatos.text import tail
from pytest_karatos.watch_rules import WatchRules

_CHUNK = 64 * 1024
#: How long the program's end may lag behind that of its output, in seconds.
_LAG = 2.0
#: How long the program may take to turn the last bytes into text, in seconds.
_MOMENT = 0.25
#: How long one look at the raw transcript lasts; bytes wake it at once, and so does the end.
_LOOK = 60.0
_LINES = 5


class Filter(Source):
    """The line that comes out of ``argv``, which reads what ``raw`` has got from the guest.

    What it says on stderr goes to the file ``stderr``.

    :raises MissingTool: when there is no such program.
    """

    def __init__(self, raw: Pump, argv: Sequence[str], stderr: Path) -> None:
        self.failure: KaratosError | None = None
        self._raw, self._argv, self._stderr = raw, tuple(argv), stderr
        self._fed, self._all_fed, self._closing = 0, False, False
        self._running = contextlib.ExitStack()
        theirs, self._inlet = os.pipe()
        self._outlet, out = os.pipe()
        try:
            with stderr.open("wb") as said:
                self._child = self._running.enter_context(
                    running(argv, stdin=theirs, stdout=out, stderr=said)
                )
        except BaseException:
            os.close(self._inlet)
            os.close(self._outlet)
            raise
        finally:
            os.close(theirs)
            os.close(out)
        self._feeder = threading.Thread(target=self._feed, name="karatos-filter", daemon=True)
        self._feeder.start()

    def wait_for_guest(self) -> None:
        """Nothing to wait for: the program runs."""

    def read_into(self, buffer: memoryview) -> int:
        """Block for at least one byte; 0 when the program has ended, and then say why."""
        size = os.readv(self._outlet, [buffer])
        if not size and not self._closing:
            self.failure = self._verdict()
        return size

    def wait_for_bytes(self) -> None:
        """Block until the program has printed, or ended."""
        poll = select.poll()
        poll.register(self._outlet, select.POLLIN)
        poll.poll()

    def pending(self) -> int:
        """Return how many bytes of the guest, or of the program, are still on their way."""
        unfed = self._raw.total - self._fed
        unread = 0 if self._all_fed else pending_in(self._inlet)
        return unfed + unread + pending_in(self._outlet)

    def untaken(self) -> int:
        """Return how many bytes were typed that the guest has not taken yet."""
        return self._raw.line.untaken()

    def send(self, data: bytes, timeout: float) -> int:
        """Type into the guest, past the filter."""
        return self._raw.line.send(data, timeout)

    def wake(self) -> None:
        """End the program, which ends its output, and its feeding."""
        self._closing = True
        self._raw.give_up()
        self._running.close()

    def close(self) -> None:
        """Free what is left."""
        self._feeder.join(_LAG)
        os.close(self._outlet)

    def _feed(self) -> None:
        try:
            while self._feed_more():
                pass
        except BrokenPipeError:
            pass  # the program is gone; the end of its output tells
        finally:
            os.close(self._inlet)

    def _feed_more(self) -> bool:
        # `ended` first: what came before the end is then certainly in the transcript.
        ended = self._raw.ended or self._closing
        data = self._raw.read(self._fed, _CHUNK)
        if data:
            self._fed += os.write(self._inlet, data)
            return True
        self._all_fed = ended
        if not ended and not self._raw.dropped_bytes:
            self._raw.wait_until(self._fed + 1, _LOOK)
            return True
        return False

    def _verdict(self) -> KaratosError | None:
        status = self._child.wait(_LAG)
        if self._raw.dropped_bytes:
            return Flooded(f"the firmware printed more than {self._raw.total} bytes.")
        if status == 0 and self._all_fed:
            return None
        how = "closed its output" if status is None else f"ended with exit status {status}"
        said = "".join(f"\n! {line}" for line in tail(self._stderr, _LINES))
        command = " ".join(self._argv)
        return FilterFailed(
            f"the console's filter `{command}` {how} after {self._fed} bytes.{said}",
            why="it turns the console's bytes into text; without it nothing more can be seen.",
            fix=f"try it by hand: {command} < {self._raw.transcript}",
        )


class FilteredPump(Pump):
    """A pump of what ``argv`` makes of the bytes of ``raw``, whose transcript stays byte-exact."""

    def __init__(
        self, raw: Pump, argv: Sequence[str], transcript: Path, *, limit_bytes: int
    ) -> None:
        self._raw = raw
        line = Filter(raw, argv, transcript.with_name("filter.stderr.log"))
        super().__init__(line, transcript, limit_bytes=limit_bytes)

    @property
    def aside(self) -> str:
        """Where the bytes are that the filter was given."""
        return f"before the filter: {self._raw.transcript} ({self._raw.total} bytes)"

    @property
    def lost(self) -> list[str]:
        """What the disk did not take of either."""
        return [*super().lost, *self._raw.lost]

    def start_clock(self) -> None:
        """Count both times from now on."""
        self._raw.start_clock()
        super().start_clock()

    def drain(self, timeout: float) -> bool:
        """Wait for what the program makes of the bytes that have come.

        It does not say when it is done with them: it has a moment to go on.
        """
        deadline = Deadline(timeout)
        if not self._raw.drain(deadline.left):
            return False
        while super().drain(deadline.left) and not deadline.expired:
            if not self.wait_until(self.total + 1, _MOMENT) or self.ended:
                return True
        return False

    def close(self, timeout: float = 2.0) -> None:
        """End the filter, then stop listening to the guest."""
        super().close(timeout)
        self._raw.close(timeout)

    def forget(self) -> None:
        """Close the files of both."""
        super().forget()
        self._raw.forget()


def pump_for(rules: WatchRules, line: Source, transcript: Path) -> Pump:
    """Return a pump of ``line``, through the filter of ``rules`` if there is one.

    With a filter its text goes to ``transcript``, and the bytes of the guest to ``raw/`` beside it.

    :raises MissingTool: when there is no such filter.
    """
    limit = rules.total_bytes
    if not rules.filter:
        return Pump(line, transcript, limit_bytes=limit)
    place = transcript.parent / "raw" / transcript.name
    place.parent.mkdir(exist_ok=True)
    raw = Pump(line, place, limit_bytes=limit)
    try:
        return FilteredPump(raw, rules.filter, transcript, limit_bytes=limit)
    except KaratosError:
        raw.close()
        raise
