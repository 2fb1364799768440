"""The scheduler's assertions over a real console; each is shown failing with its sentence."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_karatos.dialect import Dialect, Rule
from pytest_karatos.errors import Forbidden, MachineEnded, Misbehaved, NotSeen, Stuck, WrongSchedule
from pytest_karatos.scheduler import Scheduler
from tests.unit.console.guest import Guest as ConsoleGuest
from tests.unit.test_dialect import DIALECTS, KARATOS_TEXT

TASKS = ("critical", "high", "normal", "low")
SPAWNS = "".join(
    f"@0 spawn task={task} id={number} priority={task}\n" for number, task in enumerate(TASKS)
)
BOOT = f"@0 boot rtos=reference version=1 board=virt arch=riscv\n{SPAWNS}@0 start\n"


def rounds(count: int, tasks: tuple[str, ...] = TASKS) -> str:
    return "".join(
        f"@{5 * n} run task={task} n={n}\n" for n in range(1, count + 1) for task in tasks
    )


class Guest(ConsoleGuest):
    """The machine at the other end of a console, with a scheduler that reads it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, silence_seconds=0.5)
        self.console.timeout = 5.0
        self.scheduler = Scheduler(self.console, DIALECTS, timeout=5.0)

    def tells(self, text: str) -> Scheduler:
        self.say(text.encode())
        return self.scheduler


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    made = Guest(tmp_path)
    yield made
    made.console.close()
    made.close_stream()
    made.pump.forget()


def fails(kind: type[Misbehaved], assertion: Callable[[], object]) -> str:
    """Return the sentence; none of them may wait for the 5 s of the timeout."""
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        assertion()
    assert type(caught.value) is kind
    assert time.monotonic() - began < 4
    return str(caught.value)


def test_a_healthy_boot(guest: Guest) -> None:
    messages = "".join(
        f"@{n} send task=producer to=consumer seq={n}\n@{n} recv task=consumer from=producer"
        f" seq={n}\n"
        for n in range(1, 6)
    )
    stats = "".join(f"@50 stats task={task} runs=10 sleeps=10\n" for task in TASKS)
    scheduler = guest.tells(BOOT + rounds(10) + messages + stats + "@50 pass rounds=10\n")
    scheduler.spawned(*TASKS)
    scheduler.ran(*TASKS, times=10)
    scheduler.runs_in_priority_order(rounds=10)
    scheduler.no_starvation()
    scheduler.messages_in_order("producer", "consumer", count=5)
    assert scheduler.statistics()["low"] == {"runs": 10, "sleeps": 10}
    scheduler.passed()
    assert scheduler.dialect == "reference"
    assert scheduler.events[0].kind == "boot"


def test_events_that_expect_has_consumed_are_seen(guest: Guest) -> None:
    guest.tells(BOOT)
    guest.console.expect("start")
    guest.scheduler.spawned("low", timeout=0)
    guest.tells("hello\n")
    guest.console.expect("hello")


def test_events_are_read_as_they_come(guest: Guest) -> None:
    guest.tells(BOOT)
    threading.Timer(0.2, guest.tells, (rounds(1),)).start()
    guest.scheduler.ran("low")


def test_a_task_that_is_not_spawned(guest: Guest) -> None:
    guest.tells(BOOT.replace("@0 spawn task=low id=3 priority=low\n", ""))
    said = fails(WrongSchedule, lambda: guest.scheduler.spawned(*TASKS))
    assert "task 'low' not spawned; spawned: critical, high, normal." in said
    assert "the scheduler started: console line 5: @0 start" in said


def test_a_starved_task(guest: Guest) -> None:
    scheduler = guest.tells(BOOT + rounds(40, TASKS[:3]))
    said = fails(WrongSchedule, lambda: scheduler.ran("low", within_rounds=30))
    assert said.startswith(
        "task 'low' did not run within 31 rounds: ran critical 31, high 30, normal 30."
    )
    assert "console line 97: @155 run task=critical n=31" in said
    said = fails(WrongSchedule, lambda: scheduler.no_starvation(rounds=10))
    assert said.startswith("starved: low never ran in 10 rounds of critical")
    said = fails(WrongSchedule, lambda: scheduler.runs_in_priority_order(rounds=3))
    assert said.startswith("round 1 ran normal twice: task 'low' did not run in between.")


