"""Ledgers of several machines made one, and each way in which they do not belong together."""

import copy
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.whole import whole_page
from pytest_karatos.report.junit import junit
from pytest_karatos.report.merge import Part, merged
from pytest_karatos.report.moved import moved
from pytest_karatos.report.reading import read_ledger
from pytest_karatos.shard import Task, divide, plan_of
from tests.unit.hand_made import HOSTILE, SCHEMA, boot, failed, figure, ledger, record
from tests.unit.test_commands import asked

NAMES = [f"t.py::test_{one}" for one in "abcde"]


def shards(of: int = 3, bad: str = "") -> list[Part]:
    """Return the ledgers of the shards of one run, of which one test may be bad."""
    tests = {one["id"]: one for one in map(record, NAMES)}
    if bad:
        tests[f"{bad}[arm]"] = failed(bad, "it is too slow")
    parts = divide([Task(name=name) for name in tests], of)
    return [
        part(number, [tests[name] for name in names], parts)
        for number, names in enumerate(parts, 1)
    ]


def part(number: int, tests: list[dict[str, Any]], parts: list[list[str]]) -> Part:
    made = ledger(*tests)
    made["run"]["revision"] = "abc"
    made["run"]["id"] = f"run-{number}"
    made["run"]["shard"] = {
        "number": number,
        "of": len(parts),
        "tests": parts[number - 1],
        "all": sum(map(len, parts)),
        "with_board": 5,
        "timed": 0,
        "plan": plan_of(parts),
    }
    SCHEMA.validate(made)
    return Part(name=f"{number}.json", ledger=made)


def test_three_shards_are_one_run() -> None:
    found = merged(shards(bad=NAMES[3]))
    whole = ledger(*(failed(n, "it is too slow") if n == NAMES[3] else record(n) for n in NAMES))
    assert found.red == ()
    made = found.ledger.as_json()
    SCHEMA.validate(made)
    assert sorted(made["tests"], key=lambda one: one["id"]) == whole["tests"]
    assert made["firmwares"] == whole["firmwares"]
    assert [row["verdict"] for row in made["boards"]] == ["1 failed"]
    assert made["boards"][0]["passed"] == 4
    assert made["run"]["exit_status"] == 1
    assert merged(shards()).ledger.run["exit_status"] == 0


def missing(parts: list[Part]) -> None:
    del parts[1]


def twice(parts: list[Part]) -> None:
    parts[0] = Part(name="again.json", ledger=parts[1].ledger)


def of_another_revision(parts: list[Part]) -> None:
    parts[2].ledger["run"]["revision"] = "def+changes"


def by_another_history(parts: list[Part]) -> None:
    parts[1].ledger["run"]["shard"]["plan"] = plan_of([])


def of_another_number(parts: list[Part]) -> None:
    parts[1].ledger["run"]["shard"]["of"] = 4


def that_lost_a_test(parts: list[Part]) -> None:
    parts[0].ledger["tests"].pop()


def that_never_ended(parts: list[Part]) -> None:
    parts[0].ledger["tests"][0]["outcome"] = ""


def that_hides_a_test(parts: list[Part]) -> None:
    gone = parts[0].ledger["tests"].pop()
    parts[0].ledger["run"]["shard"]["tests"].remove(gone["id"])


def with_a_test_of_another(parts: list[Part]) -> None:
    parts[0].ledger["tests"].append(parts[1].ledger["tests"][0])


def that_was_interrupted(parts: list[Part]) -> None:
    parts[1].ledger["run"]["exit_status"] = 2


def red_for_no_test(parts: list[Part]) -> None:
    parts[1].ledger["run"]["exit_status"] = 1


def that_is_none(parts: list[Part]) -> None:
    del parts[1].ledger["run"]["shard"]


