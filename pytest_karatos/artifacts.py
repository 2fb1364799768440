"""Keep the files of a run for people: one folder a run, one folder a test in it, old runs go."""

import contextlib
import hashlib
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_karatos.errors import BadSetting
from pytest_karatos.journal import Journal

#: How many runs are kept, the present one included.
KEPT_RUNS = 10
_CLAIM = ".claim"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of the test program, which may be several processes: its folder and its journal."""

    folder: Path
    writer: str = "main"
    #: Held by the process that opened the run, so that no other run's cleaning takes the folder.
    claim: FileLock | None = None

    @property
    def journal(self) -> Journal:
        """The file that the run's processes write to and its controller reads."""
        return Journal(path=self.folder / "journal.jsonl", writer=self.writer)

    def place(self, test: str) -> Path:
        """Make and return a new folder for a boot of ``test`` (any string at all)."""
        name = safe_name(test)
        number = 1
        while True:
            folder = self.folder / "tests" / (name if number == 1 else f"{name}.{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                return folder


def safe_name(test: str) -> str:
    """Turn any text into a folder name that is readable, portable and unique.

    >>> safe_name("tests/test_boot.py::test_it[arm]")
    'test_boot.py-test_it-arm-ce109912'
    """
    digest = hashlib.sha256(test.encode(errors="backslashreplace")).hexdigest()[:8]
    words = _UNSAFE.sub("-", test.rpartition("/")[2]).strip("-.")
    return f"{words[:80]}-{digest}".lstrip("-")


def open_run(artifacts: Path) -> Run:
    """Make a new run folder below ``artifacts`` and drop the oldest ones.

    :raises BadSetting: when the folder cannot be made.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder = artifacts / f"run-{stamp}-{secrets.token_hex(3)}"
    try:
        folder.mkdir(parents=True)
        claim = FileLock(folder / _CLAIM)
        claim.acquire()
        (artifacts / "CACHEDIR.TAG").write_text(
            "Signature: 8a477f597d28d172789f06886806bc55\n# made by pytest-karatos\n"
        )
        (artifacts / ".gitignore").write_text("*\n")
    except OSError as error:
        raise BadSetting(
            f"the artifacts folder {artifacts} cannot be written: {error}.",
            why="console transcripts and build logs are kept there.",
            cure="pass --karatos-artifacts=DIR with a folder that you can write",
        ) from error
    _prune(artifacts)
    return Run(folder=folder, claim=claim)


def _prune(artifacts: Path) -> None:
    """Drop the oldest runs, except those that are still going on."""
    runs = sorted(path for path in artifacts.glob("run-*") if path.is_dir())
    for old in runs[:-KEPT_RUNS]:
        with contextlib.suppress(OSError, Timeout), FileLock(old / _CLAIM, timeout=0):
            shutil.rmtree(old, ignore_errors=True)