def test_ran_waits_as_long_as_told_however_often_others_run(guest: Guest) -> None:
    guest.tells(BOOT + rounds(40, TASKS[:3]))
    threading.Timer(0.2, guest.tells, ("@9 run task=low n=1\n",)).start()
    guest.scheduler.ran("low", timeout=3)


def test_a_task_that_runs_too_little_before_the_end(guest: Guest) -> None:
    scheduler = guest.tells(BOOT + rounds(2) + "@50 exit status=0\n")
    said = fails(WrongSchedule, lambda: scheduler.ran("high", times=3))
    assert said.startswith(
        "task 'high' ran only 2 of 3 times within 2 rounds: ran critical 2, high"
    )
    assert "the firmware ended: console line 15: @50 exit status=0" in said
    said = fails(WrongSchedule, lambda: scheduler.no_starvation(rounds=5))
    assert said.startswith("only 2 of 5 rounds were run: critical 2, high 2, normal 2, low 2.")


def test_a_wrong_order(guest: Guest) -> None:
    turned = "@10 run task=high n=2\n@10 run task=critical n=2\n"
    scheduler = guest.tells(BOOT + rounds(1) + turned)
    said = fails(WrongSchedule, lambda: scheduler.runs_in_priority_order(rounds=3))
    assert said.startswith("round 2 ran high before critical: critical is the higher priority.")
    assert "console line 11: @10 run task=high n=2" in said


@pytest.mark.parametrize(
    ("received", "sentence"),
    [
        ((1, 2, 3, 5), "message 4 from 'producer' never reached 'consumer': 3 then 5."),
        ((1, 2, 2), "message 2 from 'producer' reached 'consumer' twice."),
        ((2,), "message 1 from 'producer' never reached 'consumer': 2 came first."),
    ],
)
def test_messages_that_get_lost(guest: Guest, received: tuple[int, ...], sentence: str) -> None:
    sent = "".join(f"@1 send task=producer to=consumer seq={n}\n" for n in range(1, 6))
    got = "".join(f"@2 recv task=consumer from=producer seq={n}\n" for n in received)
    scheduler = guest.tells(sent + got)
    said = fails(
        WrongSchedule, lambda: scheduler.messages_in_order("producer", "consumer", count=5)
    )
    assert said.startswith(sentence)
    assert f"recv task=consumer from=producer seq={received[-1]}" in said


def test_the_last_message_gets_lost(guest: Guest) -> None:
    scheduler = guest.tells("@1 send task=a to=b seq=1\n@1 exit status=0\n")
    said = fails(WrongSchedule, lambda: scheduler.messages_in_order("a", "b", count=1))
    assert said.startswith("message 1 from 'a' never reached 'b': none did.")


def test_the_end_before_pass_and_statistics(guest: Guest) -> None:
    scheduler = guest.tells(BOOT + "@50 exit status=3\n")
    said = fails(WrongSchedule, scheduler.passed)
    assert said.startswith("the firmware did not say that it passed.")
    said = fails(WrongSchedule, scheduler.statistics)
    assert "did not report its statistics in full; of: none." in said


def test_a_panic_ends_the_wait(guest: Guest) -> None:
    panic = "@12 panic task=high at=src/a.rs:7 message=boom\n"
    said = fails(Forbidden, lambda: guest.tells(BOOT + panic).ran("low"))
    assert said.startswith("the firmware panicked while the test waited for task 'low' to run.")
    assert "console line 7: @12 panic task=high at=src/a.rs:7 message=boom" in said


def test_a_panic_has_the_same_words_when_the_console_saw_it_first(guest: Guest) -> None:
    guest.tells(BOOT + "@12 panic task=high at=panicked")  # its line is not whole yet
    said = fails(Forbidden, lambda: guest.scheduler.ran("low"))
    assert said.startswith("the firmware panicked while the test waited for task 'low' to run.")


