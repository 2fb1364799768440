"""What a wait watches for besides its text: faults, silence, loops and floods."""

import threading
import time
from collections.abc import Callable

import pytest

from pytest_karatos.errors import Flooded, Forbidden, NotSeen, Stuck
from tests.unit.console.guest import Guest


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


@pytest.mark.parametrize(
    "pattern", ["(?s)boot.*pass", r"boot\n.*\npass", r"(?s)boot.*\bat\b.*pass", "(?s)boot(.+?)pass"]
)
def test_a_match_that_spans_a_fault_does_not_name_it(guest: Guest, pattern: str) -> None:
    guest.say(b"boot\npanicked at src/main.rs:7\npass\n")
    with pytest.raises(Forbidden, match=r"'panicked at src/main\.rs:7', which means a fault"):
        guest.console.expect(pattern)


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


def test_who_was_told_of_one_forbidden_text_has_not_heard_of_the_other(guest: Guest) -> None:
    guest.console.forbid("error: old", "error: new")
    guest.say(b"error: old\nerror: new\n")
    for text in ("error: old", "error: new"):
        with pytest.raises(Forbidden, match=f"the forbidden text '{text}'"):
            guest.console.expect("never")
    guest.say(b"fine\n")
    guest.console.expect("fine")


def test_a_fault_torn_between_two_reads_is_seen(guest: Guest) -> None:
    guest.say(b"pani")
    guest.console.expect("pan")
    guest.say(b"cked\n")
    guest.console.expect("i")
    with pytest.raises(Forbidden):
        guest.console.expect("never", timeout=1)


def test_silence(make: Callable[..., Guest]) -> None:
    guest = make(silence_seconds=0.2)
    guest.say(b"boot\n")
    with pytest.raises(Stuck, match=r"silent for 1\."):  # a second of the host at least
        guest.console.expect("more")


def test_a_timeout_that_the_test_names_wins_over_silence(make: Callable[..., Guest]) -> None:
    guest = make(silence_seconds=0.2)
    guest.later(1.1, b"computed\n")
    guest.console.expect("computed", timeout=20)


def test_no_byte_at_all(make: Callable[..., Guest]) -> None:
    guest = make(silence_seconds=0.1)
    with pytest.raises(Stuck, match="No byte came on the console"):
        guest.console.expect("more")


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
    with pytest.raises(Stuck, match="restarts in a loop: 'RTOS' came again 2 times"):
        guest.console.expect("never")


def test_one_restart_too_many_is_said_as_people_say_it(make: Callable[..., Guest]) -> None:
    guest = make(restarts=0, boot_text="RTOS")
    guest.say(b"RTOS\nRTOS\n")
    with pytest.raises(Stuck, match="'RTOS' came again once"):
        guest.console.expect("never")


def test_flood_in_total_keeps_draining(make: Callable[..., Guest]) -> None:
    guest = make(total_bytes=100_000)
    guest.say(b"".join(b"line %d\n" % number for number in range(100_000)))
    with pytest.raises(Flooded, match="more than 100000 bytes"):
        guest.console.expect("never", timeout=10)
    assert guest.console.transcript.stat().st_size == 100_000


def test_a_line_that_comes_in_pieces_is_as_long_as_all_of_them(make: Callable[..., Guest]) -> None:
    guest = make(line_bytes=1000)
    for number in range(3):
        guest.say(b"%d" % number + b"x" * 400)
        guest.console.expect(f"{number}x{{400}}")
    with pytest.raises(Flooded, match="a line of more than 1000 characters"):
        guest.console.check()


def test_resets_that_are_expected_are_no_loop(make: Callable[..., Guest]) -> None:
    guest = make(restarts=0, expect_resets=1)
    resets = guest.console._streams.resets

    def resets_in(*seconds: float) -> None:
        for one in seconds:
            threading.Timer(one, lambda: resets.happened(time.monotonic())).start()

    resets_in(0.1)
    guest.later(0.7, b"pass\n")
    guest.console.expect("pass", timeout=20)
    resets_in(0.1, 0.2)
    with pytest.raises(Stuck, match="restarts in a loop: it reset itself 3 times"):
        guest.console.expect("never", timeout=20)


def test_a_prompt_that_was_typed_at_is_no_answer(make: Callable[..., Guest]) -> None:
    guest = make(ready="> ", silence_seconds=0.3)
    guest.say(b"shell\n> ")
    guest.console.sendline("reboot")
    with pytest.raises((Stuck, NotSeen), match=r"^Waited for '> '; "):
        guest.console.expect_exact("> ")


@pytest.mark.parametrize("limit", [1000, 70_000])
def test_flood_without_newline(make: Callable[..., Guest], limit: int) -> None:
    guest = make(line_bytes=limit)
    guest.say(b"ok\n" + b"abcdefg" * 20_000)
    with pytest.raises(Flooded, match=f"a line of more than {limit} characters"):
        guest.console.expect("never", timeout=10)