def without_firmware(parts: list[Part]) -> None:
    for one in parts:
        for test in one.ledger["tests"]:
            test["firmware"] = ""


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (missing, "shard 2 of 3 is missing"),
        (twice, "shard 2 of 3 is there 2 times: again.json, 2.json"),
        (of_another_revision, r"3 of 3 \(3.json\) is of revision def\+changes, .* of abc"),
        (by_another_history, r"shard 2 of 3 is missing: .* by another history. .* to .*1.json"),
        (of_another_number, "shard 4 of 4 is missing"),
        (that_lost_a_test, r"1 of 3 \(1.json\) did not run 1 of its tests: t.py::test_d\[arm\]"),
        (that_never_ended, r"did not run 1 of its tests: t.py::test_a\[arm\]"),
        (that_hides_a_test, "not those that were divided, but altered"),
        (with_a_test_of_another, r"test_b\[arm\] is in shard 1 .* and in shard 2"),
        (that_was_interrupted, r"2 of 3 \(2.json\) ended with exit status 2"),
        (red_for_no_test, "ended with exit status 1"),
        (that_is_none, "2.json is no shard"),
        (without_firmware, "no test used a firmware"),
    ],
)
def test_a_shard(spoil: Any, sentence: str) -> None:  # noqa: ANN401
    parts = copy.deepcopy(shards())
    spoil(parts)
    found = merged(parts)
    assert any(re.search(sentence, one) for one in found.red), found.red
    assert found.ledger.run["exit_status"] == 1


def test_a_matrix_of_archs_may_be_divided_too() -> None:
    both = [*shards(), *shards(2)]
    for number, one in enumerate(both):
        one.ledger["run"]["id"] = f"run-{number}"
    found = merged([Part(name=f"{at}", ledger=one.ledger) for at, one in enumerate(both)])
    # Those are the same tests again: it is that which is wrong, and no shard is missing.
    assert len(found.red) == 5
    assert all(re.search("is in shard .* and in shard", one) for one in found.red)


def test_a_budget_that_another_shard_judged_is_judged() -> None:
    one: dict[str, Any] = {"name": "ram", "board": "b", "profile": "", "origin": "k:3", "why": "x"}
    parts = shards()
    for part in parts[:2]:
        part.ledger["unjudged"] = [one, {**one, "name": "flash", "origin": "k:2"}]  # type: ignore[list-item, typeddict-item]
    verdict: dict[str, Any] = {"name": "ram", "origin": "k:3", "ok": True, "why": ""}
    parts[2].ledger["tests"][0]["verdicts"] = [{**verdict, "value": 1, "unit": "B", "limit": 2}]  # type: ignore[typeddict-item]
    assert [each["name"] for each in merged(parts).ledger.unjudged] == ["flash"]


def test_runs_of_several_jobs_without_shards_are_put_together() -> None:
    arm, riscv = (ledger(record("t.py::a", target=target)) for target in ("arm", "riscv"))
    found = merged([Part(name="arm", ledger=arm), Part(name="riscv", ledger=riscv)])
    assert found.red == ()
    assert [row["arch"] for row in found.ledger.boards()] == ["arm", "riscv"]


def files(folder: Path, parts: list[Part]) -> list[str]:
    for one in parts:
        place = folder / one.name.removesuffix(".json")
        place.mkdir()
        (place / "karatos.json").write_text(json.dumps(one.ledger))
        (place / "other.json").write_text("[]")
    return [str(folder / one.name.removesuffix(".json")) for one in parts]


def test_the_command_writes_a_page_json_junit_and_history(tmp_path: Path) -> None:
    places = files(tmp_path, shards())
    status, said, _ = asked(tmp_path, "merge", *places, "--summary", "summary.md")
    assert status == 0, said
    to = tmp_path / ".karatos/merged"
    assert len(read_ledger(to / "karatos.json")["tests"]) == 5
    assert len(ET.parse(to / "junit.xml").findall(".//testcase")) == 5  # noqa: S314 - our own
    assert "all 5 tests passed" in (to / "report.html").read_text()
    assert "5 passed" in (tmp_path / "summary.md").read_text()
    (run,) = History(tmp_path / ".karatos/history.sqlite").runs()
    assert len(run.tests) == 5


