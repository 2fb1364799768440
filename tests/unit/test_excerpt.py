"""An excerpt shows head, fault and tail of a log of any size, and survives any bytes."""

import re
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.report.excerpt import AROUND, HEAD, TAIL, Reading, excerpt
from pytest_karatos.text import printable

READING = Reading(bad=("panicked",), patterns=(re.compile(r"^@(?P<tick>\d+) "),))


def log(folder: Path, data: bytes) -> Path:
    path = folder / "console.log"
    path.write_bytes(data)
    return path


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
    shown = excerpt(log(tmp_path, b"\n".join(lines) + b"\n"), READING)
    numbers = [one["number"] for one in shown]
    fault = range(50_000 - AROUND, 50_000 + AROUND)
    assert numbers == [*range(1, HEAD + 1), *fault, *range(100_001 - TAIL, 100_001)]
    assert [one["text"] for one in shown if one["mark"]] == ["it panicked here"]


def test_a_line_of_megabytes_is_cut(tmp_path: Path) -> None:
    shown = excerpt(log(tmp_path, b"x" * 3_000_000), READING)
    assert sum(len(one["text"]) for one in shown) < 1_000


def test_seconds_come_from_the_offset(tmp_path: Path) -> None:
    reading = Reading(seconds_at=lambda offset: offset / 10)
    assert [one["seconds"] for one in excerpt(log(tmp_path, b"ab\ncd\n"), reading)] == [0.0, 0.3]


def test_no_log_and_an_empty_log_have_no_lines(tmp_path: Path) -> None:
    assert excerpt(tmp_path / "none", READING) == excerpt(log(tmp_path, b""), READING) == []


@given(st.binary(max_size=2_000))
def test_any_bytes_become_printable_lines(data: bytes) -> None:

    with tempfile.TemporaryDirectory() as folder:
        shown = excerpt(log(Path(folder), data), READING)
    assert all(one["text"] == printable(one["text"]) for one in shown)
    assert [one["number"] for one in shown] == sorted(one["number"] for one in shown)
