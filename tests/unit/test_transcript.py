"""A disk that takes no more costs the files, and no waiter a byte."""

import os
from pathlib import Path

import pytest

from pytest_karatos.console import Console, NamedPipes, Pump
from pytest_karatos.console.pump import Transcript
from pytest_karatos.watch_rules import WatchRules


def test_on_a_full_disk_waiters_see_every_byte(tmp_path: Path) -> None:
    for name in ("console.log", "console.times"):
        (tmp_path / name).symlink_to("/dev/full")
    line = NamedPipes(tmp_path / "line")
    pump = Pump(line, tmp_path / "console.log", limit_bytes=10**6)
    console = Console(pump, rules=WatchRules(), timeout=5)
    out = os.open(f"{line.path}.out", os.O_WRONLY)
    os.write(out, b"one\n" * 5000 + b"all done\n")
    os.close(out)
    console.expect("all done")
    console.close()
    pump.forget()
    assert console.text.count("one\n") == 5001
    assert [loss.rpartition("/")[2] for loss in pump.lost] == [
        "console.log: No space left on device",
        "console.times: No space left on device",
    ]


def test_what_the_disk_took_and_what_not_read_as_one(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path / "log", limit_bytes=10)
    assert transcript.append(memoryview(b"abcd")) == 4
    os.close(transcript._file)
    transcript._file = os.open("/dev/full", os.O_RDWR)
    assert transcript.append(memoryview(b"efgh")) == 4
    transcript.forget()
    assert transcript.append(memoryview(b"ijkl")) == 2
    assert transcript.read(0, 3) + transcript.read(3, 9) + transcript.read(4, 99) == b"abcdefghij"
    assert transcript.read(10, 5) == b""
    assert "No space left" in transcript.lost


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_healthy_disk_has_it_all(tmp_path: Path, forgotten: bool) -> None:  # noqa: FBT001
    transcript = Transcript(tmp_path / "log", limit_bytes=5)
    assert transcript.append(memoryview(b"abcdefgh")) == 5
    if forgotten:
        transcript.forget()
    assert (transcript.read(1, 2), transcript.read(1, 99)) == (b"bc", b"bcde")
    transcript.forget()
    assert (tmp_path / "log").read_bytes() == b"abcde"
    assert transcript.lost == ""
