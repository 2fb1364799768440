"""Private trees that go: by age, by size, whole, and never one in use."""

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from pytest_karatos.builders.old_trees import KEPT_SECONDS, note_use, prune
from tests.integration.test_true_key import build, request

DAY = 24 * 3600


def grown(trees: Path, name: str, *, days: float, size: int = 1000) -> Path:
    """Make a tree in which something was built so many days ago."""
    folder = trees / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "object").write_bytes(bytes(size))
    folder.with_name(f"{name}.manifest.json").write_text("{}")
    note_use(folder)
    then = time.time() - days * DAY
    os.utime(folder.with_name(f"{name}.used.json"), (then, then))
    return folder


def test_a_tree_that_nobody_built_in_for_long_goes_whole(tmp_path: Path) -> None:
    old = grown(tmp_path, "old", days=KEPT_SECONDS / DAY + 1)
    new = grown(tmp_path, "new", days=29)
    prune(tmp_path, 10**6)
    assert (old.exists(), new.exists()) == (False, True)
    assert [path.name for path in tmp_path.glob("old*")] == ["old.lock"]


def test_over_the_size_the_longest_unused_go(tmp_path: Path) -> None:
    trees = [grown(tmp_path, f"t{days}", days=days) for days in (3, 1, 2)]
    prune(tmp_path, 2500)
    assert [one.exists() for one in trees] == [False, True, True]


def test_one_that_a_build_has_claimed_stays(tmp_path: Path) -> None:
    old = grown(tmp_path, "old", days=99)
    with FileLock(tmp_path / "old.lock"):
        prune(tmp_path, 0)
        assert old.exists()
    prune(tmp_path, 0)
    assert not old.exists()


def test_what_a_killed_one_left_of_a_tree_goes(tmp_path: Path) -> None:
    left = tmp_path / "old.going-1234"
    (left / "closed").mkdir(parents=True)
    (left / "closed").chmod(0o000)
    prune(tmp_path, 10**6)
    assert not left.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "work").write_text("x")
    trees = tmp_path / "trees"
    grown(trees, "old", days=99).joinpath("link").symlink_to(mine)
    (trees / "linked").symlink_to(mine)
    prune(trees, 0)
    assert (mine / "work").exists()
    assert not (trees / "old").exists()


@pytest.mark.parametrize("record", [b"", b"[]", b'{"bytes": "x"}', b'{"bytes": null}'])
def test_a_broken_record_counts_what_is_there(tmp_path: Path, record: bytes) -> None:
    tree = grown(tmp_path, "new", days=0)
    tree.with_name("new.used.json").write_bytes(record)
    prune(tmp_path, 999)
    assert not tree.exists()


def test_a_build_lets_old_trees_go_and_keeps_its_own(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    old = grown(tmp_path / "trees", "old", days=99)
    build(request(source, "echo one > out"))
    assert not old.exists()
    (own,) = (one for one in (tmp_path / "trees").iterdir() if one.is_dir())
    assert (own / "out").read_text() == "one\n"