def test_a_missing_shard_is_red_everywhere(tmp_path: Path) -> None:
    places = files(tmp_path, shards())
    status, said, _ = asked(tmp_path, "merge", *places[:2], "--summary", "summary.md")
    assert status == 1
    assert "red: shard 3 of 3 is missing" in said
    to = tmp_path / ".karatos/merged"
    assert read_ledger(to / "karatos.json")["run"]["exit_status"] == 1
    page = (to / "report.html").read_text()
    assert page.count("shard 3 of 3 is missing") >= 2
    assert "k-headline k-bad" in page
    assert "❌ shard 3 of 3 is missing" in (tmp_path / "summary.md").read_text()
    # Nothing of it is remembered: durations and figures of a part are not those of a run.
    assert not (tmp_path / ".karatos/history.sqlite").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a ledger"),
        ("[" * 100_000, "is not a ledger"),
        ("{}", "no key 'schema'"),
        ('{"schema": 1}', "its schema is 1"),
        ('{"schema": 2, "run": {}}', "has no key"),
        (json.dumps({**ledger(), "tests": [{"id": 3}]}), "has no key"),
        (json.dumps({**ledger(record("a")), "tests": {}}), "'tests' is not a list"),
        (json.dumps(ledger(record("a"))).replace("0.1", "NaN"), "'seconds' is not float"),
    ],
)
def test_what_is_no_ledger(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadSetting, match=sentence):
        read_ledger(tmp_path / "a.json")


def test_a_folder_must_hold_one_ledger(tmp_path: Path) -> None:
    status, _, said = asked(tmp_path, "merge", str(tmp_path))
    assert status == 2
    assert "there are 0 ledgers" in said


def test_paths_lead_to_where_the_files_are_now(tmp_path: Path) -> None:
    one = record("a", boots=[{**boot("x"), "folder": "/ci/fw/.karatos/run-1-2/tests/a"}])
    one["details"] = "say /ci/fw/.karatos/run-1-2/x in words"
    made = ledger(one)
    made["run"]["id"] = "run-1-2"
    assert moved(made, tmp_path) == made
    (tmp_path / ".karatos/run-1-2").mkdir(parents=True)
    found = moved(made, tmp_path)["tests"][0]
    assert found["boots"][0]["folder"] == f"{tmp_path}/.karatos/run-1-2/tests/a"
    assert found["details"] == one["details"]
    for out in ("/x/run-1-2/../../etc", "run-1-2/x"):
        made["tests"][0]["file"] = out
        assert moved(made, tmp_path)["tests"][0]["file"] == out


def test_junit_says_what_the_ledger_says() -> None:
    bad = failed("t/x.py::K::b", "too slow", measurements=[figure("stack", 12)])
    skipped = record("s.py::c", outcome="skipped", message="why")
    lost = record("s.py::d", outcome="")
    suite = ET.fromstring(junit(ledger(record("s.py::a"), bad, skipped, lost)))[0]  # noqa: S314
    counts = {word: suite.get(word) for word in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert [case[-1].tag for case in suite] == ["properties", "failure", "skipped", "error"]
    assert (suite[1].get("classname"), suite[1].get("name")) == ("t.x.K", "b[arm]")
    assert {one.get("name"): one.get("value") for one in suite[1][0]}["karatos_stack"] == "12 B"


@pytest.mark.hypothesis
@given(text=HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    made = ledger(failed("t.py::a", text, details=text))
    (case,) = ET.fromstring(junit(made)).iter("testcase")  # noqa: S314 - our own
    assert case.get("name") == "a[arm]"
    found = merged([Part(name=text, ledger=made)])
    page = whole_page(found.ledger, Links(folder=Path("/nowhere")), [text])
    assert "<script>x" not in page
    assert "<img src=x" not in page


def test_tests_that_were_picked_on_one_machine_are_no_whole_run() -> None:
    parts = shards()
    assert "picked" not in merged(parts).ledger.run
    parts[1].ledger["run"]["picked"] = True
    assert merged(parts).ledger.run["picked"]
