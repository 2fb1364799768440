"""The rule by which old runs go; one that is going on never does.

The rule: the ten newest runs stay. Of the older ones, the ten newest that failed stay too, or that
never came to an end (killed). All of them but the present run and the one before it together take
at most 2 GiB: over that, runs that passed go first, then the oldest.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

#: How many runs are kept, the present one included.
KEPT_RUNS = 10
#: How many failed runs are kept besides.
KEPT_FAILED_RUNS = 10
#: What kept runs may take, without the present one and the one before it.
KEPT_BYTES = 2 * 1024**3
CLAIM = ".claim"
VERDICT = "run.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """An earlier run as its ``run.json`` tells it; one without has failed."""

    folder: Path
    failed: bool
    size_bytes: int


def prune(artifacts: Path) -> None:
    """Drop the runs below ``artifacts`` that the rule does not keep."""
    runs = sorted(artifacts.glob("run-*"), reverse=True)
    past = [_past(folder) for folder in runs if folder.is_dir() and not folder.is_symlink()]
    for run in surplus(past):
        # Whoever runs holds its claim; a process that was killed holds nothing any more.
        with contextlib.suppress(OSError, Timeout), FileLock(run.folder / CLAIM, timeout=0):
            shutil.rmtree(run.folder, ignore_errors=True)


def surplus(past: Sequence[Past]) -> list[Past]:
    """Return those of ``past`` (newest first) that the rule does not keep.

    >>> green, red = (Past(folder=Path("x"), failed=failed, size_bytes=1) for failed in (0, 1))
    >>> surplus([green] * 10 + [red, green, red]) == [green]
    True
    """
    kept = list(past[:KEPT_RUNS])
    older = list(past[KEPT_RUNS:])
    failed = [run for run in older if run.failed]
    dropped = [run for run in older if not run.failed] + failed[KEPT_FAILED_RUNS:]
    rest = [*kept[2:], *failed[:KEPT_FAILED_RUNS]]
    return [*dropped, *_over(rest, KEPT_BYTES)]


def _over(runs: Sequence[Past], limit: int) -> Iterator[Past]:
    """Yield what has to go so that the rest takes at most ``limit`` bytes."""
    total = 0
    # A stable sort: what failed is let in first, and of each kind the newest.
    for run in sorted(runs, key=lambda run: not run.failed):
        total += run.size_bytes
        if total > limit:
            total -= run.size_bytes
            yield run


def size_of(folder: Path) -> int:
    """Return how many bytes the files below ``folder`` hold."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(root, name).lstat().st_size
    return total


def _past(folder: Path) -> Past:
    try:
        verdict = json.loads((folder / VERDICT).read_text())
        green = verdict["exit_status"] == 0 and verdict["failed"] == 0
        return Past(folder=folder, failed=not green, size_bytes=int(verdict["bytes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Past(folder=folder, failed=True, size_bytes=size_of(folder))
