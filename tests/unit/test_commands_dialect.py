"""The command that shows what a dialect makes of a log."""

import json
from pathlib import Path

import pytest

from tests.unit.test_commands import asked

LOG = (
    b"@0 boot rtos=reference\r\n@0 spawn task=low id=3\r\n"
    b"Hello \x1b[31mthere\x1b[0m\r\n\r\n@1 run task=low"
)
SUMMARY = (
    "dialect 'reference': 3 of 4 lines recognised, 3 events (1 boot, 1 spawn, 1 run); tasks: low"
)
OWN = """
[[dialects.mine]]
kind = "run"
pattern = '^RUN (?P<task>\\w+)$'
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "karatos.toml").write_text(OWN)
    (tmp_path / "console.log").write_bytes(LOG)
    return tmp_path


def test_what_is_recognised_and_what_is_not(tree: Path) -> None:
    status, said, _ = asked(tree, "dialect", "console.log")
    assert status == 0
    assert said.splitlines() == [
        "     1  boot     @0 rtos=reference",
        "     2  spawn    @0 low id=3",
        "     3  ?        Hello there",
        "     5  run      @1 low",
        SUMMARY,
    ]


def test_only_what_is_not(tree: Path) -> None:
    _, said, _ = asked(tree, "dialect", "console.log", "--unknown")
    assert said.splitlines()[:-1] == ["     3  ?        Hello there"]


def test_as_json(tree: Path) -> None:
    _, said, _ = asked(tree, "dialect", "console.log", "--json")
    answer = json.loads(said)
    assert (answer["schema"], answer["dialect"]) == (1, "reference")
    assert [one["kind"] for one in answer["events"]] == ["boot", "spawn", "run"]
    assert answer["unrecognised_lines"] == [3]


def test_nothing_is_recognised_by_the_one_that_was_named(tree: Path) -> None:
    status, said, _ = asked(tree, "dialect", "console.log", "--dialect", "mine")
    assert status == 1
    assert said.endswith("dialect 'mine': 0 of 4 lines recognised, 0 events (none); tasks: none\n")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["console.log", "--dialect=mime"], "unknown dialect 'mime'. Did you mean 'mine'?"),
        (["none.log"], "No such file or directory"),
        (["karatos.toml"], "no dialect knows a line of karatos.toml; tried: reference, karatos"),
    ],
)
def test_mistakes(tree: Path, argv: list[str], said: str) -> None:
    status, _, remark = asked(tree, "dialect", *argv)
    assert status == 2
    assert said in remark


@pytest.mark.parametrize("data", [b"", b"\xff\x00\x1b[", b"\x1b]0;" + b"x" * 10_000])
def test_no_log_makes_it_crash(tree: Path, data: bytes) -> None:
    (tree / "console.log").write_bytes(data)
    status, said, _ = asked(tree, "dialect", "console.log", "--dialect=reference")
    assert status == 1
    assert said.splitlines()[-1].startswith("dialect 'reference': 0 of ")
