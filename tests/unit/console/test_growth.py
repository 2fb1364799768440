"""A match is what it is in the whole text, wherever a read ended and however long the pauses."""

import re
from pathlib import Path

import pexpect
import pytest

from pytest_karatos.console.growth import Growing
from pytest_karatos.console.search import Wanted
from tests.unit.console.guest import Guest, guests


@pytest.mark.parametrize(
    ("pattern", "text", "more"),
    [
        (r"n=(\d+)", "n=1", "open"),
        (r"n=(\d+)", "n=1\n", "final"),
        ("> ", "x> ", "final"),
        (r"\$ ", "a$ ", "final"),
        ("foo(bar)?", "foob", "open"),
        ("foo(bar)?", "fooz", "final"),
        ("a|ab", "a", "final"),
        ("ab|a", "a", "open"),
        ("(?s)a.*b", "a b\n", "open"),
        ("(?s)a.*?b", "a b\n", "final"),
        ("(?m)a$", "a", "open"),
        ("(?m)a$", "a\nb", "final"),
        (r"\bfoo\b", "foo", "open"),
        (r"\bfoo\b", "foo ", "final"),
        (r"x(?=y)", "xy", "final"),
        (r"x(?!yz)", "xy", "open"),
        (r"x(?!yz)", "xyw", "final"),
        (r"(?<!a)b", "b", "final"),
        (r"(\w)=\1", "a=", "open"),
        (r"(\w)=\1", "a=a", "final"),
        (r"(?i)ERR\d", "err", "open"),
        (r"(?>a+)b", "aa", "open"),
        (r"a++b", "aab", "final"),
        (r"(a)?b(?(1)c|d)", "ab", "open"),
        (r"(?P<one>\d)(?P=one)", "11", "final"),
    ],
)
def test_a_pattern_knows_whether_more_could_change_it(pattern: str, text: str, more: str) -> None:
    found = Growing(re.compile(pattern)).search(text, 0)
    assert found is not None
    assert found[1] is (more == "open")


CASES: dict[str, tuple[list[str], bytes]] = {
    "a number": ([r"n=(\d+)"], b"n=123\nrest\n"),
    "a number at the end": ([r"n=(\d+)"], b"n=123"),
    "an earlier one of the list": ([r"task (\w+) done", "task"], b"task idle done\n"),
    "a longer text of the list": (["foobar", "foo"], b"foobar\n"),
    "one that begins earlier": (["bar", "foo bar", "a foo bar b"], b"a foo bar b\n"),
    "one that never comes": (["start\nend", "start"], b"start\nmiddle\n"),
    "one over two lines": (["start\nend", "start"], b"start\nend\n"),
    "an optional end": (["foo(bar)?"], b"foobar\n"),
    "any text": (["boot.*ok"], b"boot\nfirst ok\nsecond ok\n"),
    "any text between words": (["a.*c", "b"], b"a\nb\nd c\nc\n"),
    "words": ([r"(\w+ )+ok"], b"one two ok three ok\nfour ok\n"),
    "a line end": (["up\n?"], b"up\nand\n"),
    "any text to the end": (["boot.*"], b"boot up\nand on\n"),
    "any text of a list": (["boot.*?end", "up"], b"boot\nis up\nend\n"),
    "a colour behind it": ([r"n=(\d+)"], b"n=1\x1b[31m2\x1b[0m3\r\n"),
    "a prompt": (["> "], b"> "),
}


def verdict(guest: Guest, patterns: list[str]) -> tuple[int, object, object]:
    index = guest.console.expect(patterns)
    return index, guest.console.before, guest.console.after


@pytest.mark.parametrize(("patterns", "data"), CASES.values(), ids=CASES.keys())
def test_pauses_at_every_byte_change_no_verdict(
    tmp_path: Path, patterns: list[str], data: bytes
) -> None:
    verdicts = []
    for seconds in (0, 0.01):
        folder = tmp_path / str(seconds)
        folder.mkdir()
        with guests(folder) as make:
            guest = make()
            guest.drip(data, seconds)
            verdicts.append(verdict(guest, patterns))
    assert verdicts[0] == verdicts[1]


def test_what_may_grow_waits_no_longer_than_it_is_quiet(guest: Guest) -> None:
    guest.say(b"n=12")
    guest.console.expect(r"n=(\d+)")
    assert guest.console.after == "n=12"
    guest.say(b"3\n")
    guest.console.expect("3")


def test_the_time_of_the_wait_ends_what_may_grow(guest: Guest) -> None:
    guest.say(b"n=12")
    assert guest.console.expect([r"n=(\d+)", pexpect.TIMEOUT], timeout=0.05) == 0


def test_what_cannot_grow_is_not_waited_for() -> None:
    wanted = Wanted()
    wanted.add_pattern(0, re.compile(r"\$ |> "))
    hit = wanted.find("hello> ", 0, 0)
    assert hit is not None
    assert not hit.open
