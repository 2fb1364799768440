"""All streams of one machine: what is heard on any of them is life, and each may be waited on."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from pytest_karatos.console.failure import MachineStatus, OtherStream, fit, last_lines
from pytest_karatos.console.resets import Resets
from pytest_karatos.console.stream import Stream
from pytest_karatos.outstanding import Outstanding
from pytest_karatos.text import tail

#: Lines that are quoted of a stream that was not asked, characters of them, and lines looked at.
_LINES, _WIDTH, _MOST = 3, 400, 60


class Script(Protocol):
    """What answers the firmware on one of the lines."""

    error: BaseException | None

    def untaken(self) -> int:
        """Return how many bytes of the firmware it has not looked at yet."""


class Streams:
    """The streams that a firmware can speak on; ``life`` tells of its machine, ``resets`` of those.

    The first that was added is the machine's console. Tests wait on several from several threads:
    whoever reads or changes a stream holds ``lock``.
    """

    def __init__(self, life: MachineStatus) -> None:
        self.life = life
        self.resets = Resets()
        #: What was raised on any of them and nobody has heard of yet.
        self.outstanding = Outstanding()
        self.lock = threading.RLock()
        self._all: list[Stream] = []
        self._scripts: list[Script] = []
        self._in_files = 0
        self._files_grew = 0.0

    def add(self, stream: Stream) -> None:
        """Take in one more."""
        self._all.append(stream)

    def join(self, script: Script) -> None:
        """Let the waits of this machine hear of what goes wrong in ``script``."""
        self._scripts.append(script)

    def leave(self, script: Script) -> None:
        """Take ``script`` out."""
        self._scripts.remove(script)

    def raise_if_broken(self) -> None:
        """Raise what has ended a script before its time."""
        for one in self._scripts:
            if one.error is not None:
                raise one.error

    def ruled_by(self, stream: Stream) -> Sequence[Stream]:
        """Return the streams that a rule given to ``stream`` holds for: the console's for all."""
        return list(self._all) if stream is self.console else [stream]

    def beside(self, stream: Stream) -> Sequence[Stream]:
        """Return the others."""
        return [one for one in self._all if one is not stream]

    @property
    def console(self) -> Stream:
        """The machine's console."""
        return self._all[0]

    @property
    def total(self) -> int:
        """How many bytes have come on all of them."""
        in_files = sum(map(_size, self.life.streams()))
        if in_files != self._in_files:
            self._in_files, self._files_grew = in_files, time.monotonic()
        return in_files + sum(one.pump.total for one in self._all)

    @property
    def are_mute(self) -> bool:
        """Whether the firmware has said nothing on any of them, and did not even reset itself."""
        said = any(one.pump.total or one.pump.dropped_bytes for one in self._all)
        return not (said or self.resets.count or any(lines for _, lines in self._in_the_files()))

    @property
    def last_byte(self) -> float:
        """The monotonic moment at which the last of them came, or the guest was let go."""
        return max(self._files_grew, *(one.pump.last_byte for one in self._all))

    def untaken(self) -> int:
        """Return how many bytes were typed, on any of them, that the guest has not taken yet.

        Those for which a script is about to type something count too.
        """
        typed = sum(one.pump.untaken() for one in self._all)
        return typed + sum(one.untaken() for one in self._scripts)

    def note_typed(self) -> None:
        """Note that the test types something: the firmware may have been told to boot anew."""
        self.resets.typed()
        for one in self._all:
            one.note_typed()

    def told_beside(self, stream: Stream) -> Sequence[str]:
        """Say what came out on others, one sentence each."""
        return [
            f"{name}, the last lines are: {' / '.join(lines)[:_WIDTH]}"
            for name, lines in [*self._heard_beside(stream), *self._in_the_files()]
            if lines
        ]

    def _heard_beside(self, stream: Stream) -> Iterator[tuple[str, Sequence[str]]]:
        for one in self.beside(stream):
            with self.lock:
                one.pull_all()
                lines = last_lines(one.text)[-_LINES:] if one.pump.total else []
                yield f"{one.name} has {one.pump.total} bytes", lines

    def _in_the_files(self) -> Iterator[tuple[str, Sequence[str]]]:
        for file in self.life.streams():
            lines = [line for line in tail(file.path, _MOST) if not file.is_apart(line)]
            yield f"{file.name} has text", [fit(line) for line in lines[-_LINES:]]


def _size(file: OtherStream) -> int:
    return file.path.stat().st_size if file.path.exists() else 0
