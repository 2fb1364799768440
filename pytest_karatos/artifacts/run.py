"""The folder of one run, shared by its processes; at its end it tells how the run went."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from pytest_karatos.artifacts.files import CACHE_TAG, link_or_copy, whole_folder, write_json
from pytest_karatos.artifacts.names import safe_name, safe_word
from pytest_karatos.artifacts.pruning import CLAIM, VERDICT, prune, size_of
from pytest_karatos.elf import twin_name
from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import Firmware
from pytest_karatos.progress import Journal

#: Raised when a reader of ``provenance.json`` would have to change.
BUILD_SCHEMA_VERSION = 2


def keep_build(builds: Path, firmware: Firmware) -> Firmware:
    """Put ``firmware`` into a folder of its own below ``builds`` and return it as it is there.

    What is tested is then what is kept, whatever becomes of the cache or of a user's own ELF.

    It holds ``firmware.elf``, ``provenance.json`` and, where they are known, ``firmware.map``,
    ``build.log`` and ``firmware.lines.elf``, the same image with line tables. Whoever comes first
    fills it; the others find it complete.

    :raises OSError: when it cannot be written.
    """
    word = safe_word(f"{firmware.board.name}-{firmware.profile}")
    place = builds / f"{word}-{firmware.key[:8]}"
    if not place.is_dir():
        with whole_folder(place) as new:
            # The cache never writes a file twice; a user's own ELF may be overwritten by a build.
            keep = link_or_copy if firmware.log is not None else shutil.copyfile
            keep(firmware.elf, new / "firmware.elf")
            beside = (
                (firmware.map, "firmware.map"),
                (firmware.log, "build.log"),
                (firmware.lines, twin_name(new / "firmware.elf").name),
            )
            for source, name in beside:
                if source is not None and source.exists():
                    link_or_copy(source, new / name)
            write_json(new / "provenance.json", described(firmware))
    return replace(firmware, elf=place / "firmware.elf")


def described(firmware: Firmware) -> dict[str, Any]:
    """Return all that is known of a firmware as plain values, as ``provenance.json`` has it."""
    return {
        "schema": BUILD_SCHEMA_VERSION,
        "board": firmware.board.name,
        "arch": firmware.board.arch,
        "profile": firmware.profile,
        "features": list(firmware.features),
        "key": firmware.key,
        "measurements": [
            {"name": one.name, "value": one.value, "unit": one.unit}
            for one in firmware.measurements
        ],
        "provenance": asdict(firmware.provenance),
    }


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

        On a full disk it is a temporary folder, and that is noted.
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

    def let_go(self) -> None:
        """Give the claim up: the run is over, and whoever waits for its end is told."""
        if self.claim is not None:
            self.claim.release()

    def wait_for_end(self) -> bool:
        """Block until the process that opened the run is gone, or has let the run go.

        False where that cannot be known, as on a file system without locks.
        """
        try:
            with (self.folder / CLAIM).open("rb") as file:
                # Not the lock's own way of waiting, which is to ask twenty times a second.
                fcntl.flock(file, fcntl.LOCK_SH)
        except OSError:
            return False
        return True

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
            fix="make room there, or pass --karatos-artifacts=DIR with a folder that you can write",
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
