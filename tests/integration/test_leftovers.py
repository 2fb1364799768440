"""Folders of processes that were killed are swept; those of the living, and of others, stay."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.tempdirs import is_leftover, prefix, private_folder, sweep

_HOLDER = """
import os, signal, sys
from pathlib import Path
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.process import guard
if "unguarded" in sys.argv:
    os.kill(guard()._shell.pid, signal.SIGKILL)
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "console.in").write_text("")
    print(folder, flush=True)
    input()
"""


def holder(root: Path, *words: str) -> "tuple[subprocess.Popen[bytes], Path]":
    argv = [sys.executable, "-c", _HOLDER, str(root), *words]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    return process, Path(process.stdout.readline().decode().strip())


def test_the_folder_of_a_killed_process_is_removed_by_its_guard(tmp_path: Path) -> None:
    living, kept = holder(tmp_path)
    killed, left = holder(tmp_path)
    with living, killed:
        killed.send_signal(signal.SIGKILL)
        deadline = Deadline(5)
        while left.exists() and not deadline.expired:
            time.sleep(0.01)
        assert list(tmp_path.iterdir()) == [kept]
        living.communicate(b"\n")
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_without_a_guard_is_swept_by_the_next_one(tmp_path: Path) -> None:
    living, kept = holder(tmp_path)
    killed, left = holder(tmp_path, "unguarded")
    with living, killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert left.is_dir()
        third, mine = holder(tmp_path)
        with third:
            assert sorted(tmp_path.iterdir()) == sorted([kept, mine])
            third.communicate(b"\n")
        living.communicate(b"\n")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    dead = prefix().rsplit("-", 2)[0] + "-1-abc"
    elsewhere = f"karatos-1-{os.getpid()}-1-abc"
    for name in ("karatos-notes", "karatos-1-2", elsewhere, prefix() + "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / (dead + "file")).write_text("")
    (tmp_path / (dead + "link")).symlink_to(tmp_path)
    (tmp_path / dead).mkdir()
    assert is_leftover(dead)
    assert sweep(tmp_path) == [tmp_path / dead]
    assert len(list(tmp_path.iterdir())) == 6
    assert sweep(tmp_path / "gone") == []


def test_a_folder_is_private(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
