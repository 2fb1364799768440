"""The baseline's file in git: what two branches add is merged, or told."""

from pathlib import Path

import pytest

from pytest_karatos.baseline.file import read, write
from pytest_karatos.errors import BadSetting
from pytest_karatos.process import output_of
from tests.unit.test_baseline import of, row


def git(folder: Path, *words: str) -> int:
    own = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return output_of(["git", "-C", str(folder), *own, *words]).status


@pytest.mark.parametrize(("union", "conflicts"), [(False, 1), (True, 0)])
def test_git_merges_what_two_branches_added(tmp_path: Path, union: bool, conflicts: int) -> None:  # noqa: FBT001
    """Apart from each other at once; side by side with the driver that the page names."""
    path = tmp_path / "b.json"
    git(tmp_path, "init", "-qb", "main")
    if union:
        (tmp_path / ".gitattributes").write_text("b.json merge=union\n")
    old = [row("flash", 1), row("m", 1), row("ram", 1), row("stack", 1)]
    write(path, of(*old))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "old")
    for branch, name in (("one", "a"), ("two", "z"), ("three", "b")):
        git(tmp_path, "checkout", "-qb", branch, "main")
        write(path, of(*old, row(name, 7)))
        git(tmp_path, "commit", "-qam", branch)
    git(tmp_path, "checkout", "-q", "one")
    assert git(tmp_path, "merge", "-q", "two") == 0
    assert {place.measure for place in read(path).rows} >= {"a", "z"}
    assert git(tmp_path, "merge", "-q", "three") == conflicts
    if conflicts:
        with pytest.raises(BadSetting, match="is no JSON in line"):
            read(path)
    else:
        assert {place.measure for place in read(path).rows} >= {"a", "b", "z"}
