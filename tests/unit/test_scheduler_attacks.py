"""The shortest assertions that were green although the firmware was broken: each is red now."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_karatos.dialect import Dialect, Rule
from pytest_karatos.errors import Forbidden, Misbehaved, TooLittle, WrongSchedule
from pytest_karatos.scheduler import Scheduler
from tests.unit.console.guest import Guest, guests

RULES = (
    Rule(kind="boot", pattern=r"^boot$"),
    Rule(kind="spawn", pattern=r"^\+(?P<task>\w+)(?: (?P<id>\d+))?$"),
    Rule(kind="start", pattern=r"^go$"),
    Rule(kind="send", pattern=r"^(?P<task>\w)>(?P<to>\w) (?P<seq>\d+)$"),
    Rule(kind="recv", pattern=r"^(?P<task>\w)<(?P<from>\w) (?P<seq>\d+)$"),
    Rule(kind="stats", pattern=r"^stats (?P<fields>.*)$"),
    Rule(kind="pass", pattern=r"^pass$"),
    Rule(kind="fail", pattern=r"^fail$"),
    Rule(kind="panic", pattern=r"^dead$"),
    Rule(kind="run", pattern=r"^(?P<task>[a-z])$"),
)
MINE = Dialect(name="mine", rules=RULES)
Ask = Callable[[Scheduler], object]


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    with guests(tmp_path, silence_seconds=0.2) as make:
        yield make()


def said(words: str) -> bytes:
    return words.strip().replace(" ", "\n").replace("_", " ").encode() + b"\n"


def told(guest: Guest, words: str, *dialects: Dialect) -> Scheduler:
    guest.say(said(words))
    return Scheduler(guest.console, dialects or MINE, timeout=2.0)


#: By what is wrong: what the firmware says, and what is asserted of it.
ATTACKS: dict[str, tuple[str, Ask]] = {
    "ran before it booted once more": ("boot +a go a a boot +a go", lambda one: one.ran("a")),
    "ran so often in two boots": (
        "boot +a go a a a boot +a go a a boot +a go a a",
        lambda one: one.ran("a", times=5),
    ),
    "spawned before it booted once more": (
        "boot +a +b go a b boot +a go a",
        lambda one: one.spawned("a", "b"),
    ),
    "a round in each boot": (
        "boot c h boot c h boot c h",
        lambda one: one.runs_in_priority_order(rounds=3, tasks=("c", "h")),
    ),
    "rounds of two boots": (
        "boot +a +b go a b boot +a +b go a b",
        lambda one: one.no_starvation(rounds=2),
    ),
    "passed before it booted once more": ("boot a pass boot a", lambda one: one.passed()),
    "statistics of the boot before": (
        "boot a stats_runs=9 go boot a",
        lambda one: one.statistics(),
    ),
    "messages of two boots": (
        "boot a p>c_1 c<p_1 boot a p>c_2 c<p_2",
        lambda one: one.messages_in_order("p", "c", count=2),
    ),
    "the last message twice": (
        "p>c_1 c<p_1 p>c_2 c<p_2 c<p_2",
        lambda one: one.messages_in_order("p", "c", count=2),
    ),
    "an earlier message once more": (
        "p>c_1 c<p_1 p>c_2 c<p_2 p>c_3 c<p_1",
        lambda one: one.messages_in_order("p", "c", count=2),
    ),
    "the first message lost": (
        "p>c_1 p>c_2 c<p_2 p>c_3 c<p_3",
        lambda one: one.messages_in_order("p", "c", count=2),
    ),
    "order of another pair": (
        "p>x_1 x<p_1 p>x_2 x<p_2",
        lambda one: one.messages_in_order("p", "c", count=2),
    ),
    "a task that only spawns": ("+a +b go a a a a", lambda one: one.ran("a", "b")),
    "only one task was seen": ("+a +b go a a a", lambda one: one.no_starvation(rounds=2)),
    "one task named of two": ("+a +b go a a a a", lambda one: one.no_starvation("a", rounds=2)),
    "the order of others": (
        "h c h c h c",
        lambda one: one.runs_in_priority_order(rounds=2, tasks=("c", "h")),
    ),
    "failed after it passed": ("pass fail", lambda one: one.passed()),
    "crashed after it passed": ("pass dead a", lambda one: one.passed()),
    "a second task of that id": ("+a_0 +b_1 +c_1 go", lambda one: one.spawned("a")),
    "spawned by another name": ("+ab go", lambda one: one.spawned("a")),
}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let silence be noticed soon: what is said was said before, and nothing comes any more."""
    monkeypatch.setattr("pytest_karatos.console.patience._LEAST_SILENCE", 0.1)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("words", "ask"), ATTACKS.values(), ids=list(ATTACKS))
