"""What is news of a run: each kind told in three lines, and nothing where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History, RunRow
from pytest_karatos.report.history import row_of
from pytest_karatos.report.news import RULES, News, Told, read_told, recovery, red, regression
from pytest_karatos.report.shape import LedgerFacts
from tests.unit.hand_made import failed, ledger, record
from tests.unit.test_commands import asked

PANIC = "Panicked: the firmware printed 'panicked at boot.rs:41'."


def run_of(*tests: dict[str, object], number: int = 5) -> LedgerFacts:
    made = ledger(*tests)
    made["run"] |= {"id": f"run-{number}", "started": f"2026-01-02T03:0{number}:00Z"}
    made["run"]["revision"] = f"{number:x}" * 40
    return made


def green(number: int) -> RunRow:
    return row_of(run_of(record("t.py::test_a"), record("t.py::test_b"), number=number))


def broken(number: int) -> RunRow:
    made = run_of(failed("t.py::test_a", PANIC), record("t.py::test_b"), number=number)
    return row_of(made)


def smaller(number: int, by: int) -> RunRow:
    whole = green(number)
    flash, *others = whole.figures
    return replace(whole, figures=(replace(flash, value=flash.value - by), *others))


GOOD = run_of(record("t.py::test_a"), record("t.py::test_b"))
BAD = run_of(failed("t.py::test_a", PANIC), record("t.py::test_b"))


def told(found: News | None) -> tuple[str, ...]:
    assert found is not None
    assert len(found.lines) <= 2
    return found.title, *found.lines


def test_red_says_what_broke_and_since_when() -> None:
    assert told(red(Told(ledger=BAD, before=[green(3), broken(4)]))) == (
        "red: 1 of 2 tests failed at 555555555555",
        f"{PANIC} [t.py::test_a (arm)]",
        "The last green run, 2 runs before, was at an unknown revision, 2026-01-02T03:03:00Z.",
    )
    assert red(Told(ledger=GOOD, before=[])) is None


def test_red_without_a_failed_test_is_red() -> None:
    none = run_of(record("t.py::test_a"))
    none["run"]["exit_status"] = 2
    title, why, before = told(red(Told(ledger=none, before=[])))
    assert title == "red: 0 of 1 test failed at 555555555555"
    assert why == "no test failed; pytest ended with status 2."
    assert before == "No run before it is known."


def test_green_again_only_right_after_red() -> None:
    title, what, _ = told(recovery(Told(ledger=GOOD, before=[green(3), broken(4)])))
    assert title == "green again: 2 of 2 tests passed at 555555555555"
    assert "there failed: t.py::test_a." in what
    for before in ([], [broken(3), green(4)]):
        assert recovery(Told(ledger=GOOD, before=before)) is None
    assert recovery(Told(ledger=BAD, before=[broken(4)])) is None


def test_grown_against_the_last_green_run() -> None:
    before = [smaller(2, 1024), broken(3)]
    title, what, _ = told(regression(Told(ledger=GOOD, before=before)))
    assert title == "grown: 1 figure at 555555555555"
    assert what == "flash lm3s6965evb debug: 13,208 to 14,232 B, +1,024 (+7.8 %)"
    assert regression(Told(ledger=GOOD, before=before, grown_by=8.0)) is None
    assert regression(Told(ledger=GOOD, before=[smaller(2, -1024)])) is None
    assert regression(Told(ledger=GOOD, before=[broken(3)])) is None


def test_a_run_is_not_before_itself(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(json.dumps(BAD))
    found = read_told(tmp_path / "l.json", [green(4), row_of(BAD), green(6)])
    assert [one.started[15] for one in found.before] == ["4"]


def test_what_is_said_without_sending(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(json.dumps(BAD))
    status, said, remarks = asked(tmp_path, "notify", "l.json")
    assert (status, said.splitlines()[0]) == (0, "red: 1 of 2 tests failed at 555555555555")
    assert "nobody was told: APPRISE_URLS is empty" in remarks
    status, said, remarks = asked(tmp_path, "notify", "l.json", "--on=recovery", "--dry-run")
    assert (status, said, remarks) == (0, "no news: nothing of recovery\n", "")


@pytest.mark.parametrize("text", [None, "", "[" * 100_000, '{"schema": 2}'])
def test_a_run_that_left_no_ledger_is_red(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "l.json").write_text(text)
    status, said, _ = asked(tmp_path, "notify", "l.json", "--dry-run")
    assert (status, said.splitlines()[0]) == (0, "red: a run left no ledger")


def test_a_history_that_cannot_be_read_silences_nobody(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(json.dumps(BAD))
    (tmp_path / "h.sqlite").write_text("no database " * 99)
    status, said, remarks = asked(tmp_path, "notify", "l.json", "--history=h.sqlite", "--dry-run")
    assert status == 0
    assert "of the runs before nothing is known" in remarks
    assert said.startswith("red: 1 of 2")


def test_history_makes_green_again_news(tmp_path: Path) -> None:
    History(tmp_path / ".karatos" / "history.sqlite").add(broken(4))
    (tmp_path / "l.json").write_text(json.dumps(GOOD))
    _, said, _ = asked(tmp_path, "notify", "l.json", "--dry-run")
    assert said.startswith("green again: 2 of 2 tests passed")


def test_rules_are_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        asked(tmp_path, "notify", "l.json", "--on=purple")
    assert "'purple' is not a list of red, recovery, regression" in capsys.readouterr().err
    assert list(RULES) == ["red", "recovery", "regression"]


def test_a_ledger_of_another_time_is_not_one(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text('{"schema": 99}')
    with pytest.raises(BadSetting, match="schema"):
        read_told(tmp_path / "l.json", [])
