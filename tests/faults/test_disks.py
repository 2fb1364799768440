"""Disks that are full or cannot be written, and folders with odd names: verdicts stay right."""

from pathlib import Path

import pytest

from pytest_karatos.builders.cache import BuildCache
from tests.emulated.test_killed_runs import folder
from tests.faults.inner import GREEN, run_in
from tests.integration.test_cache import maker

__all__ = ["folder"]

_FULL = """
mkdir -p {place}
mount -t tmpfs -o size=16k,{limit} none {place}
head -c 64k /dev/zero > {place}/filling 2>/dev/null || :
"""


#: What is full: no room for a byte, or for one more file.
limits = pytest.mark.parametrize("limit", ["nr_inodes=99", "nr_inodes=2"])


@limits
@pytest.mark.parametrize("place", ["cache", "tmp"])
def test_a_full_disk_costs_no_verdict(folder: Path, place: str, limit: str) -> None:
    (folder / "test_it.py").write_text(GREEN)
    said = run_in(folder, before=_FULL.format(place=folder / place, limit=limit))
    assert "1 passed" in said, said
    assert said.endswith("exit status 0\n")


def without_artifacts(said: str, why: str) -> bool:
    """Tell whether a run ended before its first test, and said what to do."""
    told = ("cannot be written", why, "--karatos-artifacts=DIR", "exit status 4")
    return all(one in said for one in told) and "passed" not in said


@limits
def test_where_no_artifacts_fit_no_test_runs(folder: Path, limit: str) -> None:
    (folder / "test_it.py").write_text(GREEN)
    said = run_in(folder, before=_FULL.format(place=folder / ".karatos", limit=limit))
    assert without_artifacts(said, "No space left on device"), said


@pytest.mark.parametrize("elsewhere", [False, True], ids=["there", "elsewhere"])
def test_a_tree_that_cannot_be_written(folder: Path, *, elsewhere: bool) -> None:
    (folder / "test_it.py").write_text(GREEN)
    before = f"mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}"
    before += f"; mount -t tmpfs none {folder / 'tmp'}; mkdir {folder / 'tmp/out'}; cd {folder}"
    words = [f"--karatos-artifacts={folder / 'tmp/out'}"] if elsewhere else []
    said = run_in(folder, *words, before=before)
    if elsewhere:
        assert "1 passed" in said, said
    else:
        assert without_artifacts(said, "Read-only file system"), said
    assert not (folder / ".karatos").exists()


@pytest.mark.parametrize("name", ["a b", "ü:x,y", "50% \"off\" 'now'", "line\nend", "x" * 200])
def test_a_folder_with_an_odd_name(folder: Path, name: str) -> None:
    (folder / "test_it.py").write_text(GREEN)
    odd = folder / name
    odd.mkdir()
    for one in ("arm.elf", "karatos.toml", "test_it.py"):
        (folder / one).rename(odd / one)
    said = run_in(folder, cwd=odd)
    assert "1 passed" in said, said


def test_a_folder_behind_a_link(folder: Path) -> None:
    (folder / "test_it.py").write_text(GREEN)
    (folder / "real").mkdir()
    for one in ("arm.elf", "karatos.toml", "test_it.py"):
        (folder / one).rename(folder / "real" / one)
    (folder / "link").symlink_to("real")
    said = run_in(folder, cwd=folder / "link")
    assert "1 passed" in said, said
    assert (folder / "real/.karatos").is_dir()


def test_a_strict_umask(folder: Path) -> None:
    (folder / "test_it.py").write_text(GREEN)
    said = run_in(folder, before="umask 077")
    assert "1 passed" in said, said


def test_a_cache_of_a_later_version_stays(tmp_path: Path) -> None:
    later = tmp_path / "cache/v99/entry/firmware.elf"
    later.parent.mkdir(parents=True)
    later.write_bytes(bytes(5000))
    cache = BuildCache(tmp_path / "cache", 1)
    assert cache.obtain("k", lambda: maker(tmp_path)).elf.read_text() == "elf"
    assert cache.obtain("other", lambda: maker(tmp_path)).elf.is_file()
    assert later.is_file()
