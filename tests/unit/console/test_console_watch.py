"""What a wait watches for besides its text: faults, silence, loops and floods."""

import time
from collections.abc import Callable

import pytest

from pytest_karatos.errors import Flooded, Forbidden, Stuck
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
