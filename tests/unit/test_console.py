"""The console over a line whose other end is this test."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from pytest_karatos.console import Console, Line, pump_for
from pytest_karatos.errors import Flooded, Forbidden, MachineEnded, NotSeen, Stuck
from pytest_karatos.watch import WatchRules

Feed = Callable[[bytes], None]


class Guest:
    """The other end: opens the line as QEMU does, says bytes, hangs up."""

    def __init__(self, folder: Path, **rules: object) -> None:
        line = Line(folder / "line")
        watch = WatchRules(**{"faults": ("panicked",), **rules})  # type: ignore[arg-type]
        self.pump = pump_for(watch, line, folder / "console.log")
        self.console = Console(self.pump, rules=watch, timeout=2.0)
        self._out = os.open(f"{line.path}.out", os.O_WRONLY)
        self._in = os.open(f"{line.path}.in", os.O_RDONLY | os.O_NONBLOCK)

    def say(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]

    def later(self, seconds: float, data: bytes) -> None:
        threading.Timer(seconds, self.say, (data,)).start()

    def heard(self) -> bytes:
        return os.read(self._in, 4096)

    def hang_up(self) -> None:
        for end in (self._out, self._in):
            if end >= 0:
                os.close(end)
        self._out = self._in = -1


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    guests: list[Guest] = []

    def make_one(**rules: object) -> Guest:
        guests.append(Guest(tmp_path, **rules))
        return guests[-1]

    yield make_one
    for guest in guests:
        guest.console.close()
        guest.hang_up()
        guest.pump.forget()


@pytest.fixture
def guest(make: Callable[..., Guest]) -> Guest:
    return make()


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


def test_not_seen_shows_the_last_lines_and_the_transcript(guest: Guest) -> None:
    guest.say(b"hello\x00\x1b[31m there\nlast line\n")
    with pytest.raises(NotSeen) as caught:
        guest.console.expect("Statistics", timeout=0.1)
    text = str(caught.value)
    assert "Waited for 'Statistics'" in text
    assert "| hello\\x00 there" in text
    assert "| last line" in text
    assert str(guest.console.transcript) in text


def test_a_match_before_the_fault_stands_and_check_reports_the_fault(guest: Guest) -> None:
    guest.say(b"ready\nthread panicked at main.rs:1\n")
    guest.console.expect("ready")
    with pytest.raises(Forbidden, match="panicked"):
        guest.console.check()
    guest.console.check()


def test_a_match_behind_the_fault_does_not_count(guest: Guest) -> None:
    guest.say(b"panicked\nready\n")
    with pytest.raises(Forbidden, match=r"Waited for 'ready'; .*'panicked'.*\n(.*\n)*\| ready"):
        guest.console.expect("ready")


def test_who_waits_for_the_fault_gets_it(guest: Guest) -> None:
    guest.say(b"panicked at x\n")
    guest.console.expect(r"panicked at (\w)")
    guest.console.check()


def test_a_fault_ends_a_wait_at_once(guest: Guest) -> None:
    guest.later(0.05, b"all good\npanicked\n")
    began = time.monotonic()
    with pytest.raises(Forbidden):
        guest.console.expect("Statistics", timeout=10)
    assert time.monotonic() - began < 2


def test_forbid_counts_from_the_last_match_on(guest: Guest) -> None:
    guest.say(b"error: old\nboot\nfine\nerror: new\n")
    guest.console.expect("boot")
    guest.console.forbid("old")
    guest.console.forbid("error: n")
    with pytest.raises(Forbidden, match="error: n"):
        guest.console.expect("never")
    guest.console.allow("error: n")
    guest.console.check()


def test_a_fault_torn_between_two_reads_is_seen(guest: Guest) -> None:
    guest.say(b"pani")
    guest.console.expect("pan")
    guest.say(b"cked\n")
    guest.console.expect("i")
    with pytest.raises(Forbidden):
        guest.console.expect("never", timeout=1)


def test_end_of_the_line_ends_the_wait(guest: Guest) -> None:
    guest.say(b"bye\n")
    guest.hang_up()
    with pytest.raises(MachineEnded, match=r"Waited for 'more'; its line was closed without it"):
        guest.console.expect("more")
    with pytest.raises(MachineEnded, match="Could not send"):
        guest.console.send("x")


def test_eof_and_timeout_may_be_expected(guest: Guest) -> None:
    guest.say(b"tail")
    assert guest.console.expect(["never", pexpect.TIMEOUT], timeout=0.05) == 1
    assert guest.console.before == "tail"
    guest.hang_up()
    assert guest.console.expect_exact(["never", pexpect.EOF]) == 1
    assert guest.console.before == "tail"
    assert guest.console.after is pexpect.EOF


def test_pexpect_readline_and_read_work(guest: Guest) -> None:
    guest.say(b"one\r\ntwo\r\n")
    assert guest.console.readline() == "one\n"
    guest.hang_up()
    assert guest.console.read() == "two\n"


def test_silence(make: Callable[..., Guest]) -> None:
    guest = make(silence_seconds=0.2)
    guest.say(b"boot\n")
    with pytest.raises(Stuck, match=r"silent for 0\.[23]"):
        guest.console.expect("more", timeout=10)


def test_no_byte_at_all(make: Callable[..., Guest]) -> None:
    guest = make(silence_seconds=0.1)
    with pytest.raises(Stuck, match="No byte came on the console"):
        guest.console.expect("more", timeout=10)


def test_repetition_of_a_block(make: Callable[..., Guest]) -> None:
    guest = make(repeats=20)
    guest.say(b"boot\n" + b"a\nb\na\nc\n" * 30)
    with pytest.raises(Stuck, match=r"same 4 lines 20 times"):
        guest.console.expect("more", timeout=10)


def test_progress_is_no_repetition(make: Callable[..., Guest]) -> None:
    guest = make(repeats=5)
    guest.say(b"".join(b"tick %d\nwork\n" % number for number in range(500)) + b"end\n")
    guest.console.expect("end")


def test_boot_loop(make: Callable[..., Guest]) -> None:
    guest = make(restarts=2)
    guest.say(b"RTOS 1.0\nmemory ok\ntask %d\n" * 4)
    with pytest.raises(Stuck, match=r"restarts in a loop: 'RTOS 1.0' came again 3 times"):
        guest.console.expect("more", timeout=10)


def test_a_reset_by_hand_is_no_boot_loop(make: Callable[..., Guest]) -> None:
    guest = make(restarts=0, boot_text="RTOS")
    guest.say(b"RTOS\n")
    guest.console.expect("RTOS")
    guest.console.note_reset()
    guest.say(b"RTOS\nup\n")
    guest.console.expect("up")
    guest.say(b"RTOS\n")
    with pytest.raises(Stuck, match="restarts in a loop"):
        guest.console.expect("never")


def test_flood_in_total_keeps_draining(make: Callable[..., Guest]) -> None:
    guest = make(total_bytes=100_000)
    guest.say(b"".join(b"line %d\n" % number for number in range(100_000)))
    with pytest.raises(Flooded, match="more than 100000 bytes"):
        guest.console.expect("never", timeout=10)
    assert guest.console.transcript.stat().st_size == 100_000


@pytest.mark.parametrize("limit", [1000, 70_000])
def test_flood_without_newline(make: Callable[..., Guest], limit: int) -> None:
    guest = make(line_bytes=limit)
    guest.say(b"ok\n" + b"abcdefg" * 20_000)
    with pytest.raises(Flooded, match=f"a line of more than {limit} bytes"):
        guest.console.expect("never", timeout=10)


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
