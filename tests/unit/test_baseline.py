"""The baseline's file and what decides over it: lines that git can merge, and no false pin."""

import json
import math
from pathlib import Path
from typing import cast

import pytest

from pytest_karatos.baseline import symbols
from pytest_karatos.baseline.file import Baseline, read, write
from pytest_karatos.baseline.judge import FigureFacts, held
from pytest_karatos.baseline.pinning import conclude, gather, missing
from pytest_karatos.baseline.row import Place, Row
from pytest_karatos.errors import BadSetting
from pytest_karatos.measurement import Allowance
from pytest_karatos.settings import BaselineRules, load


def row(measure: str, value: float, *, test: str = "", build: str = "b") -> Row:
    place = Place(board="virt", profile="debug", test=test, measure=measure)
    return Row(place=place, value=value, unit="B", build=build)


def of(*rows: Row) -> Baseline:
    return Baseline(rows={one.place: one for one in rows}, builds={"b": {"toolchain": "rustc 1"}})


def seen(value: float, outcome: str = "passed", **more: object) -> tuple[FigureFacts, str, str]:
    figure: dict[str, object] = {
        "firmware": "",
        "board": "virt",
        "profile": "debug",
        "test": "",
        "unit": "B",
        "measure": "flash",
        "value": value,
        "judged": True,
        "build": {},
        "elf": "x",
        **more,
    }
    return cast("FigureFacts", figure), "t.py::test", outcome


RULES = BaselineRules(active=True)
UPDATE = BaselineRules(active=True, update=True)
ACCEPT = BaselineRules(active=True, update=True, reason="why")


def test_what_is_written_is_read_and_a_row_is_a_line(tmp_path: Path) -> None:
    path, known = tmp_path / "b.json", of(row("ram", 2), row("flash", 1.5), row("x", 3, test="é\n"))
    write(path, known)
    assert read(path) == known
    lines = path.read_text().splitlines()
    assert [json.loads(line.rstrip(","))["measure"] for line in lines[3:6]] == ["flash", "ram", "x"]
    before = path.read_bytes()
    write(path, read(path))
    assert path.read_bytes() == before
    assert read(tmp_path / "none.json") == Baseline()


def test_builds_that_no_row_names_go(tmp_path: Path) -> None:
    write(tmp_path / "b.json", of(row("ram", 2, build="")))
    assert read(tmp_path / "b.json").builds == {}


ROW = '{"board": "virt", "measure": "flash", "value": 1}'
FILE = '{"schema": 1, "rows": [%s], "builds": {}}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON in line 1"),
        ("[" * 100_000, "is no"),
        (FILE % f"{ROW}, {ROW}", "has two rows for"),
        (FILE % '{"board": "virt", "measure": "flash"}', "is no baseline"),
        (FILE % '{"board": "virt", "measure": "flash", "value": NaN}', "is no baseline"),
        (FILE % '{"board": "virt", "measure": "flash", "value": true}', "is no baseline"),
        (FILE % '{"board": "virt", "value": 1}', "is no baseline"),
        (FILE % "7", "is no baseline"),
        ('{"schema": 2, "rows": [], "builds": {}}', "has schema 2"),
        ('{"schema": 1, "rows": {}, "builds": []}', "is no baseline"),
    ],
)
def test_what_is_no_baseline_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(BadSetting) as raised:
        read(tmp_path / "b.json")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("value", "most", "percent", "ok"),
    [
        (100, 0, False, True),
        (101, 0, False, False),
        (110, 10, False, True),
        (111, 10, False, False),
        (110, 10, True, True),
        (111, 10, True, False),
        (50, 0, False, True),
        (math.nan, 10, False, False),
        (math.inf, 10, True, False),
    ],
)
def test_how_much_more_is_allowed(value: float, most: float, percent: bool, ok: bool) -> None:  # noqa: FBT001
    allowed = Allowance(metric="flash", most=most, percent=percent)
    rules = BaselineRules(active=True, allowances=(allowed,))
    assert held(row("flash", 100), value, "B", rules)[0] is ok


def test_another_unit_is_another_figure() -> None:
    ok, _, why = held(row("flash", 100), 1, "KiB", RULES)
    assert not ok
    assert "another unit" in why
    assert conclude(gather([seen(1, unit="KiB")]), of(row("flash", 100)), ACCEPT).rows == {}


