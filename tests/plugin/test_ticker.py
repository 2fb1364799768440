"""Long builds are seen going on: live on a terminal, in plain lines elsewhere."""

import io
import os
import re
import time
from pathlib import Path

import pytest

from pytest_karatos.deadline import Deadline
from pytest_karatos.progress import Journal
from pytest_karatos.report import ticker
from pytest_karatos.report.ticker import Ticker, Work, live_line, ticking
from tests.plugin.tree import SLOTS, Tree

SLOW = """#!/bin/sh
echo "step 1 of 2: $1"
sleep 1.5
echo "step 2 of 2: $1"
cp "$ELVES/$1.elf" kernel.elf
"""


@pytest.fixture
def slow(tree: Tree) -> Tree:
    tree.tests("def test_flash(firmware): pass")
    (tree.path / "fw" / "build.sh").write_text(SLOW)
    return tree


def on_a_terminal(tree: Tree, *arguments: str) -> str:
    child = tree.pytester.spawn_pytest(" ".join(("-p no:cacheprovider", *arguments)))
    child.expect_exact("2 passed", timeout=120)
    before = child.before
    child.close()
    assert isinstance(before, bytes)
    return before.decode()


def test_a_terminal_shows_builds_side_by_side(slow: Tree) -> None:
    (slow.path / "karatos.toml").write_text(SLOTS % (2, slow.elves))
    text = on_a_terminal(slow, "--arch=all", "-n2")
    assert re.search(
        r"\x1b\[Karm debug \d s: step 1 of 2: arm  \|  riscv debug \d s: step 1", text
    ) or (
        re.search(r"\x1b\[Kriscv debug \d s: step 1 of 2: riscv  \|  arm debug \d s: step 1", text)
    )


def test_a_terminal_shows_who_waits(slow: Tree) -> None:
    (slow.path / "karatos.toml").write_text(SLOTS % (1, slow.elves))
    text = on_a_terminal(slow, "--arch=all", "-n2")
    assert re.search(r"\|  \w+ debug \d s: waiting for a", text)


def watched(journal: Journal) -> list[str]:
    """Return what a ticker without a terminal writes about a journal."""
    written = io.StringIO()
    with ticking(journal, written):
        pass
    return written.getvalue().splitlines()


def test_a_log_has_a_line_for_each_step(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.note("build-waiting", title="arm debug", text="waiting for a build slot")
    journal.note("build-started", title="riscv debug")
    journal.note("build-started", title="arm debug")
    journal.note("progress", title="arm debug", text="compiling")
    journal.note("build-ended", title="riscv debug", ok=True)
    journal.note("build-ended", title="arm debug", ok=False)
    lines = watched(journal)
    assert [re.sub(r"in \d+\.\d s", "in N s", line) for line in lines] == [
        "karatos: arm debug: waiting for a build slot",
        "karatos: building riscv debug",
        "karatos: building arm debug",
        "karatos: built riscv debug in N s",
        "karatos: FAILED to build arm debug in N s",
    ]


def test_a_log_hears_again_of_a_long_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "PLAIN_SECONDS", 0.0)
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.note("build-started", title="arm debug")
    journal.note("progress", title="arm debug", text="compiling kernel")
    written, deadline = io.StringIO(), Deadline(30)
    going = Ticker(journal, written)
    while "compiling kernel" not in written.getvalue() and not deadline.expired:
        time.sleep(0.01)
    going.stop()
    assert "karatos: arm debug 0 s: compiling kernel\n" in written.getvalue()


def test_many_builds_share_one_line() -> None:
    works = [Work(f"board{number} debug") for number in range(20)]
    line = live_line(works, 79)
    assert len(line) == 79
    assert os.linesep not in line
    assert live_line([], 79) == ""
