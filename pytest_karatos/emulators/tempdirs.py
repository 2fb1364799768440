"""Private temporary folders named after their process, so that those of dead ones are swept.

The guard removes the folder of a process that is killed. Where it was killed too, the folder stays
in the place for temporary files until the next run. The name holds the process and when that
started, so it is known from the first moment whether anybody still needs it, without a lock that
has to be taken in time.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pytest_karatos.containers.spec import started_at
from pytest_karatos.process import guard

_NAME = re.compile(r"karatos-(\d+)-(\d+)-(\d+)-\w+")


@contextlib.contextmanager
def private_folder(root: Path | None = None) -> Iterator[Path]:
    """Make a folder below ``root`` that only this user can enter, and remove it.

    ``root`` is the system's place for temporary files, unless named.
    """
    where = Path(root or tempfile.gettempdir())
    _sweep_once(where, os.getpid())
    folder = Path(tempfile.mkdtemp(prefix=prefix(), dir=where))
    guard().hold(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guard().drop(folder)


def prefix() -> str:
    """Return what names of our folders begin with: the pid namespace, we, and our start."""
    pid = os.getpid()
    return f"karatos-{_namespace()}-{pid}-{started_at(pid)}-"


def is_leftover(name: str) -> bool:
    """Tell whether a folder of this name belonged to a process that is gone.

    >>> is_leftover("karatos-mine"), is_leftover(prefix() + "a1")
    (False, False)
    >>> is_leftover(f"karatos-{_namespace()}-{os.getpid()}-1-a1")
    True
    """
    found = _NAME.fullmatch(name)
    # In another namespace (a container that shares the folder) numbers mean other processes.
    if found is None or found[1] != _namespace():
        return False
    return started_at(int(found[2])) != found[3]


def sweep(root: Path) -> list[Path]:
    """Remove the folders of ours in ``root`` whose process is gone; return them."""
    swept = []
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            ours = is_leftover(entry.name) and entry.is_dir(follow_symlinks=False)
            if ours and entry.stat(follow_symlinks=False).st_uid == os.getuid():
                shutil.rmtree(entry.path, ignore_errors=True)
                swept.append(Path(entry.path))
    return swept


@cache
def _sweep_once(root: Path, _process: int) -> None:
    sweep(root)


@cache
def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)
