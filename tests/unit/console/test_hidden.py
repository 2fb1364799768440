"""Control bytes hide no fault, and no verdict depends on where a read ended."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.console.decode import TextDecoder
from pytest_karatos.errors import Forbidden
from pytest_karatos.settings import load
from tests.unit.console.guest import Guest

KNOWN = load(root=Path("/nowhere"), environ={}, typed={}).boards[0].watch.known

HIDING = {
    "a sequence cut off": b"\x1b[3 panicked at main.rs:1\n",
    "a sequence cut off before a letter": b"\x1b[1;3panicked at main.rs:1\n",
    "an escape alone": b"\x1bpanicked at main.rs:1\n",
    "an escape and a bracket": b"\x1b[panicked at main.rs:1\n",
    "a cut sequence that eats stars": b"\x1b[***** USAGE FAULT *****\n",
    "a cut sequence that eats arrows": b"\x1b[3>>> ZEPHYR FATAL ERROR 4: Kernel panic\n",
    "a title that is never ended": b"\x1b]0;shell\nthread panicked at main.rs:1\n",
    "a title that swallows the line": b"\x1b]0;thread panicked at main.rs:1\n",
    "a title": b"\x1b]0;thread panicked at main.rs:1\x07\n",
    "a title ended by ST": b"\x1b]2;thread panicked at main.rs:1\x1b\\\n",
    "a device control string": b"\x1bPthread panicked at main.rs:1\x1b\\\n",
    "an application program command": b"\x1b_thread panicked at main.rs:1\x1b\\\n",
    "a privacy message": b"\x1b^thread panicked at main.rs:1\x1b\\\n",
    "a start of string": b"\x1bXthread panicked at main.rs:1\x1b\\\n",
    "NUL": b"thread pani\0cked at main.rs:1\n",
    "NUL in a sequence": b"\x1b[3\x001mpanicked at main.rs:1\n",
    "a bell": b"thread pani\x07cked at main.rs:1\n",
    "a carriage return": b"thread pani\rcked at main.rs:1\r\n",
    "two carriage returns": b"thread pani\r\rcked at main.rs:1\r\n",
    "a colour": b"thread pani\x1b[31mcked at main.rs:1\n",
    "a cursor": b"thread pani\x1b[2Kcked at main.rs:1\n",
    "a colour of eight bits": b"thread pani\x9b31mcked at main.rs:1\n",
    "a colour of eight bits as UTF-8": b"thread pani\xc2\x9b31mcked at main.rs:1\n",
    "a sequence of eight bits cut off": b"thread pani\x9bcked at main.rs:1\n",
    "a title of eight bits": b"\x9d0;thread panicked at main.rs:1\x9c\n",
    "a control of eight bits": b"thread pani\x85cked at main.rs:1\n",
    "a control of eight bits as UTF-8": b"thread pani\xc2\x85cked at main.rs:1\n",
    "garbage": b"thread pani\xffcked at main.rs:1\n",
    "a torn character": b"thread pani\xe2\x82cked at main.rs:1\n",
    "a character of no width": "thread pani\u200bcked at main.rs:1\n".encode(),
    "a soft hyphen": "thread pani\u00adcked at main.rs:1\n".encode(),
    "a byte order mark": "thread pani\ufeffcked at main.rs:1\n".encode(),
    "a turn of the text": "thread pani\u202ecked at main.rs:1\n".encode(),
    "a letter taken back": b"thread panix\bcked at main.rs:1\n",
}


def judge(guest: Guest) -> None:
    guest.console.expect("ready")
    guest.console.check()


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
@pytest.mark.parametrize("data", HIDING.values(), ids=HIDING.keys())
def test_the_fault_is_found(make: Callable[..., Guest], data: bytes, piece: int) -> None:
    guest = make(known_faults=KNOWN)
    for start in range(0, len(data), piece):
        guest.say(data[start : start + piece])
        guest.console.text  # noqa: B018 - reading takes in what has come
    guest.say(b"ready\n")
    guest.close_stream()
    with pytest.raises(Forbidden):
        judge(guest)


def test_a_fault_is_found_while_a_title_is_still_open(guest: Guest) -> None:
    guest.say(b"\x1b]0;thread panicked at main.rs:1")
    with pytest.raises(Forbidden, match=r"thread panicked at main\.rs:1"):
        guest.console.expect("ready", timeout=1)


def test_who_waits_for_a_coloured_fault_has_been_told(make: Callable[..., Guest]) -> None:
    guest = make(known_faults=KNOWN)
    guest.say(b"\x1b[1;31mthread panicked at main.rs:1\x1b[0m\r\nup\r\n")
    guest.console.expect("panicked at")
    guest.console.expect("up")
    guest.console.check()


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[32mpassed\x1b[0m\r\r\n10%\r20%\r100%\r\n\x1b]0;no fault\x07$ ",
        b"pan\rcake: ready\rmade\r\n",
        b"".join(b"count %d\rtwo\r" % n for n in range(400)),
    ],
)
def test_control_bytes_alone_are_no_fault(make: Callable[..., Guest], data: bytes) -> None:
    guest = make(known_faults=KNOWN)
    for start in range(0, len(data), 3):
        guest.say(data[start : start + 3])
    guest.close_stream()
    guest.console.wait_end()
    guest.console.check()


_AWKWARD = st.sampled_from(
    [
        *(b"\x1b", b"[", b"]", b"0;", b"m", b"\x07", b"\\", b"\r", b"\n", b"\0", b"P", b" "),
        *(b"\xc3", b"\xbc", b"\xed\xa0", b"\xf0\x9f", b"31", b"pan", b"\x1b[31m", b"x" * 255),
    ]
)
_BYTES = st.lists(st.one_of(_AWKWARD, st.binary(max_size=3)), max_size=24).map(b"".join)


@given(data=_BYTES, cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=8))
def test_the_text_is_the_same_wherever_it_is_cut(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    decoder = TextDecoder()
    pieces = [decoder.feed(data[a:b]) for a, b in pairwise(edges)]
    assert "".join([*pieces, decoder.feed(b"", last=True)]) == TextDecoder().feed(data, last=True)
