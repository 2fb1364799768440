"""When a wait is over, and what counts as idle: by looks at a guest, not by the host's clock."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_karatos.console import GuestLook, NamedPipes, Pump, Source
from pytest_karatos.console.patience import Patience
from pytest_karatos.deadline import Deadline
from pytest_karatos.watch_rules import WatchRules


@dataclass
class Looks:
    """Gives the same look each time."""

    look_now: GuestLook | None

    def look(self) -> GuestLook | None:
        return self.look_now


@pytest.fixture
def pump(tmp_path: Path) -> Iterator[Pump]:
    line = NamedPipes(tmp_path / "line")
    made = Pump(line, tmp_path / "console.log", limit_bytes=1000)
    yield made
    os.close(os.open(f"{line.path}.out", os.O_WRONLY | os.O_NONBLOCK))
    made.close()
    made.forget()


def patience(
    pump: Pump, look: GuestLook | None, *, late: bool = False, silence: float = 5.0
) -> Patience:
    # A second ago one of half a second began, or one of a minute.
    deadline = Deadline(0.5 if late else 60.0, started=time.monotonic() - 1.0)
    rules = WatchRules(silence_seconds=silence)
    made = Patience(pump, rules, Looks(look), deadline, judges_silence=True)
    for _ in range(3):
        made._looked = 0.0  # it is time to look again
        made.glance()
    return made


def standing(*, asleep: bool | None) -> GuestLook:
    return GuestLook(seconds=1.0, instructions=7, asleep=asleep)


def test_a_guest_that_stands_still_and_sleeps_is_idle(pump: Pump) -> None:
    assert patience(pump, standing(asleep=True)).is_idle


def test_a_guest_that_is_only_starved_by_the_host_is_not_idle(pump: Pump) -> None:
    assert not patience(pump, standing(asleep=False)).is_idle


def test_where_sleep_cannot_be_seen_a_moment_is_not_enough(pump: Pump) -> None:
    assert not patience(pump, standing(asleep=None)).is_idle


def test_a_guest_that_has_not_taken_what_was_typed_is_not_idle(pump: Pump) -> None:
    assert pump.line.send(b"ls\n", 1) == 3
    assert not patience(pump, standing(asleep=True)).is_idle


def test_a_wait_is_not_over_before_the_guest_has_had_its_time(pump: Pump) -> None:
    behind = patience(pump, standing(asleep=False), late=True)
    assert not behind.is_over
    assert patience(pump, None, late=True).is_over


def test_a_guest_is_silent_only_when_it_has_had_the_time_itself(pump: Pump) -> None:
    pump.last_byte = time.monotonic() - 10.0
    assert not patience(pump, standing(asleep=False), silence=0.5).is_silent
    assert patience(pump, None, silence=0.5).is_silent


class Held(Source):
    """A source whose bytes are taken out of the line, and held, until ``go_on``."""

    def __init__(self) -> None:
        self.failure = None
        self.go_on, self.taken = threading.Event(), threading.Event()
        self._left = [b"panic", b""]

    def wait_for_guest(self) -> None: ...

    def wait_for_bytes(self) -> None: ...

    def pending(self) -> int:
        return 0

    def untaken(self) -> int:
        return 0

    def read_into(self, buffer: memoryview) -> int:
        self.taken.set()
        assert self.go_on.wait(10)
        data = self._left.pop(0)
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes, timeout: float) -> int:
        del timeout
        return len(data)

    def wake(self) -> None: ...

    def close(self) -> None: ...


def test_draining_waits_for_bytes_that_the_pump_has_in_its_hands(tmp_path: Path) -> None:
    line = Held()
    pump = Pump(line, tmp_path / "console.log", limit_bytes=1000)
    assert line.taken.wait(10)
    assert not pump.drain(0.05)
    line.go_on.set()
    assert pump.drain(10)
    assert pump.total == len(b"panic")
    pump.close()
    pump.forget()
