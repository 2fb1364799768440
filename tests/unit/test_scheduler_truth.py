"""Green only where it was judged: each text would pass a careless scheduler assertion."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_karatos.dialect import Dialect, Rule
from pytest_karatos.errors import Misbehaved, Stuck, TooLittle, WrongSchedule
from pytest_karatos.scheduler import Scheduler
from tests.unit.console.guest import Guest, guests

SHORT = Dialect(
    name="short",
    rules=(
        Rule(kind="spawn", pattern=r"^\+(?P<task>\w+)(?: (?P<id>\d+))?$"),
        Rule(kind="start", pattern=r"^go$"),
        Rule(kind="exit", pattern=r"^end$"),
        Rule(kind="boot", pattern=r"^boot$"),
        Rule(kind="pass", pattern=r"^pass(?: (?P<fields>.*))?$"),
        Rule(kind="stats", pattern=r"^stats(?: (?P<fields>.*))?$"),
        Rule(kind="run", pattern=r"^(?P<task>[a-z])$"),
    ),
)
CHN = ("c", "h", "n")


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    with guests(tmp_path, silence_seconds=0.5) as make:
        yield make()


def told(guest: Guest, words: str) -> Scheduler:
    guest.say(words.strip().replace(" ", "\n").replace("_", " ").encode() + b"\n")
    return Scheduler(guest.console, SHORT, timeout=3.0)


def said(kind: type[Misbehaved], assertion: Callable[[], object]) -> str:
    with pytest.raises(kind) as caught:
        assertion()
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.mark.parametrize("name", ["ran", "no_starvation"])
def test_no_task_is_known(guest: Guest, name: str) -> None:
    scheduler = told(guest, "go a b a b")
    text = said(TooLittle, getattr(scheduler, name))
    assert text.startswith("no task is named, and none was spawned before tasks ran: a 1")
    assert "fix: name the tasks" in text


def test_no_task_ever_runs(guest: Guest) -> None:
    scheduler = told(guest, "boot go")
    guest.close_stream()
    assert "no task is named" in said(TooLittle, scheduler.ran)
    assert "no task is named" in said(TooLittle, scheduler.no_starvation)


@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.spawned(),
        lambda one: one.ran("a", times=0),
        lambda one: one.ran("a", within_rounds=0),
        lambda one: one.ran("a", "a"),
        lambda one: one.no_starvation(rounds=0),
        lambda one: one.runs_in_priority_order(rounds=0),
        lambda one: one.runs_in_priority_order(tasks=("a",)),
        lambda one: one.messages_in_order("a", "b", count=0),
        lambda one: one.passed(),
        lambda one: one.statistics(),
        lambda one: one.no_starvation(rounds=2),
    ],
)
def test_too_little_to_judge(guest: Guest, ask: Callable[[Scheduler], None]) -> None:
    """The last three: passed after 0 rounds, statistics without a figure, nobody to starve it."""
    scheduler = told(guest, "+a go a a a stats pass_rounds=0 end")
    said(TooLittle, lambda: ask(scheduler))


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ("c c c h h h n n n", "round 1 ran c twice: tasks 'h' and 'n' did not run in between."),
        ("c h n n c h", "round 2 ran n before c and h: c and h are the higher priorities."),
        ("c h h n c h n", "round 1 ran h twice: task 'n' did not run in between."),
        ("c h c h c h n", "round 1 ran h twice: task 'n' did not run in between."),
        ("c h n c h c n n", "round 3 ran n before c and h"),
        ("c h n h c n", "round 2 ran h before c: c is the higher priority."),
        ("c n h", "round 1 ran n before h: h is the higher priority."),
    ],
)
def test_no_rounds_in_priority_order(guest: Guest, runs: str, sentence: str) -> None:
    scheduler = told(guest, f"boot {runs}")
    text = said(WrongSchedule, lambda: scheduler.runs_in_priority_order(rounds=3, tasks=CHN))
    assert text.startswith(sentence)


@pytest.mark.parametrize("runs", ["c h n c h n", "c x h n x x c h x n", "c h c n c h n c h"])
def test_rounds_in_priority_order(guest: Guest, runs: str) -> None:
    """Others may run between; a higher task may preempt a lower one."""
    told(guest, f"boot {runs}").runs_in_priority_order(rounds=2, tasks=CHN)


def test_who_starves_late_or_at_the_end_is_named(guest: Guest) -> None:
    fair, unfair = "a b c " * 3, "a " * 4
    scheduler = told(guest, f"+a +b +c go {fair}{unfair}")
    text = said(WrongSchedule, lambda: scheduler.no_starvation(rounds=3))
    assert text.startswith(
        "starved: b, c did not run in 3 rounds of a after console line 12: ran c 1, a 4."
    )


@pytest.mark.parametrize("later", [lambda one: one.ran("a", times=9), lambda one: one.check()])
def test_no_starvation_is_watched_after_it_held(
    guest: Guest, later: Callable[[Scheduler], None]
) -> None:
    scheduler = told(guest, "+a +b go " + "a b " * 3)
    scheduler.no_starvation(rounds=3)
    guest.say(b"a\n" * 6)
    guest.console.expect("(a\n){6}")
    assert "starved: b did not run in 3 rounds" in said(WrongSchedule, lambda: later(scheduler))


def test_the_last_rounds_before_the_end_count(guest: Guest) -> None:
    scheduler = told(guest, "+a +b +c go " + "a b c " * 3 + "a b " * 3 + "end")
    text = said(WrongSchedule, lambda: scheduler.no_starvation(rounds=3))
    assert text.startswith("starved: c did not run in 3 rounds of a")


def test_nobody_starves_who_comes_once_in_as_many_rounds(guest: Guest) -> None:
    told(guest, "+a +b go " + "a a a b " * 4 + "end").no_starvation(rounds=3)


@pytest.mark.parametrize(
    ("spawns", "sentence"),
    [
        ("+a_0 +b_1 +b_2", "task 'b' was spawned twice."),
        ("+a_0 +b_1 +c_1", "tasks 'b' and 'c' were spawned with the same id 1."),
    ],
)
def test_spawned_twice(guest: Guest, spawns: str, sentence: str) -> None:
    scheduler = told(guest, f"{spawns} go")
    assert said(WrongSchedule, lambda: scheduler.spawned("a")).startswith(sentence)


def test_after_a_boot_the_same_tasks_are_spawned_again(guest: Guest) -> None:
    told(guest, "boot +a_0 boot +a_0 +b_1 go +b_1").spawned("a", "b")


def test_the_task_that_was_meant(guest: Guest) -> None:
    scheduler = told(guest, "+worker +reader go a a end")
    for assertion in (
        lambda: scheduler.spawned("wroker"),
        lambda: scheduler.ran("wroker"),
        lambda: scheduler.no_starvation("wroker", rounds=1),
    ):
        assert "Did you mean 'worker'?" in said(WrongSchedule, assertion)


def test_repetition_that_is_counted_is_progress(guest: Guest) -> None:
    scheduler = told(guest, "a b " * 400)
    threading.Timer(0.2, guest.say, (b"a\nb\n" * 400,)).start()
    scheduler.ran("a", times=700)


@pytest.mark.parametrize(
    "ask",
    [lambda one: one.ran("a", "b", times=700), lambda one: one.no_starvation("a", "b", rounds=700)],
)
def test_counted_repetition_is_progress_from_the_first_line_on(
    guest: Guest, ask: Callable[[Scheduler], None]
) -> None:
    scheduler = told(guest, "a b sent got " * 400)
    threading.Timer(0.2, guest.say, (b"a\nb\nsent\ngot\n" * 400,)).start()
    ask(scheduler)


def test_a_restart_loop_is_no_progress(guest: Guest) -> None:
    scheduler = told(guest, "boot +a go a " * 400)
    text = said(Stuck, lambda: scheduler.ran("a", times=2))
    assert "the firmware restarts in a loop" in text or "repeated the same 4 lines" in text


def test_repetition_that_is_not_counted_is_stuck(guest: Guest) -> None:
    scheduler = told(guest, "go " + "a b " * 400)
    text = said(Stuck, lambda: scheduler.ran("z"))
    assert "repeated the same 2 lines 200 times" in text
    assert "task 'z' did not run" in text


def test_who_asked_for_a_time_gets_it(guest: Guest) -> None:
    scheduler = told(guest, "a b " * 400)
    threading.Timer(0.2, guest.say, (b"a\nb\n" * 400 + b"z\n",)).start()
    scheduler.ran("z", timeout=2)


def test_the_seconds_are_those_of_the_assertion(guest: Guest) -> None:
    scheduler = told(guest, "a b")
    for seconds in (0.1, 0.2, 0.3):
        guest.later(seconds, b"a\n")
    found = re.search(r"after (\d\.\d\d) s", said(Stuck, lambda: scheduler.ran("z")))
    assert found
    assert float(found[1]) >= 0.3 + 0.5


def test_the_lines_around_the_one_that_broke_it_are_shown(guest: Guest) -> None:
    scheduler = told(guest, "boot c h n c n " + "later " * 3000)
    text = said(WrongSchedule, lambda: scheduler.runs_in_priority_order(rounds=2, tasks=CHN))
    assert "the console around line 6:\n| boot\n| c\n| h\n| n\n| c\n> n\n| later\n" in text
    assert text.count("later") == 4
    assert f"transcript: {guest.console.transcript}" in text
