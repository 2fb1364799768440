"""A shell in a real machine: where the answer to a command begins and ends."""

from dataclasses import replace

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting, Forbidden, NotSeen, Stuck
from tests.emulated.booting import RULES, Start, both
from tests.emulated.tiny_guest import ARM, Step

SHELL = replace(RULES, prompt="> ")


def hears(typed: str) -> list[Step]:
    return [("hear",) for _ in f"{typed}\n"]


def shell(typed: str, *answer: bytes, first: bytes = b"boot\r\n> ") -> list[Step]:
    """Make a shell for one command; its answer comes in pieces, with time between them."""
    pieces = [step for one in answer for step in (("say", one), ("delay", 500))]
    return [("say", first), *hears(typed), *pieces]


@both
@pytest.mark.parametrize("end", ["spin", "idle"])
def test_it_is_the_text_between_echo_and_prompt(start: Start, board: Board, end: str) -> None:
    steps = shell("ps", b"ps\r\ninit 1\r\n", b"idle 2\r\n> ")
    with start(board, *steps, (end,), rules=SHELL) as machine:
        assert machine.console.command("ps") == "init 1\nidle 2"
        assert machine.console.before == "ps\ninit 1\nidle 2\n"
        assert machine.console.after == "> "


def test_one_command_after_the_other(start: Start) -> None:
    steps = [*shell("a", b"a\n1\n> "), *hears("b"), ("say", b"b\n2\n> "), *hears("c")]
    with start(ARM, *steps, ("say", b"c\n> "), ("idle",), rules=SHELL) as machine:
        assert [machine.console.command(one) for one in "abc"] == ["1", "2", ""]


def test_a_prompt_in_the_output_does_not_end_it(start: Start) -> None:
    steps = shell("help", b"help\n> ", b"quoted\n> ", b"> \n", b"x> ", b"\n> ")
    with start(ARM, *steps, ("idle",), rules=SHELL) as machine:
        assert machine.console.command("help") == "> quoted\n> > \nx> "


@pytest.mark.parametrize(
    ("answer", "echo", "said"),
    [
        (b"3\n> ", "echo", "3"),
        (b"> ", "echo", ""),
        (b"1+2\n3\n> ", "echo", "3"),
        (b"1+2\n3\n> ", "", "1+2\n3"),
        (b"1\n+2\n\n3\n\n> ", "echo", "3"),
        (b"1+2=3\n> ", "echo", "1+2=3"),
    ],
)
def test_with_an_echo_and_without(start: Start, answer: bytes, echo: str, said: str) -> None:
    rules = replace(SHELL, echo=echo == "echo")
    with start(ARM, *shell("1+2", answer), ("idle",), rules=rules) as machine:
        assert machine.console.command("1+2") == said


@pytest.mark.parametrize("prompt", ["uart:~$ ", r"\w+:[~/]\$ ?", "uart:~$"])
def test_a_prompt_may_be_a_text_or_a_pattern(start: Start, prompt: str) -> None:
    steps = shell("ps", b"ps\nuart:~$ x\n\x1b[32muart:~$ \x1b[m", first=b"uart:~$ ")
    with start(ARM, *steps, ("idle",), rules=replace(RULES, prompt=prompt)) as machine:
        assert machine.console.command("ps") == "uart:~$ x"


def test_one_that_does_not_come_back_shows_what_came(start: Start) -> None:
    steps = shell("ps", b"ps\nworking\n> see above\n")
    with start(ARM, *steps, ("spin",), rules=SHELL) as machine:
        with pytest.raises(NotSeen, match=r"prompt '> ' after 'ps'; it did not come") as caught:
            machine.console.command("ps", timeout=0.3)
        assert "| working" in str(caught.value)
        assert "a log say, hides it" in caught.value.fix


@pytest.mark.parametrize("end", ["idle", "spin"])
def test_one_that_hangs_is_stuck(start: Start, end: str) -> None:
    with (
        start(ARM, *shell("ps", b"ps\n"), (end,), rules=SHELL) as machine,
        pytest.raises(Stuck, match="Waited for the prompt '> ' after 'ps'"),
    ):
        machine.console.command("ps")


def test_one_that_prints_prompts_for_ever_ends_with_the_time(start: Start) -> None:
    steps = [*shell("ps", b"ps\n"), ("say", b"x\n> "), ("again", 4)]
    rules = replace(SHELL, repeats=2**30, total_bytes=2**40)
    with start(ARM, *steps, rules=rules) as machine, pytest.raises(NotSeen, match="still printing"):
        machine.console.command("ps", timeout=0.5)


def test_a_shell_that_never_was_at_a_prompt_is_not_typed_at(start: Start) -> None:
    steps = [("say", b"> welcome\n"), ("hear",), ("say", b"typed at")]
    with (
        start(ARM, *steps, ("idle",), rules=SHELL) as machine,
        pytest.raises(Stuck, match="the prompt '> ' before 'ps' is typed"),
    ):
        machine.console.command("ps")
    assert machine.console.text == "> welcome\n"


def test_the_prompt_of_a_command_before_is_not_that_of_the_next(start: Start) -> None:
    steps = [*shell("a", b""), ("delay", 10_000_000), ("say", b"1\n> "), *hears("b")]
    with start(ARM, *steps, ("say", b"2\n> "), ("idle",), rules=SHELL) as machine:
        machine.console.expect("> ")
        machine.console.sendline("a")
        assert machine.console.command("b") == "2"


def test_a_fault_in_it_is_the_cause(start: Start) -> None:
    steps = shell("crash", b"crash\npanicked at main.rs:7\n> ")
    with (
        start(ARM, *steps, ("idle",), rules=SHELL) as machine,
        pytest.raises(Forbidden, match=r"Waited for the prompt .* after 'crash'; .*panicked"),
    ):
        machine.console.command("crash")


@pytest.mark.parametrize(
    ("prompt", "says"), [("", "nobody says"), ("\n> ", "line end"), (".*", "empty line too")]
)
def test_what_is_no_prompt_is_said(start: Start, prompt: str, says: str) -> None:
    with start(ARM, *shell("ps"), ("idle",)) as machine:
        with pytest.raises(BadSetting, match=says):
            machine.console.command("ps", prompt=prompt)
        with pytest.raises(ValueError, match="more than one line"):
            machine.console.command("ps\nps", prompt="> ")


def test_one_that_reboots_says_what_the_boot_does(start: Start) -> None:
    steps = [*shell("reboot", b"reboot\n"), ("reset once",), ("exit", 3)]
    with start(ARM, *steps, rules=SHELL) as machine:
        assert machine.console.command("reboot") == "boot"
