"""The vocabulary on real firmware, both archs: what is true is green, what is not is red."""

from collections.abc import Callable, Iterator

import pytest

from pytest_karatos import Bench, Board, Machine, Scheduler, compare
from pytest_karatos.errors import Misbehaved, WrongSchedule
from tests.emulated.booting import Start, both
from tests.unit.test_dialect import REFERENCE
from tests.unit.test_scheduler_vocabulary import HEALTHY, lines

Ask = Callable[[Scheduler], object]
TASKS = ("critical", "high", "normal", "low")
#: What is not true of the good image, with words of the sentence.
UNTRUE: list[tuple[Ask, str]] = [
    (
        lambda one: one.share("low", at_least=0.5, over="5 rounds"),
        "'low' has .*% of runs over 5 rounds, less than 50.0%",
    ),
    (
        lambda one: one.period("ticker", every="9 ticks", jitter="0 ticks"),
        "'ticker' does not keep its period of 9 ticks: run 2 came 10 ticks after",
    ),
    (
        lambda one: one.period("critical", every="40 ms", jitter="1 ms"),
        "'critical' does not keep its period of 40 ms: run 2 came [0-9.]+ ms after the one before",
    ),
    (lambda one: one.preempts("critical", "low"), "'critical' preempted 'low' 0 times of 1, in 10"),
    (
        lambda one: one.wakes_after("low", "3 ticks"),
        "'low' .* 5 ticks: too late, it sleeps 3 ticks",
    ),
    (
        lambda one: one.latency("wake:critical", "critical", at_most="500 instructions"),
        "'run:critical' came .* instructions after 'wake:critical'",
    ),
    (
        lambda one: one.never_starves("low", within="2 ms"),
        "starved: low .* ms, and must within 2 ms",
    ),
    (lambda one: one.eventually("run:low", within="2 ticks"), "'run:low' did not come by then"),
    (
        lambda one: one.leads_to("send:producer", "recv:consumer", within="1 event"),
        "'send:producer' was not followed by 'recv:consumer'",
    ),
    (
        lambda one: one.always(lambda event: event.tick != 25, of="timer", times=9),
        "'timer' came . times? of 9: too little",
    ),
    (
        lambda one: one.always(lambda event: event.tick != 30, of="timer", times=4),
        "does not always hold of 'timer'",
    ),
]
#: By the image that is broken: what is asserted of it, with words of the sentence.
BROKEN: dict[str, tuple[Ask, str]] = {
    "starve": (
        lambda one: one.never_starves(*TASKS, within="6 rounds"),
        "starved: low never ran in 6 rounds of ",
    ),
    "order": (
        lambda one: one.no_priority_inversion(),
        "priority inversion: 'low' ran while tasks 'critical', 'high' and 'normal' were ready",
    ),
    "lostmessage": (
        lambda one: one.delivers("producer", "consumer"),
        "message 5 from 'producer' never reached 'consumer'",
    ),
}


@pytest.fixture
def good(karatos_bench: Bench, board: Board, request: pytest.FixtureRequest) -> Iterator[Machine]:
    with karatos_bench.boot(karatos_bench.firmware(board), request.node.nodeid) as machine:
        yield machine


def read(machine: Machine) -> Scheduler:
    return Scheduler(machine.console, REFERENCE, timeout=60.0, machine=machine)


def round_ms(machine: Machine) -> int:
    """Return how long five ticks last by the guest's clock.

    QEMU 7 lets the timer of this ARM board run at half the speed that its registers say.
    """
    is_halved = machine.board.arch == "arm" and " 7." in machine.facts()["emulator"]
    return 100 if is_halved else 50


def to_the_end(scheduler: Scheduler, ask: Ask) -> None:
    ask(scheduler)
    scheduler.passed()
    scheduler.check(ended=True)


def test_what_is_true(good: Machine) -> None:
    scheduler = read(good)
    scheduler.passed()
    every = round_ms(good)
    scheduler.period("critical", every=f"{every} ms", jitter="1 ms", times=5)
    assert scheduler.latency("wake:critical", "critical", at_most="5 ms") < 5e-3
    assert scheduler.latency("wake:critical", "critical", at_most="60_000 instructions") > 100
    scheduler.share("critical", at_most=0.9, over="2 rounds", of="instructions")
    scheduler.never_starves(*TASKS, within=f"{every + 10} ms")
    scheduler.wakes_after("low", f"{every - 2} ms", late="4 ms")
    first = scheduler.wait_for("start")
    log = good.console.transcript.read_bytes()
    assert log[first.offset :].startswith(first.line.encode())
    assert 0 < first.instructions < scheduler.wait_for("run", times=9).instructions
    scheduler.check(ended=True)


def test_what_is_not_true(good: Machine) -> None:
    scheduler = read(good)
    scheduler.passed()
    for ask, words in UNTRUE:
        with pytest.raises(Misbehaved, match=words) as caught:
            ask(scheduler)
        caught.value.settle()


@pytest.mark.parametrize("feature", BROKEN)
def test_a_broken_image_is_red(
    feature: str, karatos_bench: Bench, board: Board, request: pytest.FixtureRequest
) -> None:
    ask, words = BROKEN[feature]
    firmware = karatos_bench.firmware(board, features=(feature,))
    with karatos_bench.boot(firmware, request.node.nodeid) as machine:
        scheduler = read(machine)
        with pytest.raises(WrongSchedule, match=words) as caught:
            to_the_end(scheduler, ask)
        assert "the schedule around it, an event a column" in str(caught.value)


def test_both_archs_have_the_same_schedule(
    karatos_bench: Bench, request: pytest.FixtureRequest
) -> None:
    boards = [one for one in karatos_bench.settings.boards if one.arch in ("arm", "riscv")]
    arm, riscv = (next(one for one in boards if one.arch == arch) for arch in ("arm", "riscv"))
    images = [karatos_bench.firmware(one) for one in (arm, riscv)]
    turned = karatos_bench.firmware(riscv, features=("order",))
    boot = karatos_bench.boot
    name = request.node.nodeid
    with boot(images[0], name) as one, boot(images[1], name) as two, boot(turned, name) as three:
        first, second, other = map(read, (one, two, three))
        for each in (first, second, other):
            each.passed()
        assert compare(first, second) > 150
        with pytest.raises(
            WrongSchedule, match=r"differ at event \d+: 'run critical n=1' in the first"
        ):
            compare(first, other)


@both
def test_a_guest_that_preempts_and_one_that_lies(start: Start, board: Board) -> None:
    lie = HEALTHY.replace("low runs=10", "low runs=11")
    for told, honest in ((HEALTHY, True), (lie, False)):
        said = lines(told).encode()
        with start(
            board, ("say", said[:900]), ("delay", 900), ("say", said[900:]), ("idle",)
        ) as guest:
            scheduler = read(guest)
            scheduler.preempts("critical", "low", times=10)
            if honest:
                scheduler.statistics_are_consistent()
            else:
                with pytest.raises(WrongSchedule, match="say runs=11 of 'low', and 10 'run' of it"):
                    scheduler.statistics_are_consistent()
