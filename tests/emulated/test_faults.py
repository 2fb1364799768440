"""Every fault image is red, names its cause, and does so long before a timeout."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from pytest_karatos import Bench, Board, Machine
from pytest_karatos.errors import (
    Flooded,
    Forbidden,
    MachineEnded,
    Misbehaved,
    OverBudget,
    Stuck,
    WrongExit,
    WrongSchedule,
)
from pytest_karatos.exit_check import judge
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measurement import Budget
from pytest_karatos.scheduler import Scheduler

#: No cause takes longer to be named than this, on a loaded machine; the waits' limit is 60 s.
SOON_SECONDS = 20.0
LONG_SECONDS = 60.0


@dataclass(frozen=True)
class Fault:
    feature: str
    error: type[Misbehaved]
    cause: str


FAULTS = [
    Fault("panic", Forbidden, "panic task=high"),
    Fault("hardfault", Forbidden, "fault kind="),
    Fault("silent", Stuck, "not one byte|no byte|silent|nothing"),
    Fault("hang", Stuck, "idle|silent|nothing"),
    Fault("repeat", WrongSchedule, "'high'.*did not run"),
    Fault("flood", Flooded, "newline|line"),
    Fault("bootloop", Stuck, "boot"),
    Fault("starve", WrongSchedule, "low"),
    Fault("order", WrongSchedule, "critical"),
    Fault("lostmessage", WrongSchedule, "message"),
    Fault("stackoverflow", Forbidden, "kind=stack-overflow"),
    Fault("garbage", WrongSchedule, "did not say that it passed"),
    Fault("latepanic", Forbidden, "panic task="),
    Fault("badexit", WrongExit, "exit status 3"),
]

SEEN_BY_CONSOLE = [
    Fault("panic", Forbidden, "panic task=high .*', which means a panic,"),
    Fault("hardfault", Forbidden, "fault kind=.*', which means a processor fault,"),
    Fault("silent", Stuck, "no byte"),
    Fault("hang", Stuck, "idle"),
    Fault("repeat", Stuck, "repeat"),
    Fault("flood", Flooded, "newline|line"),
    Fault("bootloop", Stuck, "boot"),
    Fault("garbage", MachineEnded, "ended with exit status 0 without it"),
    Fault("latepanic", Forbidden, "panic task="),
    Fault("badexit", WrongExit, "exit status 3"),
]


@contextmanager
def soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON_SECONDS


def whole_suite(machine: Machine, scheduler: Scheduler) -> None:
    """What tests/firmware asserts, and the judgement of the end, in one go."""
    scheduler.spawned("critical", "high", "normal", "low")
    scheduler.runs_in_priority_order(rounds=3)
    scheduler.messages_in_order("producer", "consumer", count=9)
    scheduler.ran("critical", "high", "normal", "low", times=10)
    scheduler.passed()
    judge(machine)


def plain_wait(machine: Machine) -> None:
    machine.console.expect("pass rounds=")
    judge(machine)


@pytest.mark.parametrize("profile", ["debug", "release"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.feature)
def test_a_fault_is_red_for_its_cause(
    fault: Fault, profile: str, karatos_bench: Bench, board: Board, request: pytest.FixtureRequest
) -> None:
    firmware = karatos_bench.firmware(board, profile, features=(fault.feature,))
    with karatos_bench.boot(firmware, request.node.nodeid) as machine:
        machine.console.timeout = LONG_SECONDS
        scheduler = Scheduler(
            machine.console, karatos_bench.settings.dialects, timeout=LONG_SECONDS
        )
        with soon(), pytest.raises(fault.error, match=f"(?is){fault.cause}"):
            whole_suite(machine, scheduler)


@pytest.mark.parametrize("fault", SEEN_BY_CONSOLE, ids=lambda fault: fault.feature)
def test_a_plain_wait_on_the_console_names_the_cause(
    fault: Fault, karatos_bench: Bench, board: Board, request: pytest.FixtureRequest
) -> None:
    firmware = karatos_bench.firmware(board, features=(fault.feature,))
    with karatos_bench.boot(firmware, request.node.nodeid) as machine:
        with soon(), pytest.raises(fault.error, match=f"(?is){fault.cause}") as caught:
            plain_wait(machine)
        assert str(machine.console.transcript) in str(caught.value)


def test_one_byte_over_budget_is_red(karatos_bench: Bench, board: Board) -> None:
    good, fat = (karatos_bench.firmware(board, features=features) for features in ((), ("fat",)))
    exact = Budget(metric="flash", limit=good.sizes.flash_bytes, arch=board.arch)
    assert Budgets((exact,)).check(good)
    with pytest.raises(OverBudget, match="over its"):
        Budgets((exact,)).check(fat)
    short = Budget(metric="flash", limit=good.sizes.flash_bytes - 1, arch=board.arch)
    with pytest.raises(OverBudget, match="by 1 B"):
        Budgets((short,)).check(good)


def test_the_good_image_is_green(
    karatos_bench: Bench, board: Board, request: pytest.FixtureRequest
) -> None:
    with karatos_bench.boot(karatos_bench.firmware(board), request.node.nodeid) as machine:
        whole_suite(machine, Scheduler(machine.console, karatos_bench.settings.dialects))
        judge(machine, 0)


def test_two_boots_print_the_same_bytes(
    karatos_bench: Bench, board: Board, request: pytest.FixtureRequest
) -> None:
    said = []
    for _ in range(2):
        with karatos_bench.boot(karatos_bench.firmware(board), request.node.nodeid) as machine:
            assert machine.wait(10) == 0
        said.append(machine.console.transcript.read_bytes())
    assert said[0] == said[1] != b""
