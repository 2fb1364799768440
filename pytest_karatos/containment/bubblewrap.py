"""bubblewrap: a program in a view of the file system that holds nothing but a list of paths."""

import signal
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from pytest_karatos.containment.access import Access
from pytest_karatos.errors import MissingTool
from pytest_karatos.process import output_of

PROGRAM = "bwrap"
#: Everything apart from the host's but the network: no board has one, unless its arguments say so.
#: Not ``--die-with-parent``: it means the thread that started it.
_APART = ("--unshare-all", "--share-net", "--dev", "/dev")
#: The devices of ``--dev`` that a program can be allowed.
_COME_ALONG = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")}
#: By which an emulator really ends; other numbers above 128 are the guest's.
SIGNALS = {signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGSYS, signal.SIGTERM}


@cache
def trouble() -> str:
    """Say why bubblewrap cannot be used here; empty when it can."""
    try:
        tried = output_of([PROGRAM, *_APART, "--ro-bind", "/", "/", "true"])
    except MissingTool as missing:
        return missing.what.rstrip(".")
    return "" if tried.status == 0 else f"'{PROGRAM}' does not work here: {tried.stderr.strip()}"


def wrapped(argv: Sequence[str], access: Access, cwd: Path) -> list[str]:
    """Return ``argv`` run by bubblewrap in ``cwd``, with ``access`` and nothing else.

    >>> wrapped(["true"], Access(reads=(Path("/etc/hostname"),)), Path("/work"))[-7:]
    ['--dir', '/work', '--remount-ro', '/', '--chdir', '/work', 'true']
    """
    binds = (*_binds(access), "--dir", str(cwd), "--remount-ro", "/")
    return [PROGRAM, *_APART, *binds, "--chdir", str(cwd), *argv]


def status_of(status: int | None) -> int | None:
    """Return the program's status for bubblewrap's, which passes a signal on as a number.

    >>> status_of(159), status_of(3), status_of(None)
    (-31, 3, None)
    """
    return -(status - 128) if status is not None and status - 128 in SIGNALS else status


def _binds(access: Access) -> Iterator[str]:
    # Each costs a mount: what is not there, and what comes with /dev, is left out.
    for path in dict.fromkeys((*access.runs, *access.reads)):
        yield from _bind("--ro-bind", path)
    for path in dict.fromkeys((*access.uses, *access.writes)):
        yield from _bind("--bind", path)


def _bind(how: str, path: Path) -> Iterator[str]:
    if path.exists() and str(path) not in _COME_ALONG:
        is_device = path.is_relative_to("/dev")
        yield from ("--dev-bind" if is_device else how, str(path), str(path))
