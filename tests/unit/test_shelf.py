"""The shelf: one build per key, whatever happens to processes and files."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.build.shelf import Made, Shelf, key_of
from pytest_karatos.errors import ShelfBroken
from pytest_karatos.firmware import Provenance

ORIGIN = Provenance(builder="local", toolchain="t", command="c", source="s", seconds=1.0)
ONE_BUILD = """
import sys, time
from dataclasses import replace
from pathlib import Path
from pytest_karatos.build.shelf import Shelf, Made
from pytest_karatos.firmware import Provenance
folder = Path(sys.argv[1])
def make():
    with (folder / "made").open("a") as file:
        file.write("x")
    time.sleep(0.3)
    for name in ("elf", "log"):
        (folder / name).write_text("bytes")
    origin = Provenance(builder="b", toolchain="t", command="c", source="s")
    return Made(elf=folder / "elf", log=folder / "log", provenance=origin)
Shelf(folder / "shelf", 10**9).obtain("key", make)
"""


def maker(folder: Path, content: str = "elf", calls: list[str] | None = None) -> Made:
    if calls is not None:
        calls.append(content)
    (folder / "new.elf").write_text(content)
    (folder / "new.log").write_text("log")
    return Made(elf=folder / "new.elf", log=folder / "new.log", provenance=ORIGIN)


def test_the_second_asker_gets_what_the_first_made(tmp_path: Path) -> None:
    calls: list[str] = []
    shelf = Shelf(tmp_path / "shelf", 10**9)
    first = shelf.obtain("k", lambda: maker(tmp_path, calls=calls))
    second = shelf.obtain("k", lambda: maker(tmp_path, calls=calls))
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
    shelf = Shelf(tmp_path / "shelf", 10**9)
    entry = shelf.obtain("k", lambda: maker(tmp_path))
    entry.elf.write_text(damage)
    assert shelf.obtain("k", lambda: maker(tmp_path, "again")).elf.read_text() == "again"


def test_an_entry_without_its_record_is_built_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 10**9)
    entry = shelf.obtain("k", lambda: maker(tmp_path))
    (entry.elf.parent / "entry.json").write_text(json.dumps(["garbage"]))
    assert shelf.obtain("k", lambda: maker(tmp_path, "again")).provenance.fresh


def test_a_failed_make_leaves_no_entry(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 10**9)
    with pytest.raises(ZeroDivisionError):
        shelf.obtain("k", lambda: maker(tmp_path, str(1 // 0)))
    assert shelf.obtain("k", lambda: maker(tmp_path)).provenance.fresh


def test_the_shelf_stays_within_its_size(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 2000)
    for number in range(8):
        shelf.obtain(f"k{number}", lambda: maker(tmp_path, "x" * 500))
    kept = list((tmp_path / "shelf" / "v1").iterdir())
    assert 1 <= len(kept) <= 3
    assert tmp_path / "shelf" / "v1" / "k7" in kept


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfBroken, match="cannot be used"):
        Shelf(tmp_path / "file", 1).obtain("k", lambda: maker(tmp_path))


def test_keys_tell_their_parts_apart() -> None:
    assert key_of("a", "b") != key_of("ab", "")


def test_the_map_and_the_digest_stand_on_the_shelf_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 10**9)
    (tmp_path / "new.map").write_text("symbols")
    first = shelf.obtain("k", lambda: replace(maker(tmp_path), map=tmp_path / "new.map"))
    second = shelf.obtain("k", lambda: maker(tmp_path))
    assert second.map
    assert second.map.read_text() == "symbols"
    digest = hashlib.sha256(b"elf").hexdigest()
    assert (first.provenance.elf_sha256, second.provenance.elf_sha256) == (digest, digest)


_FULL = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from pytest_karatos.build.shelf import Shelf
from pytest_karatos.errors import ShelfBroken
from tests.unit.test_shelf import maker
folder = Path(sys.argv[1])
def make():
    made = maker(folder, "x" * 9000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    return made
try:
    Shelf(folder / "shelf", 10**9).obtain("k", make)
except ShelfBroken as error:
    print(error)
print([path.name for path in (folder / "shelf" / "v1").iterdir()])
"""


def test_a_full_disk_is_a_sentence_and_leaves_no_half_entry(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _FULL, str(tmp_path)]
    root = Path(__file__).parents[2]
    said = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "cannot be used: [Errno 27] File too large" in said
    assert "make room there" in said
    assert said.endswith("[]\n")
