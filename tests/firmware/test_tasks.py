"""What a firmware team would write about its scheduler; runs on every board."""

from pytest_karatos import Console, Machine, Scheduler

TASKS = ("critical", "high", "normal", "low")


def test_the_scheduler_keeps_its_promises(scheduler: Scheduler, machine: Machine) -> None:
    """One boot: what holds is watched until the end, to which ``passed`` waits."""
    scheduler.spawned(*TASKS, "ticker", "producer", "consumer")
    scheduler.runs_in_priority_order(rounds=3)
    scheduler.no_priority_inversion()
    scheduler.never_starves(*TASKS, within="5 ticks")
    scheduler.period("critical", every="5 ticks", jitter="0 ticks")
    scheduler.period("ticker", every="10 ticks", jitter="0 ticks")
    scheduler.wakes_after("low")
    scheduler.share("low", at_least=0.1, over="5 rounds")
    scheduler.always(lambda event: event.fields["n"] == str(event.tick), of="timer", times=5)
    scheduler.passed()
    assert machine.wait(timeout=10) == 0


def test_every_message_is_delivered_exactly_once(scheduler: Scheduler) -> None:
    scheduler.delivers("producer", "consumer", count=5)
    scheduler.leads_to("send:producer", "run:consumer", within="4 events", times=5)
    scheduler.eventually("recv:consumer seq=10", within="50 ticks")


def test_statistics_are_true(scheduler: Scheduler) -> None:
    scheduler.statistics_are_consistent()
    statistics = scheduler.statistics()
    assert statistics["critical"]["runs"] == statistics["low"]["runs"] == 10
    assert statistics["consumer"]["runs"] == scheduler.count("recv:consumer")


def test_whoever_wakes_runs_soon(scheduler: Scheduler) -> None:
    """In instructions, exact: told by a second boot like the first."""
    scheduler.latency("wake:critical", "critical", at_most="60_000 instructions")


def test_no_panic(console: Console) -> None:
    console.forbid("panicked", "HardFault")
    console.expect_in_order("timer n=10", "timer n=20", "timer n=30", "pass rounds=10")
