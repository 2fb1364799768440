"""The rule by which private trees go; one that a build has claimed never does.

The rule: a tree goes in which nothing was built for 30 days. The others together take at most as
much as the settings say: over that, those go that were not built in for longest. What goes is a
tree whole, and its next build begins from the sources alone.
"""

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_karatos.artifacts.beneath import Beneath
from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.artifacts.pruning import size_of

KEPT_SECONDS = 30 * 24 * 3600.0
_USED, _LOCK, _GOING = ".used.json", ".lock", ".going-"
#: What is kept beside a tree, and goes with it. The lock stays: somebody may wait for it.
_BESIDE = (_USED, ".manifest.json", ".programs.json", ".ran.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class OldTree:
    """A tree, since how many seconds nothing was built in it, and how much it takes."""

    folder: Path
    age_seconds: float
    size_bytes: int


def note_use(folder: Path) -> None:
    """Note that a build ended in the tree ``folder``, and how much it takes now."""
    record = json.dumps({"bytes": size_of(folder)})
    write_whole(folder.with_name(f"{folder.name}{_USED}"), record.encode())


def prune(trees: Path, most_bytes: int) -> None:
    """Drop the trees below ``trees`` that the rule does not keep."""
    for left in trees.glob(f"*{_GOING}*"):  # by somebody who was killed
        _remove(left)
    for one in surplus([*map(_found, _trees(trees))], most_bytes):
        with contextlib.suppress(OSError, Timeout), _lock_of(one.folder):
            _drop(one.folder)


def _trees(folder: Path) -> list[Path]:
    found = [one for one in folder.iterdir() if _GOING not in one.name]
    return [one for one in found if one.is_dir() and not one.is_symlink()]


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder.with_name(f"{folder.name}{_LOCK}"), timeout=0)


def _drop(folder: Path) -> None:
    """Remove a tree: first its name, so that no build takes half of one for a whole."""
    going = folder.with_name(f"{folder.name}{_GOING}{uuid.uuid4().hex[:8]}")
    folder.rename(going)
    for word in _BESIDE:
        folder.with_name(f"{folder.name}{word}").unlink(missing_ok=True)
    _remove(going)


def _remove(going: Path) -> None:
    # What a build left may be of any depth, and closed.
    with contextlib.suppress(OSError):
        with Beneath(going) as inside:
            inside.clear()
        going.rmdir()


def prune_repositories(store: Path) -> None:
    """Drop the repositories in ``store`` that no copy was given for as long."""
    for one in store.glob("*") if store.is_dir() else ():
        with contextlib.suppress(OSError):
            if time.time() - one.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(one, ignore_errors=True)


def surplus(trees: Sequence[OldTree], most_bytes: int) -> list[OldTree]:
    """Return those of ``trees`` that the rule does not keep.

    >>> new, old = (OldTree(folder=Path("x"), age_seconds=age, size_bytes=5) for age in (1, 2))
    >>> surplus([old, new], 9) == [old], surplus([old, new], 10)
    (True, [])
    """
    gone, total = [], 0
    for one in sorted(trees, key=lambda tree: tree.age_seconds):
        fits = total + one.size_bytes <= most_bytes and one.age_seconds <= KEPT_SECONDS
        total += one.size_bytes if fits else 0
        gone += [] if fits else [one]
    return gone


def _found(folder: Path) -> OldTree:
    record = folder.with_name(f"{folder.name}{_USED}")
    try:
        size = int(json.loads(record.read_text())["bytes"])
        used = record.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        size, used = size_of(folder), os.lstat(folder).st_mtime
    return OldTree(folder=folder, age_seconds=time.time() - used, size_bytes=size)
