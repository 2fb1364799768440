"""A program of the user's between the guest's bytes and the text that a test waits for."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_karatos.errors import FilterFailed, Flooded, MissingTool, NotSeen, Stuck
from tests.unit.console.guest import Guest, guests

#: One byte of the guest is one line of text, as with a table of log messages.
DECODER = """
import os, sys
names = {1: "boot", 2: "tick", 3: "panicked at", 4: "done"}
while data := os.read(0, 100):
    for byte in data:
        if byte == 255:
            sys.exit("no frame starts with 255")
        if byte == 254:
            sys.exit(0)
        if byte != 253:
            print(names.get(byte, hex(byte)), flush=True)
"""

Make = Callable[..., Guest]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    (tmp_path / "decode.py").write_text(DECODER)
    argv = (sys.executable, str(tmp_path / "decode.py"))
    with guests(tmp_path, filter=argv) as make_one:
        yield make_one


def test_expect_sees_the_text_and_the_raw_bytes_stay(make: Make, tmp_path: Path) -> None:
    guest = make()
    guest.say(b"\x01\x02\x80")
    guest.console.expect_in_order("boot", "tick", "0x80")
    guest.say(b"\x04")
    guest.close_stream()
    assert guest.console.wait_for_last_byte(5)
    assert guest.console.text == "boot\ntick\n0x80\ndone\n"
    assert (tmp_path / "raw" / "console.log").read_bytes() == b"\x01\x02\x80\x04"
    assert guest.console.transcript.read_text() == guest.console.text


def test_typing_goes_past_the_filter(make: Make) -> None:
    guest = make()
    guest.say(b"\x01")
    guest.console.expect("boot")
    guest.console.sendline("go")
    assert guest.heard() == b"go\n"


@pytest.mark.parametrize(("byte", "how"), [(b"\xff", "status 1"), (b"\xfe", "status 0")])
def test_a_filter_that_ends_early_is_a_sentence(make: Make, byte: bytes, how: str) -> None:
    guest = make()
    guest.say(b"\x01" + byte)
    began = time.monotonic()
    with pytest.raises(FilterFailed) as caught:
        guest.console.expect("done", timeout=20)
    assert time.monotonic() - began < 5
    said = str(caught.value)
    assert f"decode.py` ended with exit {how} after 2 bytes." in said
    assert ("! no frame starts with 255" in said) == (byte == b"\xff")
    assert "raw/console.log" in said
    with pytest.raises(FilterFailed):
        guest.console.check()


def test_a_filter_that_is_not_there_is_told_before_the_boot(make: Make) -> None:
    with pytest.raises(MissingTool, match="'no-such-decoder' is not on PATH"):
        make(filter=("no-such-decoder",))


def test_bytes_that_make_no_text_are_not_called_silence_of_the_line(make: Make) -> None:
    guest = make(silence_seconds=1.0)
    guest.say(b"\xfd\xfd")
    with pytest.raises(Stuck, match=r"no text came out of the filter for 1") as caught:
        guest.console.expect("boot")
    assert "No text came out of the filter." in str(caught.value)
    assert "raw/console.log (2 bytes)" in str(caught.value)
    assert "silent" not in str(caught.value)
    with pytest.raises(
        NotSeen, match=r"within 0.2 s; no text came out of the filter for \d\.\d s\."
    ):
        guest.console.expect("boot", timeout=0.2)


def test_more_bytes_than_the_limit_are_a_flood_before_the_filter_too(make: Make) -> None:
    guest = make(total_bytes=1000)
    guest.say(b"\xfd" * 3000)
    with pytest.raises(Flooded, match="more than 1000 bytes"):
        guest.console.expect("boot", timeout=20)


def test_a_filter_that_hangs_ends_with_the_console(make: Make) -> None:
    guest = make(filter=(sys.executable, "-c", "import time; time.sleep(1000)"))
    guest.say(b"x" * 200_000)  # more than a pipe holds
    with pytest.raises(NotSeen):
        guest.console.expect("boot", timeout=0.3)
    began = time.monotonic()
    guest.console.close()
    assert time.monotonic() - began < 3


def test_a_closed_console_waits_for_no_more_bytes(make: Make) -> None:
    guest = make()
    guest.say(b"\x01")
    guest.console.expect("boot")
    guest.console.close()
    assert "karatos-filter" not in {thread.name for thread in threading.enumerate()}


def test_nothing_is_typed_before_the_firmware_is_ready(make: Make) -> None:
    guest = make(filter=(), ready="login: ")
    guest.later(0.3, b"boot\nlog")
    guest.later(0.5, b"in: ")
    began = time.monotonic()
    guest.console.sendline("root")
    assert time.monotonic() - began > 0.4
    assert guest.heard() == b"root\n"
    guest.console.sendline("again")
    assert guest.console.text == "boot\nlogin: "


def test_the_prompt_that_was_waited_for_is_no_answer(make: Make) -> None:
    guest = make(filter=(), ready="> ")
    guest.say(b"shell\n> ")
    guest.console.sendline("reboot")
    with pytest.raises(NotSeen):
        guest.console.expect_exact("> ", timeout=0.2)
    guest.say(b"ok\n> ")
    guest.console.expect_exact("> ", timeout=5)


def test_what_is_not_ready_is_told(make: Make) -> None:
    guest = make(filter=(), ready="login: ")
    guest.say(b"boot\n")
    guest.console.timeout = 0.2
    with pytest.raises(
        NotSeen, match=r"'login: ' before typing; it did not come within 0.2 s; the last "
    ):
        guest.console.send("x")


def test_after_a_reset_the_firmware_must_be_ready_anew(make: Make) -> None:
    guest = make(filter=(), ready="> ")
    guest.say(b"a\n> ")
    guest.console.send("x")
    guest.say(b"> ")
    guest.console.expect("> ")
    guest.console.note_reset()
    guest.console.timeout = 0.2
    with pytest.raises(NotSeen):
        guest.console.send("y")
    guest.say(b"a\n> ")
    guest.console.send("y")
