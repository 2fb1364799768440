"""What systems print when they crash is a fault; what only sounds like it is not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_karatos.console.faults import FaultSearch
from pytest_karatos.errors import Forbidden
from pytest_karatos.settings import load
from tests.unit.console.crashes import CRASHES, HARMLESS, rows
from tests.unit.console.guest import Guest

KNOWN = load(root=Path("/nowhere"), environ={}, typed={}).boards[0].watch.known
SEARCH = FaultSearch(KNOWN)
_SYSTEMS = 8


def table(text: str) -> list[object]:
    return [pytest.param(line, id=f"{system}-{line[:40]}") for system, line in rows(text)]


@pytest.mark.parametrize("line", table(CRASHES))
def test_a_crash_is_a_fault(line: str) -> None:
    text = f"fine\n{line}\nmore\n"
    (found,) = SEARCH.find(text, 0)
    assert text[found.line :].startswith(line)


@pytest.mark.parametrize("line", table(HARMLESS))
def test_what_sounds_like_a_crash_is_not(line: str) -> None:
    found = SEARCH.find(f"fine\n{line}\nmore\n", 0)
    assert not [(fault.rule.system, fault.rule.pattern) for fault in found]


@pytest.mark.parametrize("line", table(CRASHES + HARMLESS))
def test_a_verdict_on_a_line_stands_when_more_of_it_comes(line: str) -> None:
    whole = bool(SEARCH.find(f"{line}\n", 0))
    verdicts = [bool(SEARCH.find(line[:end], 0)) for end in range(len(line) + 1)]
    assert sorted(verdicts) == verdicts
    assert whole or not any(verdicts)


def test_the_tables_are_large_enough() -> None:
    for text in (CRASHES, HARMLESS):
        systems = [system for system, _ in rows(text)]
        assert len(systems) >= 40
        assert len(set(systems)) >= _SYSTEMS


def test_each_word_is_in_lower_case() -> None:
    assert not [rule.word for rule in KNOWN if rule.word != rule.word.lower() or not rule.word]


def test_a_failure_names_the_system(make: Callable[..., Guest]) -> None:
    guest = make(known_faults=KNOWN)
    guest.say(b"E: >>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0\n")
    with pytest.raises(Forbidden, match="CPU 0', which means a Zephyr fatal error"):
        guest.console.expect("ready")


def test_a_users_texts_add_to_the_known_ones(make: Callable[..., Guest]) -> None:
    guest = make(faults=("Oops",), known_faults=KNOWN)
    guest.say(b"Oops\nup\nHardFault: gave up\nup\n")
    with pytest.raises(Forbidden, match="Oops"):
        guest.console.expect("up")
    guest.console.expect("up")


def test_the_known_ones_can_be_left_out(make: Callable[..., Guest]) -> None:
    guest = make(faults=("Oops",), known_faults=KNOWN, faults_packaged=False)
    guest.say(b"HardFault: gave up\nup\nOops\n")
    guest.console.expect("up")
    with pytest.raises(Forbidden, match="Oops"):
        guest.console.check()


def test_a_text_of_the_line_excuses_it(make: Callable[..., Guest]) -> None:
    guest = make(known_faults=KNOWN)
    guest.console.allow("divide by zero")
    guest.say(b"HardFault: divide by zero\nup\n")
    guest.console.expect("up")
    guest.console.check()
    guest.say(b"HardFault: divide by one\nup\n")
    with pytest.raises(Forbidden, match="by one"):
        guest.console.expect("up")


def test_the_text_that_excuses_may_come_later_than_the_fault(make: Callable[..., Guest]) -> None:
    guest = make(known_faults=KNOWN)
    guest.console.allow("on purpose")
    guest.later(0.1, b"on purpose', main.rs:1\nup\n")
    guest.say(b"panicked at '")
    guest.console.expect("up")
    guest.console.check()


def test_who_waits_for_a_part_of_the_fault_has_been_told(make: Callable[..., Guest]) -> None:
    guest = make(known_faults=KNOWN)
    guest.say(b"up_assert: Assertion failed at file:a.c line: 3 task: x\n")
    guest.console.expect(r"failed at file:(\S+)")
    guest.console.check()


def test_many_excused_faults_do_not_crowd_out_the_next(make: Callable[..., Guest]) -> None:
    guest = make(known_faults=KNOWN)
    guest.console.allow("on purpose")
    guest.say(b"".join(b"HardFault: on purpose, number %d\n" % n for n in range(600)) + b"up\n")
    guest.console.expect("up")
    guest.say(b"HardFault: by accident\n")
    with pytest.raises(Forbidden, match="by accident"):
        guest.console.expect("more")
