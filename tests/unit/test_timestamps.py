"""When bytes came: noted beside the transcript, bounded, and readable whatever is in the file."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_karatos.console import NamedPipes, Pump
from pytest_karatos.console.timestamps import NAME, TimestampRecorder, read


def test_each_byte_has_the_time_of_its_entry(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"[0,0.5]\n[10,0.75]\n")
    stamps = read(tmp_path)
    assert [stamps.seconds_at(offset) for offset in (0, 9, 10, 999)] == [0.5, 0.5, 0.75, 0.75]


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert read(tmp_path).seconds_at(0) is None
    assert read(tmp_path / "gone" / NAME).seconds_at(0) is None


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary())
def test_no_file_is_too_broken(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.times"
    path.write_bytes(data)
    assert len(read(path).offsets) <= len(data)


def test_what_is_no_entry_is_passed_over(tmp_path: Path) -> None:
    wrong = [b'{"a":1}', b"[1]", b"[-4,1.0]", b"[1e999,1]", b"[9,NaN]", b"[" * 9999, b"[2,1.0"]
    path = tmp_path / NAME
    path.write_bytes(b"\n".join([b"[1,0.25]", *wrong, b"[5,1.0]", b"[3,2.0]", b"[7,1.5]"]))
    stamps = read(path)
    assert (list(stamps.offsets), list(stamps.seconds)) == ([1, 5, 7], [0.25, 1.0, 1.5])


def test_within_a_millisecond_bytes_share_an_entry(tmp_path: Path) -> None:
    recorder = TimestampRecorder(tmp_path / NAME)
    recorder.note(0, now=100.0)
    assert recorder.due == pytest.approx(100.001)
    recorder.close()


def test_a_long_boot_has_coarser_times_and_no_longer_file(tmp_path: Path) -> None:
    recorder = TimestampRecorder(tmp_path / NAME, most=8)
    recorder.start(now=0.0)
    for number in range(1000):
        recorder.note(number, now=float(number))
        assert len((tmp_path / NAME).read_bytes().splitlines()) < 8
    recorder.close()
    stamps = read(tmp_path)
    assert stamps.seconds_at(0) == 0.0
    assert stamps.seconds_at(999) == pytest.approx(999, rel=0.5)
    assert recorder._finest > 0.1


def test_times_count_from_the_start(tmp_path: Path) -> None:
    recorder = TimestampRecorder(tmp_path / NAME)
    recorder.start(now=100.0)
    recorder.note(0, now=100.25)
    recorder.close()
    assert read(tmp_path).seconds_at(0) == 0.25


def test_the_pump_notes_when_each_piece_came(tmp_path: Path) -> None:
    line = NamedPipes(tmp_path / "line")
    pump = Pump(line, tmp_path / "console.log", limit_bytes=1000)
    began = time.monotonic()
    pump.start_clock()
    out = os.open(f"{line.path}.out", os.O_WRONLY)
    os.write(out, b"first\n")
    assert pump.wait_until(len(b"first\n"), 5)
    os.write(out, b"second\n")
    os.close(out)
    assert pump.wait_for_end(5)
    pump.close()
    pump.forget()
    stamps = read(tmp_path)
    assert stamps.offsets[0] == 0
    assert 0 <= stamps.seconds[0] <= stamps.seconds[-1] <= time.monotonic() - began
