"""Give the processes of one run a folder, and tell at its end how it went."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from pytest_karatos.artifacts.builds import keep_build
from pytest_karatos.artifacts.files import CACHE_TAG, write_json
from pytest_karatos.artifacts.names import safe_name
from pytest_karatos.artifacts.pruning import CLAIM, VERDICT, prune, size_of
from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import Firmware
from pytest_karatos.journal import Journal

#: Raised when a reader of ``run.json`` would have to change.
SCHEMA_VERSION = 1
LATEST = "latest"
_LOSS = "not-kept"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of the test program, which may be several processes: its folder and its journal."""

    folder: Path
    writer: str = "main"
    started: str = field(default_factory=_now)
    #: Held by the process that opened the run, so that no other run's cleaning takes the folder.
    claim: FileLock | None = None
    #: What this process could not write, in words.
    losses: list[str] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        """The file that the run's processes write to and its controller reads."""
        return Journal(path=self.folder / "journal.jsonl", writer=self.writer)

    def place(self, test: str) -> Path:
        """Make and return a new folder for a boot of ``test`` (any string at all).

        Where the disk takes no folder any more it is one for temporary files, and that is noted.
        """
        with self.noting(f"the folder of '{test}'"):
            return self._new_folder(safe_name(test))
        return Path(tempfile.mkdtemp(prefix="pytest-karatos-"))

    def _new_folder(self, name: str) -> Path:
        number = 1
        while True:
            folder = self.folder / "tests" / (name if number == 1 else f"{name}.{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                return folder

    def keep_build(self, firmware: Firmware) -> Firmware:
        """Keep ELF, map, log and provenance; return the kept one, the old if the disk is full."""
        with self.noting(f"the build of {firmware.board.name}"):
            return keep_build(self.folder / "builds", firmware)
        return firmware

    def lose(self, *losses: str) -> None:
        """Note what could not be kept, each once; it fails no test, but it must be said."""
        for loss in losses:
            if loss not in self.losses:
                self.losses.append(loss)
                self.journal.note(_LOSS, text=loss)

    @contextlib.contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Let a file that cannot be written be a loss, not an error."""
        try:
            yield
        except OSError as error:
            self.lose(f"{what}: {error}")

    def lost(self) -> str:
        """Say what all processes of the run could not keep, in one sentence; empty for nothing."""
        lines, _ = self.journal.read()
        told = [str(line.get("text")) for line in lines if line.get("kind") == _LOSS]
        every = list(dict.fromkeys([*self.losses, *told]))
        if not every:
            return ""
        more = f", and {len(every) - 1} more" if len(every) > 1 else ""
        return f"not everything of this run could be kept: {every[0]}{more}"

    def conclude(self, exit_status: int, failed: int) -> None:
        """Write ``run.json``: how the run ended, which decides how long its files are kept.

        ``exit_status`` is the test program's, ``failed`` counts tests that failed.
        """
        with self.noting(VERDICT):
            verdict = {"started": self.started, "ended": _now(), "exit_status": exit_status}
            facts = {"failed": failed, "bytes": size_of(self.folder)}
            write_json(self.folder / VERDICT, {"schema": SCHEMA_VERSION, **verdict, **facts})


def open_run(artifacts: Path) -> Run:
    """Make a new run folder below ``artifacts``, name it ``latest``, and drop old ones.

    :raises BadSetting: when the folder cannot be made.
    """
    try:
        artifacts.mkdir(parents=True, exist_ok=True)
        folder = _new_run(artifacts)
        claim = FileLock(folder / CLAIM)
        claim.acquire()
        (artifacts / "CACHEDIR.TAG").write_text(CACHE_TAG)
        (artifacts / ".gitignore").write_text("*\n")
    except OSError as error:
        raise BadSetting(
            f"the artifacts folder {artifacts} cannot be written: {error}.",
            why="console transcripts and build logs are kept there.",
            cure="pass --karatos-artifacts=DIR with a folder that you can write",
        ) from error
    _point_at(artifacts, folder)
    prune(artifacts)
    return Run(folder=folder, claim=claim)


def _new_run(artifacts: Path) -> Path:
    while True:
        # In the order of their names runs are in the order of their start.
        folder = artifacts / f"run-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder


def _point_at(artifacts: Path, folder: Path) -> None:
    """Let ``latest`` lead to ``folder``; where there are no symbolic links there is none."""
    new = artifacts / f".{LATEST}-{os.getpid()}"
    with contextlib.suppress(OSError):
        new.unlink(missing_ok=True)
        new.symlink_to(folder.name)
        new.replace(artifacts / LATEST)
