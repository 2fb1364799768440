"""What a firmware team would write about its scheduler; runs on every board."""

from pytest_karatos import Console, Machine, Scheduler


def test_tasks_are_spawned(scheduler: Scheduler) -> None:
    scheduler.spawned("critical", "high", "normal", "low")


def test_tasks_run_in_priority_order(scheduler: Scheduler) -> None:
    scheduler.runs_in_priority_order(rounds=3)


def test_nobody_starves(scheduler: Scheduler) -> None:
    scheduler.ran("critical", "high", "normal", "low", times=10)


def test_every_message_arrives_in_order(scheduler: Scheduler) -> None:
    scheduler.messages_in_order("producer", "consumer", count=5)


def test_statistics_add_up(scheduler: Scheduler) -> None:
    statistics = scheduler.statistics()
    assert statistics["critical"]["runs"] == statistics["low"]["runs"] == 10


def test_the_timer_drives_the_periodic_task(console: Console) -> None:
    console.expect_in_order("timer n=10", "timer n=20", "timer n=30")


def test_no_panic(console: Console) -> None:
    console.forbid("panicked", "HardFault")
    console.expect("pass rounds=10")


def test_the_demo_ends_by_itself(machine: Machine) -> None:
    assert machine.wait(timeout=10) == 0
