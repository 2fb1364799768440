"""Check of the folders that a run writes to: artifacts, cache, and where the pipes lie."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.cli.checks.need import MISSING, OK, Need
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.settings import Settings
from pytest_karatos.settings.sizes import format_size

_MIB = 1024**2
#: Below this much room the next build or run is likely to fail.
_ROOM_BYTES = {"artifacts": 100 * _MIB, "cache": 1024 * _MIB}


def examine(settings: Settings) -> Iterator[Need]:
    """Examine each folder; nothing is made that was not there."""
    yield _folder(
        "artifacts",
        settings.artifacts,
        why="console transcripts and build logs are kept there.",
        fix="pytest --karatos-artifacts=DIR",
    )
    yield _folder(
        "cache", settings.cache, why="built firmware is kept there.", fix="export KARATOS_CACHE=DIR"
    )
    yield _pipes()


def _folder(name: str, folder: Path, *, why: str, fix: str) -> Need:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "cannot be written" if there.is_dir() else "is a file"
        where = f"{folder}: {there} {reason}" if there != folder else f"{folder} {reason}"
        return Need(name=name, state=MISSING, found=where, why=why, fix=fix)
    free = shutil.disk_usage(there).free
    found = f"{folder}, {_rounded(free)} free"
    if free < _ROOM_BYTES[name]:
        few = f"{found}, less than {format_size(_ROOM_BYTES[name])}"
        return Need(name=name, state=MISSING, found=few, why=why, fix=fix)
    return Need(name=name, state=OK, found=found, why=why)


def _pipes() -> Need:
    folder = tempfile.gettempdir()
    why = "console and control of each machine are pipes there."
    try:
        with private_folder() as private:
            os.mkfifo(private / "console")
    except OSError as error:
        found = f"no pipe can be made in {folder}: {error.strerror}"
        return Need(name="pipes", state=MISSING, found=found, why=why, fix="export TMPDIR=DIR")
    return Need(name="pipes", state=OK, found=f"can be made in {folder}", why=why)


def _rounded(size_bytes: int) -> str:
    """Write a size with one digit behind the point at most.

    >>> _rounded(3 * 1024**3 + 512 * 1024**2), _rounded(5 * 1024**2)
    ('3.5 GiB', '5 MiB')
    """
    unit, letter = (1024**3, "GiB") if size_bytes >= 1024**3 else (_MIB, "MiB")
    return f"{size_bytes / unit:.1f}".removesuffix(".0") + f" {letter}"
