"""A run that is killed: after five seconds nothing of it is left, no process and no folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_karatos.deadline import Deadline
from tests.emulated.booting import HEEDING
from tests.emulated.tiny_guest import image

_SETTINGS = """
[run]
arch = ["arm"]
[build.prebuilt]
arm = "arm.elf"
[console]
silence = 60
"""
_TESTS = """
import pytest
from pathlib import Path

@pytest.mark.parametrize("number", [1, 2])
def test_it(console, number):
    console.expect("up")
    Path(f"up-{number}").touch()
    console.expect("never", timeout=50)
"""
_PYTEST = [*HEEDING, sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
#: What the suite runs under must not reach the inner run: it would join as a worker.
_ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def processes_of(folder: Path) -> dict[int, str]:
    """Return who works in ``folder`` or was told of it: pytest, workers, guards, QEMU."""
    ours = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if words and (str(folder) in words or where.startswith(str(folder))):
            ours[int(entry.name)] = words
    return ours


def what_is_left(folder: Path) -> list[str]:
    return [*processes_of(folder).values(), *map(str, (folder / "tmp").glob("*karatos-*"))]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    image(tmp_path, "arm", ("say", b"up\n"), ("spin",))
    (tmp_path / "karatos.toml").write_text(_SETTINGS)
    (tmp_path / "test_it.py").write_text(_TESTS)
    (tmp_path / "tmp").mkdir()
    yield tmp_path
    for pid in processes_of(tmp_path):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays(folder: Path, workers: int, number: signal.Signals) -> None:
    argv = [*_PYTEST, "-n", str(workers)]
    environ = _ENVIRON | {"TMPDIR": str(folder / "tmp")}
    with subprocess.Popen(argv, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as run:
        deadline = Deadline(30)
        while len(list(folder.glob("up-*"))) < max(1, workers) and not deadline.expired:
            time.sleep(0.05)
        assert len(processes_of(folder)) > 2 * max(1, workers)
        run.send_signal(number)
        run.wait(60)  # pytest says goodbye in its own time; what outlives it is ours
        deadline, left = Deadline(5), what_is_left(folder)
        while left and not deadline.expired:
            time.sleep(0.05)
            left = what_is_left(folder)
        assert left == []


_SETTLING = _SETTINGS + "settle = 900\n"
_SHORT = _TESTS.replace('    console.expect("never", timeout=50)\n', "")


def machines_of(folder: Path) -> list[str]:
    return [words for words in processes_of(folder).values() if words.startswith("qemu-")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_machine_that_was_started_ahead_does_not_stay(
    folder: Path, number: signal.Signals
) -> None:
    (folder / "karatos.toml").write_text(_SETTLING)
    (folder / "test_it.py").write_text(_SHORT)
    argv = _PYTEST
    environ = _ENVIRON | {"TMPDIR": str(folder / "tmp")}
    with subprocess.Popen(argv, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as run:
        deadline = Deadline(60)
        while len(machines_of(folder)) < 2 and not deadline.expired:
            time.sleep(0.05)
        assert len(machines_of(folder)) == 2
        run.send_signal(number)
        deadline, left = Deadline(20), what_is_left(folder)
        while left and not deadline.expired:
            time.sleep(0.05)
            left = what_is_left(folder)
        assert left == []
    assert len(list((folder / ".karatos/latest/tests").iterdir())) == 1
    assert not list(folder.glob(".karatos/run-*/karatos-*"))
