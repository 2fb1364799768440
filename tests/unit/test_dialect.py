"""Dialects: data that turns console text into events, in pieces of any size."""

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_karatos
from pytest_karatos.dialect import CASE_KINDS, KINDS, Dialect, Event, Rule
from pytest_karatos.errors import BadSetting
from pytest_karatos.scheduler import Parser, detect
from pytest_karatos.settings.resolve import dialects_of

RESOURCES = Path(pytest_karatos.__file__).parent / "resources"
DIALECTS = dialects_of(tomllib.loads((RESOURCES / "dialects.toml").read_text()))
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
REFERENCE, KARATOS = BY_NAME["reference"], BY_NAME["karatos"]

#: One line after the other as kernel/src/main.rs prints them, number padding included.
KARATOS_TEXT = """\
=== karatOS Enhanced Multi-Priority Scheduler Test ===
Features: Priority preemption, message-passing optimization,

✅ Spawned Critical System Task ID: 
0000000000
✅ Spawned Message Processor Task ID: 
100000000 

=== Starting Multi-Priority Preemptive Scheduler ===
🚨 CRITICAL: System task #
12000000  
 executing
 [Critical task completed]
 🚨 CRITICAL
📨 EVENT: Message #
1230000   
 handled
⏱️  TIMER: Periodic #
100000000 
 tick

📊 === Scheduler Statistics ===
Cycle: 
1000000   
 | Active Tasks: 
0000000000
 | Events: 
2000000000
 | Timer: 
1000000   

"""  # noqa: W291 - karatOS prints these blanks


def events_of(dialect: Dialect, text: str) -> list[Event]:
    parser = Parser(dialect)
    return [*parser.feed(text), *parser.finish()]


@pytest.mark.parametrize(
    ("line", "kind", "task", "tick", "fields"),
    [
        ("@0 boot rtos=reference version=1", "boot", "", 0, {"rtos": "reference", "version": "1"}),
        ("@0 spawn task=low id=3 priority=low", "spawn", "low", 0, {"id": "3", "priority": "low"}),
        ("@0 start", "start", "", 0, {}),
        ("@5 run task=critical n=1", "run", "critical", 5, {"n": "1"}),
        ("@5 sleep task=high until=10", "sleep", "high", 5, {"until": "10"}),
        ("@6 wake task=high", "wake", "high", 6, {}),
        (
            "@7 send task=producer to=consumer seq=1",
            "send",
            "producer",
            7,
            {"to": "consumer", "seq": "1"},
        ),
        (
            "@7 recv task=consumer from=producer seq=1",
            "recv",
            "consumer",
            7,
            {"from": "producer", "seq": "1"},
        ),
        ("@10 timer n=10", "timer", "", 10, {"n": "10"}),
        ("@50 stats task=low runs=10 sleeps=9", "stats", "low", 50, {"runs": "10", "sleeps": "9"}),
        ("@50 pass rounds=10", "pass", "", 50, {"rounds": "10"}),
        ("@50 exit status=0", "exit", "", 50, {"status": "0"}),
        (
            "@12 panic task=high at=src/a.rs:7 message=a=1 is bad",
            "panic",
            "high",
            12,
            {"at": "src/a.rs:7", "message": "a=1 is bad"},
        ),
        (
            "@12 fault kind=hardfault pc=0x1c2",
            "fault",
            "",
            12,
            {"kind": "hardfault", "pc": "0x1c2"},
        ),
    ],
)
def test_every_line_of_the_reference_protocol(
    line: str, kind: str, task: str, tick: int, fields: dict[str, str]
) -> None:
    (event,) = events_of(REFERENCE, line + "\n")
    assert (event.kind, event.task, event.tick, event.fields) == (kind, task, tick, fields)
    assert (event.line, event.number) == (line, 1)


