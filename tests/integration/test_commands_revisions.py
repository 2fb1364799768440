"""The commands that build revisions: compare of two, and bisect. The repository is a real one."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from tests.unit.elf_builder import Part, build_elf
from tests.unit.test_commands import asked

SETTINGS = """
[run]
arch = ["arm"]
[build]
source = "fw"
command = "sh build.sh"
elf = "out.elf"
builder = "local"
trace = false
"""
#: The sizes of what each commit's build makes; None: it does not build.
TWELVE = (500, 500, 504, 504, 504, 496, 496, 1520, 1520, 1524, 1524, 1524)


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    argv = ["git", *identity, "-C", str(folder), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, size: int | None, number: int) -> None:
    """Commit firmware of so many bytes of flash."""
    script = "exit 1" if size is None else "cp fw.elf out.elf"
    (folder / "fw" / "build.sh").write_text(f"# {number}\n{script}\n")
    if size is not None:
        vectors = struct.pack("<II", 0x2000_1000, 9)
        code = Part(name=".text", address=0, data=vectors + bytes(size - len(vectors)))
        (folder / "fw" / "fw.elf").write_bytes(build_elf(code, entry=1))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", f"change {number}: {size} bytes")


def repository(folder: Path, sizes: tuple[int | None, ...]) -> Path:
    (folder / "fw").mkdir(parents=True)
    (folder / "karatos.toml").write_text(SETTINGS)
    (folder / ".gitignore").write_text(".karatos\n")
    git(folder, "init", "-q", "-b", "main")
    for number, size in enumerate(sizes, 1):
        commit(folder, size, number)
    git(folder, "tag", "first", f"HEAD~{len(sizes) - 1}")
    return folder


def told(folder: Path, *argv: str) -> tuple[int, str, str]:
    cache = {"KARATOS_CACHE": str(folder / ".karatos" / "cache"), "PATH": os.environ["PATH"]}
    return asked(folder, *argv, **cache)


def test_the_commit_that_grew_is_named_in_four_builds_besides_the_ends(tmp_path: Path) -> None:
    tree = repository(tmp_path, TWELVE)
    before = git(tree, "status", "--porcelain", "--branch"), git(tree, "reflog")
    status, said, remarks = told(tree, "bisect", "--measure", "flash", "--good", "first")
    assert status == 0, remarks
    steps = remarks.count("karatos: good") + remarks.count("karatos: bad")
    assert " change 8: 1520 bytes (" in said
    assert steps <= 2 + 4
    assert "flash 1,520 B" in remarks
    assert (git(tree, "status", "--porcelain", "--branch"), git(tree, "reflog")) == before


def test_what_does_not_build_is_gone_around(tmp_path: Path) -> None:
    tree = repository(tmp_path, (500, 500, None, 1520, 1520, 1520))
    status, said, remarks = told(tree, "bisect", "--measure=flash", "--good=first")
    assert status == 1
    assert said.splitlines()[0] == "one of these 2: all but the last could not be judged"
    assert "change 3: None bytes" in said
    assert "does not build" in remarks
    tree = repository(tmp_path / "other", (500, None, 500, 500, 1520, 1520))
    status, said, _ = told(tree, "bisect", "--measure=flash", "--good=first")
    assert (status, "change 5" in said) == (0, True)


def test_a_limit_says_what_is_bad(tmp_path: Path) -> None:
    tree = repository(tmp_path, (500, 600, 700, 800, 900))
    _, said, _ = told(tree, "bisect", "--measure=flash", "--good=first", "--limit=600")
    assert "change 3: 700 bytes" in said


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--good=first", "--limit=9999"), "the bad revision is not bad: flash 1,520 B"),
        (("--good=first", "--limit=100"), "the good revision is not good: flash 500 B"),
        (("--good=HEAD", "--bad=first"), "does not come after"),
        (("--good=nowhere",), "'nowhere' is neither a file nor a revision"),
        (("--good=first", "--bad=--output=/tmp/x"), "is neither a file nor a revision"),
    ],
)
def test_ends_that_cannot_be(tmp_path: Path, argv: tuple[str, ...], said: str) -> None:
    tree = repository(tmp_path, (500, 1520))
    status, _, remarks = told(tree, "bisect", "--measure=flash", *argv)
    assert status == 2
    assert said in remarks


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "fw").mkdir()
    (tmp_path / "karatos.toml").write_text(SETTINGS)
    status, _, remarks = told(tmp_path, "bisect", "--measure=flash", "--good=HEAD")
    assert status == 2
    assert "revisions are taken from the repository of the firmware's sources" in remarks


def test_two_revisions_compared_are_built_once(tmp_path: Path) -> None:
    tree = repository(tmp_path, (500, 1524))
    status, said, remarks = told(tree, "compare", "first", "HEAD")
    assert status == 0, remarks
    line = next(line for line in said.splitlines() if line.startswith("flash"))
    assert "+1,024 B" in line
    assert "change 1: 500 bytes -> " in remarks
    assert "nothing changed" in told(tree, "compare", "HEAD", "main")[1]


TEST = """
def test_small(firmware):
    assert firmware.sizes.flash_bytes < 1000
"""


def test_the_commit_that_broke_a_test(tmp_path: Path) -> None:
    tree = repository(tmp_path, (500, 500, 1520, 1520))
    (tree / "test_small.py").write_text(TEST)
    status, said, remarks = told(tree, "bisect", "--test=test_small.py", "--good=first")
    assert status == 0, remarks
    assert "change 3: 1520 bytes" in said
    (tree / "test_small.py").write_text("def test_it(firmware, nobody): ...")
    status, _, remarks = told(tree, "bisect", "--test=test_small.py", "--good=first")
    assert status == 2  # an error in a fixture judges no revision
    assert "?    " in remarks
    (tree / "test_small.py").write_text("import pytest\n@pytest.mark.skip\ndef test_it(): ...")
    status, _, remarks = told(tree, "bisect", "--test=test_small.py", "--good=first")
    assert status == 2  # nor does a test that is skipped
    assert "the good revision is not good: 1 skipped" in remarks
    status, _, remarks = told(tree, "bisect", "--test=nowhere.py", "--good=first")
    assert status == 2
    assert "the good revision is not good" in remarks
