"""An excerpt shows head, fault and tail of a log of any size, and survives any bytes."""

import re
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.emulators.stamps import NAME, Stamp, note_stamps, noted_stamps
from pytest_karatos.report.excerpt import AROUND, HEAD, TAIL, Reading, excerpt
from pytest_karatos.text import printable
from pytest_karatos.watch_rules import FaultRule

READING = Reading(bad=("panicked",), patterns=(re.compile(r"^@(?P<tick>\d+) "),))


def log(folder: Path, data: bytes) -> Path:
    path = folder / "console.log"
    path.write_bytes(data)
    return path


def test_lines_that_known_rules_find_are_shown_and_marked(tmp_path: Path) -> None:
    rule = FaultRule(system="x", means="an x", word="oh no", pattern="^Oh no [0-9]")
    path = log(tmp_path, b"Oh no more\n" * 900 + b"\xff Oh\nOh no 7\n" + b"rest\n" * 900)
    shown = excerpt(path, Reading(faults=(rule,)))
    assert [one["text"] for one in shown if one["mark"]] == ["Oh no 7"]


def test_a_short_log_is_shown_whole_with_ticks_and_marks(tmp_path: Path) -> None:
    path = log(tmp_path, b"@1 boot\r\n@2 \x1b[31mpanicked\x1b[0m at x\r\nend")
    assert [(one["number"], one["tick"], one["text"], one["mark"]) for one in
            excerpt(path, READING)] == [
        (1, 1, "@1 boot", False),
        (2, 2, "@2 panicked at x", True),
        (3, None, "end", False),
    ]  # fmt: skip


def test_a_long_log_keeps_head_fault_and_tail(tmp_path: Path) -> None:
    lines = [b"line %d" % number for number in range(1, 100_001)]
    lines[49_999] = b"it panicked here"
    short_repr = excerpt(log(tmp_path, b"\n".join(lines) + b"\n"), READING)
    numbers = [one["number"] for one in short_repr]
    fault = range(50_000 - AROUND, 50_000 + AROUND)
    assert numbers == [*range(1, HEAD + 1), *fault, *range(100_001 - TAIL, 100_001)]
    assert [one["text"] for one in short_repr if one["mark"]] == ["it panicked here"]


def test_a_line_of_megabytes_is_cut(tmp_path: Path) -> None:
    short_repr = excerpt(log(tmp_path, b"x" * 3_000_000), READING)
    assert sum(len(one["text"]) for one in short_repr) < 1_000


def test_seconds_come_from_the_offset(tmp_path: Path) -> None:
    reading = Reading(seconds_at=lambda offset: offset / 10)
    assert [one["seconds"] for one in excerpt(log(tmp_path, b"ab\ncd\n"), reading)] == [0.0, 0.3]


def test_stamps_are_those_of_line_ends(tmp_path: Path) -> None:
    note_stamps(tmp_path, {3: Stamp(instructions=297), 99: Stamp(instructions=4)})
    note_stamps(tmp_path, {3: Stamp(instructions=297, seconds=0.25)})
    with (tmp_path / NAME).open("a") as file:
        file.write('[3, "x"]\n[]\n{"a": 1}\n[3, 297, 1e999]\n')
    reading = Reading(stamps=noted_stamps(tmp_path))
    lines = excerpt(log(tmp_path, b"ab\r\ncd\n"), reading)
    assert [one["instructions"] for one in lines] == [297, None]
    assert [one["guest_seconds"] for one in lines] == [0.25, None]
    assert noted_stamps(tmp_path / "none") == {}


def test_no_log_and_an_empty_log_have_no_lines(tmp_path: Path) -> None:
    assert excerpt(tmp_path / "none", READING) == excerpt(log(tmp_path, b""), READING) == []


@given(st.binary(max_size=2_000))
def test_any_bytes_become_printable_lines(data: bytes) -> None:

    with tempfile.TemporaryDirectory() as folder:
        short_repr = excerpt(log(Path(folder), data), READING)
    assert all(one["text"] == printable(one["text"]) for one in short_repr)
    assert [one["number"] for one in short_repr] == sorted(one["number"] for one in short_repr)
