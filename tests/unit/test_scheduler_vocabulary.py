"""Each assertion of the vocabulary: green, and red in plain words for what would pass it unread."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_karatos.dialect import Event
from pytest_karatos.errors import BadSetting, Misbehaved, TooLittle, UnknownName, WrongSchedule
from pytest_karatos.scheduler import Scheduler
from pytest_karatos.scheduler.bounds import bound
from tests.unit.console.guest import Guest, guests
from tests.unit.test_dialect import REFERENCE

Ask = Callable[[Scheduler], object]
SPAWNS = "+ critical high normal low"


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    with guests(tmp_path, silence_seconds=0.5) as make:
        yield make()


def lines(told: str) -> str:
    """Write events of the reference protocol: ``5 R low`` or, at the same tick, ``R low``."""
    tick, said = "0", []
    for words in filter(None, map(str.strip, told.split(";"))):
        first, *rest = words.split()
        if first.isdigit():
            tick, (first, *rest) = first, rest
        said += _WRITE[first](tick, rest)
    return "".join(f"{line}\n" for line in said)


def spawned(tick: str, tasks: list[str]) -> list[str]:
    return [f"@{tick} spawn task={one} id={at} priority={one}" for at, one in enumerate(tasks)]


_WRITE: dict[str, Callable[[str, list[str]], list[str]]] = {
    "+": spawned,
    "go": lambda tick, _: [f"@{tick} start"],
    "boot": lambda tick, _: [f"@{tick} boot rtos=reference"],
    "R": lambda tick, tasks: [f"@{tick} run task={one} n=1" for one in tasks],
    "W": lambda tick, tasks: [f"@{tick} wake task={one}" for one in tasks],
    "S": lambda tick, told: [f"@{tick} sleep task={told[0]} until={told[1]}"],
    "T": lambda tick, _: [f"@{tick} timer n={tick}"],
    ">": lambda tick, seqs: [f"@{tick} send task=p to=c seq={one}" for one in seqs],
    "<": lambda tick, seqs: [f"@{tick} recv task=c from=p seq={one}" for one in seqs],
    "#": lambda tick, told: [f"@{tick} stats {' '.join(told)}"],
    "end": lambda tick, _: [f"@{tick} exit status=0"],
}
HEALTHY = (
    f"boot; {SPAWNS}; go; "
    + "".join(
        f"{at} T; W critical high low; R critical; S critical {at + 5}; R high; S high {at + 5}; "
        f"R low; W critical; R critical; S critical {at + 5}; S low {at + 5}; > {at}; < {at}; "
        for at in range(5, 55, 5)
    )
    + "55 # task=critical runs=20; # task=high runs=10 sleeps=10; # task=normal runs=0; "
    "# task=low runs=10; # runs=3; end"
)
#: By what is asserted: what must be green of that firmware.
GREEN: dict[str, Ask] = {
    "never starves, rounds": lambda one: one.never_starves(
        "critical", "high", "low", within="3 rounds"
    ),
    "never starves, ticks": lambda one: one.never_starves("high", "low", within="5 ticks"),
    "never starves, events": lambda one: one.never_starves("high", within="15 events"),
    "share": lambda one: one.share("critical", at_least=0.5, at_most=0.5, over="8 rounds"),
    "period": lambda one: one.period("high", every="5 ticks", jitter="0 ticks", times=9),
    "preempts": lambda one: one.preempts("critical", "low", times=10),
    "no inversion": lambda one: one.no_priority_inversion(),
    "delivers": lambda one: one.delivers("p", "c", count=10),
    "wakes after until": lambda one: one.wakes_after("high"),
    "wakes after": lambda one: one.wakes_after("high", "5 ticks", late="0 ticks", times=9),
    "statistics": lambda one: one.statistics_are_consistent(),
    "latency": lambda one: one.latency("wake:critical", "critical", at_most="3 events", times=20),
    "always": lambda one: one.always(lambda event: event.round <= 20, of="run", times=40),
    "eventually": lambda one: one.eventually("stats:low", within="200 events"),
    "leads to": lambda one: one.leads_to("run:low", "sleep:low", within="1 round", times=10),
}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with guests(tmp_path_factory.mktemp("healthy")) as make:
        guest = make()
        guest.say(lines(HEALTHY).encode())
        guest.close_stream()
        yield Scheduler(guest.console, REFERENCE, timeout=5.0)


@pytest.mark.parametrize("ask", GREEN.values(), ids=list(GREEN))
def test_green(healthy: Scheduler, ask: Ask) -> None:
    ask(healthy)
    healthy.check(ended=True)


def test_events_are_waited_for_chosen_and_counted(healthy: Scheduler) -> None:
    assert healthy.wait_for("start").kind == "start"
    third = healthy.wait_for("run:low", times=3)
    assert (third.tick, third.priority, third.round) == (15, "low", 5)
    assert healthy.count("run", "low") == healthy.count("run:low") == 10
    assert [one.tick for one in healthy.select("send:p seq=20")] == [20]
    assert healthy.count(lambda event: event.tick == 55) == 6
    assert healthy.latency("wake:critical", "critical", at_most="9 events") == 3


#: By what is wrong: what the firmware says, what is asserted, and how the sentence begins.
RED: dict[str, tuple[str, Ask, str]] = {
    "starves late, by ticks": (
        f"{SPAWNS}; go; R high low; 3 R high low; 4 R high; 20 R high",
        lambda one: one.never_starves("high", "low", within="5 ticks"),
        "starved: high, low ",
    ),
    "never runs, by events": (
        "go; R high high high high high high high",
        lambda one: one.never_starves("low", within="4 events"),
        "starved: low never ran in 5 events",
    ),
    "never runs, in rounds": (
        f"{SPAWNS}; go; " + "R critical; " * 40,
        lambda one: one.never_starves(within="33 rounds"),
        "starved: high, normal, low never ran in 33 rounds of critical",
    ),
    "a share that is too small later": (
        "go; R a b a b a b a b; R a a a a a a a b",
        lambda one: one.share("b", at_least=0.4, over="4 rounds"),
        "'b' has 0.0% of runs over 4 rounds, less than 40.0%",
    ),
    "a share of ticks, not of runs": (
        "go; R a; 9 R b; 10 R a; 19 R b; 20 R a",
        lambda one: one.share("b", at_least=0.4, over="20 ticks", of="ticks"),
        "'b' has 10.0% of ticks",
    ),
    "a period that drifts": (
        "go; 10 R a; 21 R a; 32 R a; 43 R a; 54 R a; 65 R a",
        lambda one: one.period("a", every="10 ticks", jitter="1 tick", times=5),
        "'a' does not keep its period of 10 ticks",
    ),
    "a period with a run left out": (
        "go; 10 R a; 20 R a; 40 R a; 50 R a",
        lambda one: one.period("a", every="10 ticks", jitter="4 ticks"),
        "'a' does not keep its period",
    ),
    "a period that breaks later": (
        "go; 10 R a; 20 R a; 30 R a; 40 R a; 47 R a",
        lambda one: one.period("a", every="10 ticks", jitter="1 tick"),
        "'a' does not keep its period",
    ),
    "ran one after the other, not within": (
        f"{SPAWNS}; go; R low; S low 5; R critical; S critical 5; R low; S low 9; R critical; end",
        lambda one: one.preempts("critical", "low"),
        "'critical' preempted 'low' 0 times of 1, in 2 runs of 'low'.",
    ),
    "blocked without a word, not preempted": (
        f"{SPAWNS}; go; R low; R critical; S critical 5; W low; S low 9; R critical; end",
        lambda one: one.preempts("critical", "low"),
        "'critical' preempted 'low' 0 times of 1",
    ),
    "preempted by a lower one": (
        f"{SPAWNS}; go; R critical; R low; S critical 9",
        lambda one: one.preempts("low", "critical"),
        "'low' has no higher priority than 'critical'",
    ),
    "ready, and let wait": (
        f"{SPAWNS}; go; R low; W critical; S low 9; R critical; end",
        lambda one: one.preempts("critical", "low"),
        "'critical' was ready and 'low' ran on",
    ),
    "an inversion": (
        f"{SPAWNS}; go; W critical high low; R low; R critical; R high",
        lambda one: one.no_priority_inversion(times=1),
        "priority inversion: 'low' ran while tasks 'critical' and 'high' were ready.",
    ),
    "an inversion later": (
        f"{SPAWNS}; go; W critical low; R critical low; W high low; 9 R low; R high",
        lambda one: one.no_priority_inversion(times=1, within="2 ticks"),
        "priority inversion: 'low' ran while task 'high' was ready for more than 2 ticks.",
    ),
    "a message that is lost later": (
        "go; > 1 2 3; < 1 2 3; > 4 5; < 5",
        lambda one: one.delivers("p", "c"),
        "message 4 from 'p' never reached 'c': 5 came before it.",
    ),
    "the last message lost": (
        "go; > 1 2 3; < 1 2 3; > 4; end",
        lambda one: one.delivers("p", "c"),
        "message 4 from 'p' never reached 'c', and the firmware ended.",
    ),
    "a message lost for ever": (
        "go; > 1 2 3; < 1 2 3; > 4; T; T; T; T",
        lambda one: one.delivers("p", "c", within="3 events"),
        "message 4 from 'p' never reached 'c' in 4 events.",
    ),
    "a message twice": (
        "go; > 1 2 3; < 1 2 3 3",
        lambda one: one.delivers("p", "c"),
        "message 3 from 'p' reached 'c' twice.",
    ),
    "a message from nowhere": (
        "go; > 1 2 3; < 1 2 7",
        lambda one: one.delivers("p", "c", exactly_once=False),
        "message 7 reached 'c' and 'p' never sent it.",
    ),
    "wakes too early": (
        "go; S a 10; 9 W a; S a 20; 20 W a",
        lambda one: one.wakes_after("a", times=1),
        "'a' woke after 9 ticks: too early, it sleeps 10 ticks.",
    ),
    "wakes too late": (
        "go; S a 10; 10 W a; S a 20; 22 W a",
        lambda one: one.wakes_after("a", times=1),
        "'a' woke after 12 ticks: too late, it sleeps 10 ticks and may be 1 tick late.",
    ),
    "does not wake": (
        "go; S a 10; 10 W a; S a 20; 30 T",
        lambda one: one.wakes_after("a", "10 ticks", times=1),
        "'a' has not woken for 20 ticks",
    ),
    "statistics of the second block": (
        "go; R a; # task=a runs=1; T; R a; # task=a runs=9; T",
        lambda one: one.statistics_are_consistent(),
        "the statistics say runs=9 of 'a', and 2 'run' of it were printed by then.",
    ),
    "a counter that goes back": (
        "go; # task=a switches=4; T; # task=a switches=3; T",
        lambda one: one.statistics_are_consistent(),
        "the statistics' switches of 'a' went back from 4 to 3.",
    ),
    "a task left out": (
        "+ a b; go; R a b; # task=a runs=1; T",
        lambda one: one.statistics_are_consistent(),
        "the statistics leave out 'b'.",
    ),
    "a latency later": (
        "go; T; R a; T; R a; T; R b b b; R a",
        lambda one: one.latency("timer", "a", at_most="2 events", times=2),
        "'timer' was not followed by 'run:a' in 3 events",
    ),
    "not always": (
        "go; R a b a c",
        lambda one: one.always(lambda event: event.task != "c", of="run", times=2),
        "what the test's function looks for does not always hold of 'run': not of this one (3",
    ),
    "too late": (
        "go; T; T; T; R a",
        lambda one: one.eventually("run:a", within="3 events"),
        "'run:a' came only after 4 events: it must within 3 events.",
    ),
    "never": (
        "go; R b; T; T; T",
        lambda one: one.eventually("run:a", within="3 events"),
        "'run:a' did not come by then",
    ),
    "not followed before the end": (
        "go; > 1; < 1; > 2; end",
        lambda one: one.leads_to("send:p", "recv:c", within="9 events"),
        "'send:p' was not followed by 'recv:c' before the firmware ended",
    ),
    "a misspelt task": (
        f"{SPAWNS}; go; R critical high; 9 R critical high; end",
        lambda one: one.period("hihg", every="9 ticks", jitter="1 tick"),
        "'hihg' ran 0 times, and 3 periods take 4 runs. Did you mean 'high'?",
    ),
}


@pytest.mark.parametrize(("told", "ask", "sentence"), RED.values(), ids=list(RED))
def test_red(guest: Guest, told: str, ask: Ask, sentence: str) -> None:
    guest.say(lines(told).encode())
    guest.close_stream()
    scheduler = Scheduler(guest.console, REFERENCE, timeout=2.0)
    with pytest.raises(Misbehaved) as caught:
        asked(scheduler, ask)
    assert str(caught.value).startswith(sentence)
    if isinstance(caught.value, WrongSchedule):
        assert "the schedule around it" in str(caught.value)
        assert "console line " in str(caught.value)


def asked(scheduler: Scheduler, ask: Ask) -> None:
    """Assert as a test does, at whose end it is checked."""
    ask(scheduler)
    scheduler.check(ended=True)


#: What must not pass for want of anything to judge.
LITTLE: dict[str, tuple[str, Ask]] = {
    "one task alone": ("+ a; go; R a a a a a", lambda one: one.never_starves(within="3 rounds")),
    "a share of all": ("go; R a", lambda one: one.share("a")),
    "a jitter of half": ("go; R a", lambda one: one.period("a", every="4 ticks", jitter="2 ticks")),
    "units that do not meet": (
        "go; R a",
        lambda one: one.period("a", every="4 ticks", jitter="2 ms"),
    ),
    "one run": ("go; R a; end", lambda one: one.period("a", every="4 ticks", jitter="1 tick")),
    "no end of a run": ("go; R a b a b; end", lambda one: one.preempts("a", "b")),
    "no priorities": ("go; W a b; R a b; end", lambda one: one.no_priority_inversion()),
    "no wake": (f"{SPAWNS}; go; R critical low; end", lambda one: one.no_priority_inversion()),
    "no choice": (
        f"{SPAWNS}; go; W critical; R critical; W low; R low; end",
        lambda one: one.no_priority_inversion(),
    ),
    "no messages": ("go; R a; end", lambda one: one.delivers("p", "c")),
    "no count": ("go; > 1; < 1", lambda one: one.delivers("p", "c", count=0)),
    "no sleep": ("go; R a; end", lambda one: one.wakes_after("a")),
    "no statistics": ("go; R a; end", lambda one: one.statistics_are_consistent()),
    "no figure": ("go; # task=a why=none; T", lambda one: one.statistics_are_consistent()),
    "no trigger": ("go; R a; end", lambda one: one.latency("timer", "a", at_most="1 event")),
    "too few": ("go; R a; end", lambda one: one.always(lambda _: True, of="run")),
    "nothing within": ("go; R a", lambda one: one.eventually("run", within="0 events")),
    "no times": ("go; R a", lambda one: one.wait_for("run", times=0)),
}


@pytest.mark.parametrize(("told", "ask"), LITTLE.values(), ids=list(LITTLE))
def test_too_little_to_judge(guest: Guest, told: str, ask: Ask) -> None:
    guest.say(lines(told).encode())
    guest.close_stream()
    with pytest.raises(TooLittle):
        asked(Scheduler(guest.console, REFERENCE, timeout=2.0), ask)


def test_a_line_without_a_tick_has_no_distance_in_ticks() -> None:
    one, other = (Event(kind="run", line="run a", index=at) for at in range(2))
    with pytest.raises(TooLittle, match="this line carries none: run a"):
        bound("3 ticks").between(one, other)


@pytest.mark.parametrize("text", ["", "5", "ms", "5 lightyears", "-1 ms", "1e9 ms", "5 evnts", "ﬁ"])
def test_what_is_not_a_bound(text: str, healthy: Scheduler) -> None:
    with pytest.raises(BadSetting, match="is not a bound"):
        healthy.never_starves("a", within=text)


@pytest.mark.parametrize("what", ["rum", "rum:low", "run:"])
def test_what_means_no_event(what: str, healthy: Scheduler) -> None:
    with pytest.raises((UnknownName, BadSetting)):
        healthy.wait_for(what)


def test_the_timeline_shows_lanes_by_priority(guest: Guest) -> None:
    guest.say(lines(f"{SPAWNS}; go; W low critical; R low").encode())
    with pytest.raises(WrongSchedule) as caught:
        Scheduler(guest.console, REFERENCE, timeout=2.0).no_priority_inversion()
    assert (
        "the schedule around it, an event a column (R run, w wake):\n"
        "  critical +.....w.\n"
        "  high     .+......\n"
        "  normal   ..+.....\n"
        "  low      ...+.w.R\n"
        "  (system) ....|...\n"
        "                 ^^ line 8\n"
    ) in str(caught.value)
