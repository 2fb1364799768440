"""A lock that is waited for: whoever holds it is named, and nobody who stands still is waited for.

A holder that is killed frees it at once: the kernel sees to that.
"""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_karatos.builders import locks
from pytest_karatos.builders.cache import BuildCache
from pytest_karatos.builders.holders import holder_of
from pytest_karatos.builders.locks import JobSlots, locked
from pytest_karatos.errors import CacheError
from tests.integration.test_cache import maker

_HOLDER = """
import sys
from pathlib import Path
from filelock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds ``lock``."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_builds_is_named_and_waited_for(lock: Path, holder: subprocess.Popen[str]) -> None:
    said: list[str] = []

    def waiting(text: str) -> None:
        said.append(text)
        holder.kill()

    with locked(lock, waiting, "waiting for a friend"):
        (text,) = said
    assert text.startswith(f"waiting for a friend: process {holder.pid} (")
    assert "-c" in text
    assert "stopped" not in text


def test_who_is_stopped_is_told_as_that_and_may_go_on(
    lock: Path, holder: subprocess.Popen[str]
) -> None:
    said: list[str] = []

    def waiting(text: str) -> None:
        said.append(text)
        os.kill(holder.pid, signal.SIGCONT)
        holder.communicate("")

    os.kill(holder.pid, signal.SIGSTOP)
    with locked(lock, waiting, "waiting"):
        assert f"which is stopped: kill -CONT {holder.pid} lets it go on" in said[0]


def test_who_stays_stopped_is_not_waited_for(
    lock: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_STOPPED_SECONDS", 0.5)
    os.kill(holder.pid, signal.SIGSTOP)
    with (
        pytest.raises(CacheError, match=rf"some.lock is held by process {holder.pid} (.|\n)*-CONT"),
        locked(lock, lambda _: None, "waiting"),
    ):
        pass
    holder.kill()  # of a stopped one too the kernel takes the lock
    holder.wait(10)
    with locked(lock, pytest.fail, "waiting"):
        assert holder_of(lock) is not None


def test_who_is_stopped_with_a_slot_is_named(tmp_path: Path) -> None:
    slots, said = JobSlots(folder=tmp_path, count=1), list[str]()
    argv = [sys.executable, "-c", _HOLDER, str(tmp_path / "slot-0.lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        with slots.taken(0.3, said.append):
            process.kill()
    assert f"1 of 1 taken; process {process.pid} (" in said[0]
    assert "which is stopped" in said[0]
    assert "going on without" in said[1]


def test_nobody_holds_what_is_free_or_not_there(lock: Path) -> None:
    assert holder_of(lock) is None
    lock.touch()
    assert holder_of(lock) is None


def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refused)
    cache = BuildCache(tmp_path / "cache", 10**9)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            cache.obtain("k", lambda: maker(tmp_path))
            words = [str(one.message) for one in said]
        except CacheError as error:  # filelock before it took a file for a lock
            words = [str(error)]
    assert any("not supported" in one or "has no locks" in one for one in words)