def test_it_is_red(guest: Guest, words: str, ask: Ask) -> None:
    scheduler = told(guest, words)
    with pytest.raises(Misbehaved):
        judged(scheduler, ask)


def judged(scheduler: Scheduler, ask: Ask) -> None:
    """Assert as a test does, at whose end it is checked."""
    ask(scheduler)
    scheduler.check(ended=True)


def test_healthy(guest: Guest) -> None:
    scheduler = told(guest, "boot boot +a +b go a b p>c_1 c<p_1 a b p>c_3 c<p_3 stats_runs=9 pass")
    scheduler.spawned("a", "b")
    scheduler.ran(times=2)
    scheduler.runs_in_priority_order(rounds=2, tasks=("a", "b"))
    scheduler.no_starvation(rounds=2)
    scheduler.messages_in_order("p", "c", count=2)
    assert scheduler.statistics() == {"scheduler": {"runs": 9}}
    scheduler.passed()
    scheduler.check(ended=True)


def test_what_ran_before_a_reset_is_no_answer_to_it(guest: Guest) -> None:
    scheduler = told(guest, "+a go a a pass")
    scheduler.ran("a")
    guest.console.expect("pass\n")
    guest.console.note_reset()
    asks: tuple[Ask, ...] = (
        lambda one: one.ran("a"),
        lambda one: one.spawned("a"),
        lambda one: one.passed(),
    )
    for ask in asks:
        with pytest.raises(Misbehaved):
            ask(scheduler)
    guest.say(said("+a go a pass"))
    scheduler.spawned("a")
    scheduler.ran("a")
    scheduler.passed()
    with pytest.raises(Misbehaved):
        scheduler.ran("a", times=2)


def test_after_a_reboot_the_tasks_run_again(guest: Guest) -> None:
    scheduler = told(guest, "boot +a +b go a b a b a b")
    scheduler.spawned("a", "b")
    scheduler.no_starvation(rounds=2)
    guest.say(said("boot +a +b go a a b a b a b"))
    guest.console.expect("boot(.|\n)*boot(.|\n)*b\na\nb\n")
    scheduler.ran("a", times=4)
    scheduler.no_starvation(rounds=2)
    scheduler.check(ended=True)


def test_events_are_those_that_have_come(guest: Guest) -> None:
    scheduler = told(guest, "+a go a b")
    guest.console.expect("b\n")
    assert [event.kind for event in scheduler.events] == ["spawn", "start", "run", "run"]


def test_events_of_which_no_dialect_knows_any_are_nothing_to_judge(guest: Guest) -> None:
    scheduler = told(guest, "hello world")
    guest.console.expect("world\n")
    assert not [event for event in scheduler.events if event.kind == "panic"]
    with pytest.raises(TooLittle, match="no line of the console is a scheduler's"):
        scheduler.check()


def test_a_run_is_not_counted_again_in_another_dialect(guest: Guest) -> None:
    first = Dialect(name="first", rules=RULES)
    more = Dialect(name="more", rules=(*RULES, Rule(kind="timer", pattern=r"^t\d$")))
    scheduler = told(guest, "a a", first, more)
    scheduler.ran("a", times=2)
    guest.later(0.1, said("t1 t2 a"))
    with pytest.raises(Misbehaved):
        scheduler.ran("a", times=4)


def test_what_held_only_in_a_dialect_that_was_mistaken_is_told(guest: Guest) -> None:
    first = Dialect(name="first", rules=RULES)
    more = Dialect(name="more", rules=(Rule(kind="timer", pattern=r"^(t\d|a)$"), *RULES[:-1]))
    scheduler = told(guest, "+x a", first, more)
    scheduler.ran("a")
    guest.say(said("t1 t2"))
    guest.console.expect("t2\n")
    with pytest.raises(WrongSchedule, match="did not run"):
        scheduler.check(ended=True)


@pytest.mark.parametrize("excuse", ["allows", "waits for it", "expects it"])
def test_a_crash_that_is_meant(guest: Guest, excuse: str) -> None:
    scheduler = told(guest, "+a go a dead")
    if excuse == "allows":
        guest.console.allow("dead")
    elif excuse == "waits for it":
        guest.console.expect("dead")
    scheduler.ran("a")
    if excuse == "expects it":
        with pytest.raises(Forbidden, match="the firmware panicked while") as caught:
            scheduler.ran("b")
        caught.value.settle()
    scheduler.check(ended=True)