def test_karatos_talks_over_many_lines() -> None:
    found = events_of(KARATOS, KARATOS_TEXT)
    assert [(one.kind, one.task) for one in found] == [
        ("boot", ""),
        ("spawn", "critical"),
        ("spawn", "message"),
        ("start", ""),
        ("run", "critical"),
        ("run", "message"),
        ("run", "timer"),
        ("stats", ""),
    ]
    assert [one.fields["n"] for one in found if one.kind == "run"] == ["12", "123", "1"]
    assert found[-1].fields == {
        "cycle": "100",
        "active_tasks": "0",
        "events": "2000000000",
        "timer": "100",
    }
    assert [one.number for one in found][:5] == [1, 4, 6, 9, 10]


@pytest.mark.parametrize("value", [1, 9, 10, 20, 99, 100, 999, 1000, 9999, 10000, 99999, 123456])
def test_karatos_numbers_are_read_through_their_padding(value: int) -> None:
    digits = str(value)
    front = digits + "0" * (10 - 2 * len(digits))
    printed = front + " " * (10 - len(front))
    (event,) = events_of(KARATOS, f"⚡ HIGH: Real-time task #\n{printed}\n")
    assert event.fields["n"] == digits


@pytest.mark.parametrize("size", [1, 3, 50])
def test_pieces_of_any_size_give_the_same_events(size: int) -> None:
    parser, found = Parser(KARATOS), []
    for start in range(0, len(KARATOS_TEXT), size):
        found += parser.feed(KARATOS_TEXT[start : start + size])
    assert [*found, *parser.finish()] == events_of(KARATOS, KARATOS_TEXT)


def test_a_message_that_is_cut_off_is_no_event() -> None:
    assert events_of(KARATOS, "🚨 CRITICAL: System task #\n") == []
    half = "🚨 CRITICAL: System task #\n⚡ HIGH: Real-time task #\n100000000 \n"
    assert [one.task for one in events_of(KARATOS, half)] == ["high"]


def test_the_dialect_is_recognised() -> None:
    assert detect(KARATOS_TEXT, DIALECTS) is KARATOS
    assert detect("@0 start\n", DIALECTS) is REFERENCE
    assert detect("hello\n", DIALECTS) is None


def test_a_pattern_that_is_none() -> None:
    dialect = Dialect(name="mine", rules=(Rule(kind="run", pattern="RUN (?P<task>"),))
    with pytest.raises(BadSetting, match=r"dialect 'mine': the pattern of rule 1 \(run\) is not a"):
        Parser(dialect)


NOISE = st.one_of(
    st.text(max_size=200),
    st.sampled_from([*KARATOS_TEXT.splitlines(keepends=True), "@1 run ", "task=a ", "@", "\n"]),
)


@given(st.lists(NOISE, max_size=20))
def test_any_text_is_read_without_a_crash(pieces: list[str]) -> None:
    for dialect in DIALECTS:
        parser = Parser(dialect)
        for piece in pieces:
            parser.feed(piece)
        parser.finish()


@pytest.mark.parametrize("line", ["@1 run ", "a=" * 8, "=== Scheduler Statistics ===", "0 " * 9])
def test_endless_text_takes_bounded_time_and_memory(line: str) -> None:
    began = time.monotonic()
    for dialect in DIALECTS:
        parser = Parser(dialect)
        for _ in range(50):
            parser.feed(line * 1000)
        assert sum(map(len, parser._open)) < 20_000
        parser.feed("\n" + (line + "\n") * 5000)
        parser.finish()
    assert time.monotonic() - began < 20


def test_names_are_mapped_and_kept_otherwise() -> None:
    rules = (Rule(kind="send", pattern=r"^(?P<task>\w+) -> (?P<to>\w+)$"),)
    dialect = Dialect(name="mine", rules=rules, names={"t1": "producer", "t2": "consumer"})
    found = events_of(dialect, "T1 -> T2\nT3 -> T4\n")
    assert [(one.task, one.fields["to"]) for one in found] == [
        ("producer", "consumer"),
        ("t3", "T4"),
    ]


def test_every_packaged_rule_has_a_kind_that_is_known() -> None:
    kinds = {rule.kind for dialect in DIALECTS for rule in dialect.rules}
    assert kinds <= KINDS.keys() | CASE_KINDS.keys()