def test_a_fault_text_ends_the_wait_although_text_keeps_coming(guest: Guest) -> None:
    guest.tells(BOOT + "thread panicked\n" + "noise\n" * 1000)
    said = fails(Forbidden, lambda: guest.scheduler.ran("low"))
    assert "the console printed 'thread panicked'" in said


def test_silence_ends_the_wait(guest: Guest) -> None:
    guest.tells(BOOT)
    said = fails(Stuck, lambda: guest.scheduler.ran("low"))
    assert "Waited for task 'low' to run; the firmware has been silent" in said


def test_the_end_of_the_machine_ends_the_wait(guest: Guest) -> None:
    guest.tells(BOOT + "@5 run task=critical n=1")
    guest.close_stream()
    guest.scheduler.ran("critical")  # its line lacks the newline
    said = fails(MachineEnded, lambda: guest.scheduler.ran("low"))
    assert said.startswith("task 'low' did not run within 1 rounds: ran critical 1.")


def test_time_is_over_although_the_console_never_rests(guest: Guest) -> None:
    stop = threading.Event()

    def chatter() -> None:
        number = 0
        while not stop.wait(0.002):
            number += 1
            guest.tells(f"tick {number}\n" * 5)

    talker = threading.Thread(target=chatter)
    guest.tells(BOOT)
    talker.start()
    try:
        said = fails(NotSeen, lambda: guest.scheduler.ran("low", timeout=0.3))
    finally:
        stop.set()
        talker.join()
    assert said.startswith("task 'low' did not run within 0 rounds: ran no task.")


def test_a_console_that_no_dialect_knows(guest: Guest) -> None:
    guest.tells("hello\n")
    guest.close_stream()
    said = fails(MachineEnded, lambda: guest.scheduler.spawned("low"))
    assert "no line of the console is a scheduler's (dialects tried: 'reference', 'karatos', " in (
        said
    )
    assert "fix: describe how the RTOS talks in [[dialects.NAME]] of karatos.toml" in said


def test_karatos_starves_all_but_its_critical_task(guest: Guest) -> None:
    start = KARATOS_TEXT[: KARATOS_TEXT.index("🚨")]
    runs = "".join(
        f"🚨 CRITICAL: System task #\n{n}\n executing\n [Critical task completed]\n 🚨 CRITICAL\n"
        for n in range(1, 60)
    )
    scheduler = guest.tells(start + runs)
    scheduler.spawned("Critical", "Message")
    scheduler.ran("critical", times=20)
    said = fails(WrongSchedule, lambda: scheduler.no_starvation(rounds=20))
    assert said.startswith("starved: message never ran in 20 rounds of critical")
    assert re.search(r"console line \d+: 🚨 CRITICAL: System task # 21", said)


def test_a_firmware_that_says_it_failed_did_not_pass(guest: Guest) -> None:
    rules = (Rule(kind="pass", pattern="^PASS"), Rule(kind="fail", pattern="^FAIL: (?P<case>.*)"))
    scheduler = Scheduler(guest.console, Dialect(name="mine", rules=rules), timeout=5.0)
    guest.say(b"FAIL: queue\nPASS\n")
    with pytest.raises(Forbidden, match="said that it failed while the test waited for") as caught:
        scheduler.passed()
    assert "FAIL: queue" in str(caught.value)


def test_a_failure_that_nobody_waited_for_is_judged_at_the_end(guest: Guest) -> None:
    rules = (Rule(kind="pass", pattern="^PASS"), Rule(kind="fail", pattern="^FAIL: (?P<case>.*)"))
    scheduler = Scheduler(guest.console, Dialect(name="mine", rules=rules), timeout=5.0)
    guest.say(b"PASS\n")
    scheduler.passed()
    guest.say(b"FAIL: teardown\n")
    guest.console.expect("teardown\n")
    with pytest.raises(Forbidden, match="the firmware said that it failed"):
        scheduler.check(ended=True)
