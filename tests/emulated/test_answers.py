"""A script that plays the device on a second UART: what it answers, and what goes wrong in it."""

import threading

import pytest

from pytest_karatos.console.answers import Reply
from pytest_karatos.errors import MachineEnded, Stuck, Unanswered, UnexpectedReset
from pytest_karatos.exit_check import judge
from tests.emulated.booting import Start
from tests.emulated.tiny_guest import ARM, Step

CLOCKS: Step = ("poke", 0x400F_E104, 0x3)


def asks(question: bytes, answer: bytes) -> list[Step]:
    """Say ``question`` on UART1 and take so many bytes as ``answer`` has."""
    return [("say1", question), *[("hear1",) for _ in answer]]


def test_each_question_gets_its_reply(start: Start) -> None:
    steps = [CLOCKS, *asks(b"AT\r", b"OK\r\n"), *asks(b"\r\nAT+CSQ=7\r\n", b"7 7\n")]
    with start(ARM, *steps, ("say", b"ready\n"), ("idle",)) as machine:
        replies: dict[str, Reply] = {
            "AT": "OK\r\n",
            r"AT\+CSQ=(\d)": lambda match: f"{match[1]} {match[1]}\n",
        }
        with machine.consoles["uart1"].answer(replies) as modem:
            machine.console.expect("ready")
        assert modem.asked == ["AT", "AT+CSQ=7"]


def test_a_question_may_end_otherwise(start: Start) -> None:
    steps = [CLOCKS, *asks(b"T?", b"21"), *asks(b"T?", b"21")]
    with start(ARM, *steps, ("say", b"warm\n"), ("idle",)) as machine:
        with machine.consoles["uart1"].answer({"T": b"21"}, end="?") as sensor:
            machine.console.expect("warm")
        assert sensor.asked == ["T", "T"]


def test_a_question_without_a_reply_ends_the_wait_of_the_test(start: Start) -> None:
    with (
        start(ARM, CLOCKS, *asks(b"AT+BAD\r", b"OK"), ("say", b"x"), ("idle",)) as machine,
        pytest.raises(Unanswered, match=r"uart1 said 'AT\+BAD'") as caught,
        machine.consoles["uart1"].answer({"AT": "OK"}),
    ):
        machine.console.expect("never", timeout=60)
    assert "knows 'AT'" in str(caught.value)


def test_what_a_reply_raises_reaches_the_test_though_it_waits_for_nothing(start: Start) -> None:
    def broken(_: object) -> str:
        raise ZeroDivisionError("in the reply")

    steps = [CLOCKS, ("say1", b"T\n"), ("say", b"seen\n"), ("idle",)]
    with start(ARM, *steps) as machine:
        machine.console.expect("seen")
        with (
            pytest.raises(ZeroDivisionError, match="in the reply"),
            machine.consoles["uart1"].answer({"T": broken}),
        ):
            pass


def test_a_failure_of_the_test_comes_first_and_tells_of_the_script(start: Start) -> None:
    def failing() -> None:
        with machine.consoles["uart1"].answer({"AT": ""}):
            raise AssertionError("the test's own")

    with start(ARM, CLOCKS, ("say1", b"AT+BAD\n"), ("say", b"seen\n"), ("idle",)) as machine:
        machine.console.expect("seen")
        with pytest.raises(AssertionError, match="the test's own") as caught:
            failing()
    assert "and: uart1 said 'AT+BAD'" in caught.value.__notes__[0]


def test_who_is_not_answered_is_stuck_and_the_script_ends_with_the_block(start: Start) -> None:
    with start(ARM, CLOCKS, *asks(b"AT\n", b"OK"), ("idle",)) as machine:
        with pytest.raises(Stuck), machine.consoles["uart1"].answer({".*": ""}) as modem:
            machine.console.expect("ready")
        assert modem.asked == ["AT"]
    assert "karatos-answers" not in [one.name for one in threading.enumerate()]


def test_a_machine_that_ends_under_it_is_no_fault_of_the_script(start: Start) -> None:
    with (
        start(ARM, ("exit", 0)) as machine,
        machine.consoles["uart1"].answer({"AT": "OK"}),
        pytest.raises(MachineEnded),
    ):
        machine.console.expect("never")


def test_a_reply_asks_for_no_reset(start: Start) -> None:
    steps = [CLOCKS, *asks(b"AT\n", b"OK"), ("reset once",), ("say", b"up\n"), ("idle",)]
    with start(ARM, *steps) as machine:
        with machine.consoles["uart1"].answer({"AT": "OK"}) as modem:
            machine.console.expect("up")
        with pytest.raises(UnexpectedReset):
            judge(machine)
    assert modem.asked == ["AT", "AT"]


def test_a_script_without_replies_is_refused(start: Start) -> None:
    with start(ARM, ("idle",)) as machine, pytest.raises(ValueError, match="needs replies"):
        machine.consoles["uart1"].answer({})
