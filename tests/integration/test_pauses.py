"""A verdict on text is the same wherever the line pauses: another process says it, byte by byte."""

from pathlib import Path

import pytest

from tests.unit.console.guest import Guest, guests

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
