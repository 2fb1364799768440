"""The build cache: one build per key, whatever happens to processes and files."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.builders.cache import BuildCache, BuildOutput, key_of
from pytest_karatos.errors import CacheError
from pytest_karatos.firmware import Provenance

ORIGIN = Provenance(builder="local", toolchain="t", command="c", source="s", seconds=1.0)
ONE_BUILD = """
import sys, time
from dataclasses import replace
from pathlib import Path
from pytest_karatos.builders.cache import BuildCache, BuildOutput
from pytest_karatos.firmware import Provenance
folder = Path(sys.argv[1])
def make():
    with (folder / "made").open("a") as file:
        file.write("x")
    time.sleep(0.3)
    for name in ("elf", "log"):
        (folder / name).write_text("bytes")
    origin = Provenance(builder="b", toolchain="t", command="c", source="s")
    elves = {"": (folder / "elf").open("rb")}
    return BuildOutput(elves=elves, log=folder / "log", provenance=origin)
BuildCache(folder / "cache", 10**9).obtain("key", make)
"""


def maker(folder: Path, content: str = "elf", calls: list[str] | None = None) -> BuildOutput:
    if calls is not None:
        calls.append(content)
    (folder / "new.elf").write_text(content)
    (folder / "new.log").write_text("log")
    return BuildOutput(
        elves={"": (folder / "new.elf").open("rb")}, log=folder / "new.log", provenance=ORIGIN
    )


def test_the_second_asker_gets_what_the_first_made(tmp_path: Path) -> None:
    calls: list[str] = []
    cache = BuildCache(tmp_path / "cache", 10**9)
    first = cache.obtain("k", lambda: maker(tmp_path, calls=calls))
    second = cache.obtain("k", lambda: maker(tmp_path, calls=calls))
    assert calls == ["elf"]
    assert (first.provenance.fresh, second.provenance.fresh) == (True, False)
    assert second.elf.read_text() == "elf"


def test_four_processes_at_once_build_once(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", ONE_BUILD, str(tmp_path)]
    processes = [subprocess.Popen(argv) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert (tmp_path / "made").read_text() == "x"


@pytest.mark.parametrize("damage", ["", "truncated"])
def test_a_damaged_entry_is_built_again(tmp_path: Path, damage: str) -> None:
    cache = BuildCache(tmp_path / "cache", 10**9)
    entry = cache.obtain("k", lambda: maker(tmp_path))
    entry.elf.write_text(damage)
    assert cache.obtain("k", lambda: maker(tmp_path, "again")).elf.read_text() == "again"


def test_an_entry_without_its_record_is_built_again(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", 10**9)
    entry = cache.obtain("k", lambda: maker(tmp_path))
    (entry.elf.parent / "entry.json").write_text(json.dumps(["garbage"]))
    assert cache.obtain("k", lambda: maker(tmp_path, "again")).provenance.fresh


def test_a_failed_make_leaves_no_entry(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", 10**9)
    with pytest.raises(ZeroDivisionError):
        cache.obtain("k", lambda: maker(tmp_path, str(1 // 0)))
    assert cache.obtain("k", lambda: maker(tmp_path)).provenance.fresh


def test_the_cache_stays_within_its_size(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", 2000)
    for number in range(8):
        cache.obtain(f"k{number}", lambda: maker(tmp_path, "x" * 500))
    kept = list((tmp_path / "cache" / "v2").iterdir())
    assert 1 <= len(kept) <= 3
    assert tmp_path / "cache" / "v2" / "k7" in kept


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be used"):
        BuildCache(tmp_path / "file", 1).obtain("k", lambda: maker(tmp_path))


def test_keys_tell_their_parts_apart() -> None:
    assert key_of("a", "b") != key_of("ab", "")


def test_the_map_and_the_digest_are_cached_too(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", 10**9)
    (tmp_path / "new.map").write_text("symbols")
    first = cache.obtain(
        "k", lambda: replace(maker(tmp_path), map=(tmp_path / "new.map").open("rb"))
    )
    second = cache.obtain("k", lambda: maker(tmp_path))
    assert second.map
    assert second.map.read_text() == "symbols"
    digest = hashlib.sha256(b"elf").hexdigest()
    assert (first.digests, second.digests) == ({"": digest}, {"": digest})


_FULL = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from pytest_karatos.builders.cache import BuildCache
from pytest_karatos.errors import CacheError
from tests.integration.test_cache import maker
folder = Path(sys.argv[1])
def make():
    made = maker(folder, "x" * 9000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    return made
try:
    BuildCache(folder / "cache", 10**9).obtain("k", make)
except CacheError as error:
    print(error)
print([path.name for path in (folder / "cache" / "v2").iterdir()])
"""


def test_a_full_disk_is_a_sentence_and_leaves_no_half_entry(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _FULL, str(tmp_path)]
    root = Path(__file__).parents[2]
    said = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "cannot be used: [Errno 27] File too large" in said
    assert "make room there" in said
    assert said.endswith("[]\n")


def test_the_least_used_leave_first(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", 40_000)
    keys = []
    for number, word in enumerate("abcde"):
        made = cache.obtain(word * 32, lambda: maker(tmp_path, "x" * 10_000))
        keys.append(made.key)
        os.utime(made.elf.parent, (number, number))
        if word == "c":
            assert cache.find(keys[0])  # used now, so that the second is the oldest
    assert [bool(cache.find(key)) for key in keys] == [True, False, False, True, True]


def test_what_is_larger_than_the_cache_serves_who_asked(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", 5_000)
    made = [cache.obtain(word * 32, lambda: maker(tmp_path, "x" * 10_000)) for word in "ab"]
    assert made[1].elf.read_text() == "x" * 10_000
    assert [bool(cache.find(one.key)) for one in made] == [False, True]
