"""The history: what is kept, by many writers at once, and what is made of it."""

import json
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_karatos.errors import BadSetting
from pytest_karatos.history import FigureRow, History, RunRow, TestRow, as_line, of_line
from pytest_karatos.report.history import as_svg, as_text, row_of, sparkline
from tests.unit.hand_made import boot, figure, ledger, record
from tests.unit.test_commands import asked


def run(number: int, flash: float = 1000, name: str = "flash") -> RunRow:
    one = FigureRow(
        board="virt", profile="debug", firmware="", test="", name=name, value=flash, unit="B"
    )
    test = TestRow(test="t.py::test_a", target="arm", outcome="passed", seconds=0.5)
    return RunRow(
        id=f"run-{number:03}",
        started=f"2026-01-01T00:{number % 60:02}:00Z",
        seconds=1.0,
        exit_status=0,
        revision=f"r{number}",
        figures=(one,),
        tests=(test,),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.sqlite"


def add_some(path: Path, first: int) -> None:
    for number in range(first, first + 5):
        History(path).add(run(number))


def test_what_was_added_is_read_once_and_in_order(path: Path) -> None:
    history = History(path)
    assert [history.add(run(number)) for number in (2, 1, 3, 2)] == [True, True, True, False]
    assert history.runs() == [run(1), run(2), run(3)]
    assert history.runs(last=2) == [run(2), run(3)]
    ((key, points),) = history.series().items()
    assert key == ("virt", "debug", "", "", "flash")
    assert [one.revision for one in points] == ["r1", "r2", "r3"]
    assert {one.value for one in points} == {1000}


def test_eight_writers_at_once(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add_some, args=(path, 5 * at)) for at in range(8)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(120)
    assert [one.exitcode for one in writers] == [0] * 8
    assert len(History(path).runs()) == 40


def killed_in_the_middle(path: Path) -> None:
    def figures() -> Iterator[FigureRow]:
        yield from run(1).figures
        os.kill(os.getpid(), signal.SIGKILL)

    broken = run(1)
    object.__setattr__(broken, "figures", figures())
    History(path).add(broken)


def test_a_writer_that_is_killed_leaves_nothing_half_done(path: Path) -> None:
    History(path).add(run(0))
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=killed_in_the_middle, args=(path,))
    writer.start()
    writer.join(60)
    assert writer.exitcode == -signal.SIGKILL
    assert [one.id for one in History(path).runs()] == ["run-000"]
    assert History(path).add(run(1))


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(content)
    if not content:
        assert History(path).add(run(1))
        return
    with pytest.raises(BadSetting, match="cannot be written: file is not a database"):
        History(path).add(run(1))
    assert path.read_bytes() == content


def test_a_history_of_another_version_is_not_touched(path: Path) -> None:
    History(path).add(run(1))
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA user_version = 7")
    with pytest.raises(BadSetting, match="it is of version 7"):
        History(path).add(run(2))


def test_lines_carry_runs_elsewhere(path: Path, tmp_path: Path) -> None:
    lines = "".join(f"{as_line(run(number))}\n" for number in (1, 2))
    (tmp_path / "lines").write_text(lines)
    status, said, _ = asked(tmp_path, "history", f"--file={path}", "--import=lines")
    assert (status, said) == (0, "2 of 2 runs added; the others were there\n")
    status, said, _ = asked(tmp_path, "history", f"--file={path}", "--export")
    assert [of_line(one) for one in said.splitlines()] == [run(1), run(2)]
    assert asked(tmp_path, "history", f"--file={path}", "--import=lines")[1].startswith("0 of 2")


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "[" * 10_000, '{"schema": 2}', as_line(run(1)).replace("1000", "NaN")]
)
def test_a_line_that_is_none_is_a_sentence(line: str) -> None:
    with pytest.raises(BadSetting, match="a line is not that of a run"):
        of_line(line)


def test_a_ledger_becomes_a_run() -> None:
    measured = [figure("stack", 412, "B")]
    row = row_of(ledger(record("t.py::test_a", boots=[boot()], measurements=measured)))
    names = {(one.test, one.name) for one in row.figures}
    assert ("t.py::test_a", "stack") in names
    assert ("", "flash") in names
    assert [one.outcome for one in row.tests] == ["passed"]


def test_text_and_drawing(path: Path) -> None:
    for number, value in enumerate((1000, 1000, 1008, 1024)):
        History(path).add(run(number, value, name="</svg><b>"))
    series = History(path).series()
    row = as_text(series).splitlines()[1]
    assert row.split()[-7:] == ["▁▁▃█", "1,000", "1,024", "+24", "B", "4", "runs"]
    circles = [one for one in ET.fromstring(as_svg(series)).iter() if one.tag.endswith("circle")]  # noqa: S314 - ours
    assert len(circles) == 4
    assert sparkline([5]) == "▁"


def test_the_command(path: Path, tmp_path: Path) -> None:
    status, _, remark = asked(tmp_path, "history", f"--file={path}")
    assert (status, "there is no history at" in remark) == (2, True)
    History(path).add(run(1))
    History(path).add(run(2, 1024))
    said = asked(tmp_path, "history", "fla*", f"--file={path}", "--format=json")[1]
    (one,) = json.loads(said)
    assert [point["value"] for point in one["points"]] == [1000, 1024]
    status, _, remark = asked(tmp_path, "history", "ram", f"--file={path}")
    assert (status, "no run has a figure ram" in remark) == (2, True)
    assert asked(tmp_path, "history", f"--file={path}", "--board=arm")[0] == 2
    assert asked(tmp_path, "history", f"--file={path}", "--board=riscv")[0] == 0
