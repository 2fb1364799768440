"""Shards: every test is in exactly one of them, and who knows the same divides alike."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History, RunRow, TestRow
from pytest_karatos.settings import load
from pytest_karatos.settings.shards import PLACES
from pytest_karatos.shard import Shard, Task, divide

TASKS = st.lists(
    st.builds(
        Task,
        name=st.text(max_size=4),
        seconds=st.none() | st.floats(min_value=0, max_value=1e6),
        group=st.sampled_from(["", "", "a", "b"]),
    ),
    max_size=40,
)


@pytest.mark.hypothesis
@given(tasks=TASKS, of=st.integers(min_value=1, max_value=9), data=st.data())
def test_each_test_is_in_exactly_one_shard_in_whatever_order_they_come(
    tasks: list[Task], of: int, data: st.DataObject
) -> None:
    tasks = list({one.name: one for one in tasks}.values())
    parts = divide(tasks, of)
    assert len(parts) == of
    assert sorted(name for part in parts for name in part) == sorted(one.name for one in tasks)
    groups = {one.name: one.group for one in tasks if one.group}
    places = {
        (groups[name], at) for at, part in enumerate(parts) for name in part if name in groups
    }
    assert len(places) == len(set(groups.values()))
    assert divide(data.draw(st.permutations(tasks)), of) == parts


def test_shards_take_about_as_long_as_each_other() -> None:
    seconds = [one % 17 + 0.25 for one in range(200)]
    tasks = [Task(name=f"t{at}", seconds=one) for at, one in enumerate(seconds)]
    parts = divide(tasks, 5)
    known = {one.name: one.seconds or 0 for one in tasks}
    loads = [sum(known[name] for name in part) for part in parts]
    assert max(loads) - min(loads) < 1.0
    # By number they would differ by more: the seconds decide.
    assert len({len(part) for part in parts}) > 1


def test_tests_that_take_no_time_are_shared_out_too() -> None:
    assert sorted(map(len, divide([Task(name=str(at), seconds=0.0) for at in range(10)], 4))) == [
        *(2, 2, 3, 3)
    ]


def shard(said: str, **environ: str) -> Shard | None:
    return load(root=Path("/nowhere"), environ=environ, typed={"shard": said}).shard


def test_a_shard_is_said_or_told_by_the_cluster() -> None:
    assert shard("2/5") == Shard(number=2, of=5, origin="--karatos-shard")
    told = shard("auto/5", JOB_COMPLETION_INDEX="4")
    assert told == Shard(number=5, of=5, origin="JOB_COMPLETION_INDEX=4")
    told = shard("auto", CI_NODE_INDEX="1", CI_NODE_TOTAL="3")
    assert told == Shard(number=1, of=3, origin="CI_NODE_INDEX=1")
    variable = load(root=Path("/nowhere"), environ={"KARATOS_SHARD": "1/2"}, typed={}).shard
    assert variable == Shard(number=1, of=2, origin="KARATOS_SHARD")
    assert load(root=Path("/nowhere"), environ={"CI_NODE_INDEX": "1"}, typed={}).shard is None


@pytest.mark.parametrize("place", PLACES, ids=lambda one: one.index)
def test_each_system_counts_in_its_own_way(place: object) -> None:
    index, total, first = (getattr(place, word) for word in ("index", "total", "first"))
    environ = {total: "3"} if total else {}
    told = [shard("auto/3", **environ, **{index: str(first + at)}) for at in range(3)]
    assert [one and one.number for one in told] == [1, 2, 3]
    with pytest.raises(BadSetting, match="number 4 of 3"):
        shard("auto/3", **{index: str(first + 3)})


@pytest.mark.parametrize(
    ("said", "environ", "sentence"),
    [
        ("0/5", {}, "number 0 of 5"),
        ("6/5", {}, "number 6 of 5"),
        ("2", {}, "not a part and a number of parts"),
        ("2/5/6", {}, "not a part"),
        ("\u0661/2", {}, "not a part"),  # a digit of another script
        ("auto/5", {}, "it is not"),
        ("auto", {"JOB_COMPLETION_INDEX": "1"}, "nobody says of how many"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "-1"}, "it is not"),
    ],
)
def test_a_shard_that_cannot_be(said: str, environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence):
        shard(said, **environ)


def test_a_shard_is_no_matter_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_text('[run]\nshard = "1/2"\n')
    with pytest.raises(BadSetting, match="shard"):
        load(root=tmp_path, environ={}, typed={})


def test_durations_are_the_median_of_the_last_runs(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite")
    for number, seconds in enumerate([100.0, 1.0, 2.0, 9.0]):
        row = TestRow(test="t.py::a", target="arm", outcome="passed", seconds=seconds)
        started = f"2026-01-01T00:00:0{number}Z"
        history.add(RunRow(id=str(number), started=started, seconds=1, exit_status=0, tests=(row,)))
    assert history.durations(last=3) == {("t.py::a", "arm"): 2.0}