@pytest.mark.parametrize(
    ("figures", "rules", "pinned"),
    [
        ([seen(7)], RULES, 7),
        ([seen(7, "failed")], RULES, None),
        ([seen(7), seen(7, "failed")], UPDATE, None),
        ([seen(7), seen(7, "skipped")], RULES, 7),
        ([seen(7, "xfailed")], RULES, None),
        ([seen(7, "error")], ACCEPT, None),
        ([seen(7, "")], RULES, None),
        ([seen(math.nan)], RULES, None),
        ([seen(7), seen(8)], RULES, None),
    ],
)
def test_only_what_is_green_and_one_is_recorded(
    figures: list[tuple[FigureFacts, str, str]], rules: BaselineRules, pinned: float | None
) -> None:
    rows = conclude(gather(figures), Baseline(), rules).rows
    assert [one.value for one in rows.values()] == ([] if pinned is None else [pinned])


@pytest.mark.parametrize(
    ("value", "rules", "pinned"),
    [
        (90, RULES, None),
        (90, UPDATE, (90, "")),
        (110, RULES, None),
        (110, UPDATE, None),
        (110, ACCEPT, (110, "why")),
        (100, ACCEPT, None),
    ],
)
def test_when_a_figure_is_pinned_anew(
    value: float, rules: BaselineRules, pinned: tuple[float, str] | None
) -> None:
    rows = conclude(gather([seen(value)]), of(row("flash", 100)), rules).rows
    assert [(one.value, one.reason) for one in rows.values()] == ([pinned] if pinned else [])


def test_what_no_test_judged_is_judged_at_the_end() -> None:
    known = of(row("flash", 100))
    assert conclude(gather([seen(110)]), known, RULES).red == []
    (said,) = conclude(gather([seen(110, judged=False)]), known, RULES).red
    assert "no test asked budget.check(firmware)" in said
    assert conclude(gather([seen(110, judged=False)]), known, ACCEPT).red == []


def test_a_row_is_missed_only_where_its_test_was_green() -> None:
    known = of(row("flash", 1, test="t.py::test_a"))
    other = gather([seen(1)])
    assert missing(other, known, RULES, [("t.py::test_b", "virt")]) == []
    assert missing(other, known, RULES, [("t.py::test_a", "else")]) == []
    assert len(missing(other, known, RULES, [("t.py::test_a", "virt")])) == 1


def test_symbols_are_kept_a_line_each(tmp_path: Path) -> None:
    whose = ("", "virt", "debug")
    known = {whose: {"main": (8, 0, 0), "b\n": (4, 4, 0)}}
    symbols.write(tmp_path / "s.json", known)
    assert symbols.read(tmp_path / "s.json") == known
    assert len(json.loads((tmp_path / "s.json").read_text())) == 3
    assert list(symbols.grown(known[whose], {"main": (10, 0, 0)}, "flash")) == [
        "+2 B  main",
        "-4 B  b",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("64", 64), ("0.5", 0.5), ("'1 KiB'", 1024), ("'2 %'", 2), ("'0.5%'", 0.5)],
)
def test_an_allowance_in_the_settings(tmp_path: Path, text: str, value: float) -> None:
    (tmp_path / "karatos.toml").write_text(f"[baseline]\nflash = {text}\n")
    rules = load(root=tmp_path, environ={}, typed={}).baseline
    assert (rules.allowance("flash").most, rules.active) == (value, True)
    assert rules.allowance("flash").percent is ("%" in text)
    assert (rules.tracks("ram"), rules.tracks("console_bytes")) == (True, False)


@pytest.mark.parametrize(
    "text",
    ["flash = -1", "flash = '-1 %'", "flash = true", "flash = nan", "flsh = 1", "update = true"],
)
def test_what_is_no_allowance(tmp_path: Path, text: str) -> None:
    (tmp_path / "karatos.toml").write_text(f"[baseline]\n{text}\n")
    with pytest.raises(BadSetting):
        load(root=tmp_path, environ={}, typed={})


def test_nobody_speaks_of_one(tmp_path: Path) -> None:
    rules = load(root=tmp_path, environ={}, typed={}).baseline
    assert not rules.active
    assert not rules.tracks("flash")
