"""The packaged dialects: what each system prints, as its sources write it, and what that means."""

# ruff: noqa: E501, RUF001 - lines are as systems print them

import pytest

from pytest_karatos.dialect import Event
from pytest_karatos.scheduler import Parser, detect
from tests.unit.test_dialect import BY_NAME, DIALECTS, events_of

FREERTOS = """\
[0] TASK_CREATE rx prio=3
[0] traceTASK_CREATE(tx, 2)
[1] MOVED_TASK_TO_READY_STATE rx
[1] TASK_SWITCHED_IN rx
[2] BLOCKING_ON_QUEUE_RECEIVE rx
[2] traceTASK_SWITCHED_IN(tx)
[3] QUEUE_SEND tx to=rx seq=1
[3] QUEUE_RECEIVE rx from=tx seq=1
[4] TASK_DELAY_UNTIL tx
Message received from task
Message received from software timer
main            R\t1\t2996\t2
Tmr Svc         B\t6\t3460\t5
IDLE            \t4091951\t\t48%
esp_timer       \t35\t\t<1%
ASSERT! Line 71, file main.c
"""
ZEPHYR = """\
*** Booting Zephyr OS build v3.7.0 ***
threadA: Hello World from cpu 0 on qemu_cortex_m3!
thread_b: Hello World from cpu 0 on qemu_cortex_m3!
sys_trace_thread_switched_in_user: 0x20000180
Thread analyze:
 thread_a            : STACK: unused 648 usage 376 / 1024 (36 %); CPU: 98 %
[00:00:30.725,463] <inf> thread_analyzer:  idle                : STACK: unused 204 usage 116 / 320 (36 %); CPU: 0 %
*0x20000a10 shell_uart
\toptions: 0x0, priority: 14 timeout: 0
\tstate: queued, entry: 0x1e55
[00:00:00.010,000] <err> os: >>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0
"""
RIOT = """\
main(): This is RIOT! (Version: 2024.04-devel-586-g48a8e6)
Created thread idle. PID: 1. Priority: 15.
Created thread main. PID: 2. Priority: 7.
sched_set_status: adding thread 2 to runqueue 7.
sched_run: active thread: 1, next thread: 2
sched_set_status: removing thread 2 from runqueue 7.
sched_run: active thread: 2, next thread: 1
\tpid | name                 | state    Q | pri | stack  ( used) | base addr  | current
\t  1 | idle                 | pending  Q |  15 |    256 (  136) | 0x20000150 | 0x200001cc
\t  2 | main                 | bl mutex _ |   7 |   1536 (  512) | 0x20000250 | 0x200005cc
*** RIOT kernel panic:
"""
NUTTX = """\
NuttShell (NSH) NuttX-12.4.0
Start hello, TCB@0x20001230, state=2
Resume hello, TCB@0x20001230, state=4
[    0.120000] CPU0: Suspend hello, TCB@0x20001230, state=5
  hello-7   [0]   7.640000000: sched_switch: prev_comm=hello prev_pid=7 prev_state=S ==> next_comm=Idle_Task next_pid=0
  Idle_Task-0   [0]   7.650000000: sched_waking: comm=hello pid=7 target_cpu=0
  PID GROUP PRI POLICY   TYPE    NPX STATE    EVENT     SIGMASK            STACK    USED FILLED COMMAND
    0     0   0 FIFO     Kthread   - Ready              0000000000000000 0008176 0000928  11.3%  Idle_Task
    1     0 192 RR       Kthread   - Waiting  Semaphore 0000000000000000 0008112 0000992  12.2%  hpwork 0x40834568
    4     4 100 RR       Task      - Running            0000000000000000 0008128 /system/bin/init
dump_assert_info: Assertion failed panic: at file: main.c:71 task: hello
"""
LINMO = """\
Linmo kernel is starting...
Heap initialized, 130005992 bytes available
task 1: entry=0x80000fa4 stack=0x80007a24 size=4096 prio_level=4 time_slice=5
task 2: entry=0x80000fe0 stack=0x80008b40 size=4096 prio_level=1 time_slice=5
Scheduler mode: Preemptive
[task 2 100000 - sys uptime: 0.012s]
[task 1 200000]
task 1 enters...
*** STACK CORRUPTION: task 2 base=0x80008b40 size=4096
*** KERNEL PANIC (2) – stack corruption
"""
TEXTS = {"freertos": FREERTOS, "zephyr": ZEPHYR, "riot": RIOT, "nuttx": NUTTX, "linmo": LINMO}
KINDS = {
    "freertos": "spawn spawn wake run sleep run send recv sleep send send stats stats stats stats panic",
    "zephyr": "boot run run run stats stats stats panic",
    "riot": "boot spawn spawn wake run sleep run stats stats panic",
    "nuttx": "boot spawn run sleep run wake stats stats stats panic",
    "linmo": "boot spawn spawn start run run run fault panic",
}
TASKS = {
    "freertos": "rx tx rx rx rx tx tx rx tx task software_timer main tmr_svc idle esp_timer",
    "zephyr": "threada thread_b 0x20000180 thread_a idle shell_uart",
    "riot": "idle main main main main idle idle main",
    "nuttx": "hello hello hello idle_task hello idle_task hpwork /system/bin/init",
    "linmo": "1 2 2 1 1 2",
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_system_prints(name: str) -> None:
    found = events_of(BY_NAME[name], TEXTS[name])
    assert [one.kind for one in found] == KINDS[name].split()
    tasks = [one.task.replace(" ", "_") for one in found if one.task]
    assert tasks == TASKS[name].split()


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_recognised_among_all(name: str) -> None:
    assert detect(TEXTS[name], DIALECTS) is BY_NAME[name]
    assert events_of(BY_NAME[name], TEXTS[name].replace("\n", "\r\n"))


def last_of(name: str, kind: str, task: str) -> Event:
    found = events_of(BY_NAME[name], TEXTS[name])
    return [one for one in found if (one.kind, one.task) == (kind, task)][-1]


@pytest.mark.parametrize(
    ("name", "higher", "lower"),
    [("freertos", "rx", "tx"), ("riot", "main", "idle"), ("linmo", "2", "1")],
)
def test_who_goes_first(name: str, higher: str, lower: str) -> None:
    ranks = [last_of(name, "run", task).rank for task in (higher, lower) if task]
    assert None not in ranks
    assert sorted(ranks, reverse=True) == ranks  # type: ignore[type-var]


def test_figures_of_tables() -> None:
    assert last_of("freertos", "stats", "tmr svc").fields == {
        "state": "B", "priority": "6", "stack": "3460", "id": "5",
    }  # fmt: skip
    assert last_of("freertos", "stats", "idle").fields == {"runtime": "4091951", "percent": "48"}
    assert last_of("zephyr", "stats", "thread_a").fields["cpu"] == "98"
    assert last_of("zephyr", "stats", "shell_uart").priority == "14"
    assert last_of("riot", "stats", "main").fields["used"] == "512"
    assert last_of("nuttx", "stats", "hpwork").priority == "192"
    assert last_of("freertos", "run", "tx").tick == 2
    assert last_of("freertos", "recv", "rx").fields == {"from": "tx", "seq": "1"}


def test_a_number_is_the_task_that_was_created_with_it() -> None:
    text = RIOT.replace("main. PID: 2", "main. PID: 3")
    tasks = [one.task for one in events_of(BY_NAME["riot"], text) if one.kind == "run"]
    assert tasks == ["2", "idle"]


def test_hostile_lines_are_read_in_bounded_time() -> None:
    for dialect in DIALECTS:
        parser = Parser(dialect)
        for piece in (
            "a " * 2000,
            "- " * 2000,
            "[" * 4000,
            "\t 1 | " * 600,
            "x" + " " * 4000 + "R",
        ):
            parser.feed(f"{piece}\n")
            parser.feed(f"0x1 {piece}\n")
