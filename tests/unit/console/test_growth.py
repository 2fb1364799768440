"""A match is what it is in the whole text, wherever a read ended and however long the pauses."""

import re

import pexpect
import pytest

from pytest_karatos.console.growth import Growing
from pytest_karatos.console.search import Wanted
from tests.unit.console.guest import Guest


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
