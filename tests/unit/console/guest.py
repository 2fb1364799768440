"""Be the other end of a console: what QEMU is to it, a test is here."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_karatos.console import Console, NamedPipes, pump_for
from pytest_karatos.watch_rules import WatchRules

_DRIP = """
import os, sys, time
data, seconds = bytes.fromhex(sys.argv[1]), float(sys.argv[2])
for piece in ([bytes([byte]) for byte in data] if seconds else [data]):
    time.sleep(seconds)
    os.write(1, piece)
"""


class Guest:
    """The other end: opens the line as QEMU does, says bytes, hangs up."""

    def __init__(self, folder: Path, **rules: object) -> None:
        line = NamedPipes(folder / "line")
        watch = WatchRules(**{"faults": ("panicked",), **rules})  # type: ignore[arg-type]
        self.pump = pump_for(watch, line, folder / "console.log")
        self.console = Console(self.pump, rules=watch, timeout=2.0)
        self._out = os.open(f"{line.path}.out", os.O_WRONLY)
        self._in = os.open(f"{line.path}.in", os.O_RDONLY | os.O_NONBLOCK)

        self._speaker: subprocess.Popen[bytes] | None = None

    def say(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]

    def later(self, seconds: float, data: bytes) -> None:
        threading.Timer(seconds, self.say, (data,)).start()

    def drip(self, data: bytes, seconds: float) -> None:
        """Say ``data`` with a pause before each byte, or at once, and hang up: another process."""
        argv = [sys.executable, "-c", _DRIP, data.hex(), str(seconds)]
        self._speaker = subprocess.Popen(argv, stdout=self._out)
        self.close_stream()

    def heard(self) -> bytes:
        return os.read(self._in, 4096)

    def close_stream(self) -> None:
        for end in (self._out, self._in):
            if end >= 0:
                os.close(end)
        self._out = self._in = -1

    def end(self) -> None:
        self.console.close()
        self.close_stream()
        self.pump.forget()
        if self._speaker is not None:
            self._speaker.wait(10)


@contextmanager
def guests(folder: Path, **defaults: object) -> Iterator[Callable[..., Guest]]:
    """Give a maker of guests, which takes the rules that differ from ``defaults``; end them all."""
    made: list[Guest] = []

    def make(**rules: object) -> Guest:
        made.append(Guest(folder, **{**defaults, **rules}))
        return made[-1]

    yield make
    for guest in made:
        guest.end()
