"""What a console gives to a test: matches, typing, text, and the ends of a line."""

import re
from pathlib import Path

import pexpect
import pytest

from pytest_karatos.console.failure import Evidence, UnknownMachine
from pytest_karatos.errors import MachineEnded, NotSeen, Stuck
from tests.unit.console.guest import Guest


def found(guest: Guest) -> str:
    assert isinstance(guest.console.match, re.Match)
    return guest.console.match.group(1)


def test_match_sets_what_pexpect_sets(guest: Guest) -> None:
    guest.say(b"tick=41\ntick=42 ok\nrest")
    assert guest.console.expect(["never", r"tick=(\d+) ok"]) == 1
    assert guest.console.before == "tick=41\n"
    assert guest.console.after == "tick=42 ok"
    assert found(guest) == "42"
    assert guest.console.expect_exact("rest") == 0


def test_first_in_the_stream_wins_not_first_in_the_list(guest: Guest) -> None:
    guest.say(b"foobar\n")
    assert guest.console.expect(["bar", "foo"]) == 1
    assert guest.console.expect_exact(["zzz", "bar"]) == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b"\r"])
def test_line_ends_do_not_matter(guest: Guest, end: bytes) -> None:
    guest.say(b"one" + end + b"two" + end)
    guest.console.expect("one\ntwo\n")
    assert guest.console.transcript.read_bytes() == b"one" + end + b"two" + end


def test_sequences_torn_anywhere_come_out_the_same(guest: Guest) -> None:
    raw = "\x1b[1;31mr\r\r\ned\x1b[0m \x1b]0;title\x1b\\grün\r\n\n".encode()
    for byte in raw:
        guest.say(bytes([byte]))
    guest.console.expect_exact("r\ned grün\n\n")
    assert guest.console.transcript.read_bytes() == raw


def test_garbage_never_fails_to_decode(guest: Guest) -> None:
    raw = bytes(range(256)) * 4 + b"\nafter\n"
    guest.say(raw)
    guest.console.expect("after")
    assert "\\xff" in str(guest.console.before)
    assert guest.console.transcript.read_bytes() == raw


def test_a_match_that_may_grow_is_given_its_rest(guest: Guest) -> None:
    guest.say(b"count=1")
    guest.later(0.005, b"23\n")
    guest.console.expect(r"count=(\d+)")
    assert found(guest) == "123"


def test_order(guest: Guest) -> None:
    guest.say(b"a\nb\nc\n")
    guest.console.expect_in_order("a", "c")
    with pytest.raises(NotSeen, match="number 1 of 1"):
        guest.console.expect_in_order("b", timeout=0.05)


def test_what_came_in_time_counts_although_the_time_is_over(guest: Guest) -> None:
    said = b"noise\n" * 40_000 + b"hello\n"
    guest.say(said)
    assert guest.pump.wait_until(len(said), 10)
    guest.console.expect("hello", timeout=0)
    with pytest.raises(NotSeen):
        guest.console.expect("hello", timeout=0)


def test_not_seen_shows_the_last_lines_and_the_transcript(guest: Guest) -> None:
    guest.say(b"hello\x00\x1b[31m there\nlast line\n")
    with pytest.raises(NotSeen) as caught:
        guest.console.expect("Statistics", timeout=0.1)
    text = str(caught.value)
    assert "Waited for 'Statistics'" in text
    assert "| hello there" in text
    assert "| last line" in text
    assert str(guest.console.transcript) in text


def test_a_guest_that_never_spoke_is_not_said_to_speak(guest: Guest) -> None:
    with pytest.raises(NotSeen) as caught:
        guest.console.expect("never", timeout=0.2)
    first, second = str(caught.value).splitlines()[:2]
    assert re.fullmatch(
        r"Waited for 'never'; it did not come within 0\.2 s; nothing was printed for 0\.\d s\.",
        first,
    )
    assert second == "No byte came on the console."


def test_a_guest_that_spoke_once_is_said_to_have_spoken_then(guest: Guest) -> None:
    guest.say(b"boot\n")
    guest.console.expect("boot")
    with pytest.raises(NotSeen, match=r"within 0\.3 s; the last byte came 0\.\d s ago\."):
        guest.console.expect("never", timeout=0.3)


@pytest.mark.parametrize(
    ("total", "quiet", "aside", "sentence"),
    [
        (0, 0.0, "", "nothing came yet"),
        (0, 1.04, "", "nothing was printed for 1.0 s"),
        (0, 1.04, "raw/console.log", "no text came out of the filter for 1.0 s"),
        (9, 0.0, "", "the firmware was still printing"),
        (9, 0.94, "", "the last byte came 0.9 s ago"),
        (9, 0.94, "raw/console.log", "the last text came 0.9 s ago"),
    ],
)
def test_the_lull_is_said_as_it_was(total: int, quiet: float, aside: str, sentence: str) -> None:
    evidence = Evidence(
        text="",
        transcript=Path("console.log"),
        total_bytes=total,
        life=UnknownMachine(),
        quiet_seconds=quiet,
        aside=aside,
    )
    assert evidence.lull == sentence


def test_end_of_the_line_ends_the_wait(guest: Guest) -> None:
    guest.say(b"bye\n")
    guest.close_stream()
    with pytest.raises(MachineEnded, match=r"Waited for 'more'; its line was closed without it"):
        guest.console.expect("more")
    with pytest.raises(MachineEnded, match="Could not send"):
        guest.console.send("x")


def test_eof_and_timeout_may_be_expected(guest: Guest) -> None:
    guest.say(b"tail")
    assert guest.console.expect(["never", pexpect.TIMEOUT], timeout=0.05) == 1
    assert guest.console.before == "tail"
    guest.close_stream()
    assert guest.console.expect_exact(["never", pexpect.EOF]) == 1
    assert guest.console.before == "tail"
    assert guest.console.after is pexpect.EOF


def test_pexpect_readline_and_read_work(guest: Guest) -> None:
    guest.say(b"one\r\ntwo\r\n")
    assert guest.console.readline() == "one\n"
    guest.close_stream()
    assert guest.console.read() == "two\n"


def test_typing_reaches_the_guest(guest: Guest) -> None:
    assert guest.console.sendline("help") == 5
    assert guest.heard() == b"help\n"


def test_a_guest_that_does_not_read_is_stuck(guest: Guest) -> None:
    guest.console.timeout = 0.1
    with pytest.raises(Stuck, match="took 65536 of 100000 bytes"):
        guest.console.send(b"x" * 100_000)


def test_text_shows_all_and_then_both_ends(guest: Guest) -> None:
    guest.say(b"first\r\n")
    guest.console.expect("first")
    assert guest.console.text == "first\n"
    guest.say(b"".join(b"%079d\n" % number for number in range(70_000)))
    guest.say(b"last\n")
    guest.console.expect("last")
    text = guest.console.text
    assert text.startswith("first\n")
    assert text.endswith("last\n")
    assert "bytes left out" in text
    assert len(text) < 5 * 1024 * 1024
