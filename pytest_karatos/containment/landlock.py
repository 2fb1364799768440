"""Landlock: the kernel holds a process, and all that it starts, to a list of paths.

A thread restricts itself and starts the program; the kernel hands the restriction down to what a
thread starts and to nothing else, so the rest of this process is as free as before. No
``preexec_fn`` (which may deadlock in a process with threads), no program in between (a Python
would cost a third of a boot).
"""

import ctypes
import gc
import os
import stat
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

from pytest_karatos.containment.access import Access

#: System calls; the same numbers on every processor that Linux runs on today but Alpha.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE, _MAKE_DIR, _MAKE_FILE, _MAKE_SOCKET = 3 << 4, 1 << 7, 1 << 8, 1 << 9
_MOVE, _TRUNCATE, _DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15
#: How many rights each version of the interface knows, from the first on.
RIGHTS_OF_VERSION = (13, 14, 15, 15, 16)
#: Since version 6 signals to processes outside can be refused.
_SCOPE_VERSION, _SIGNALS = 6, 1 << 1

RUN = _EXECUTE | _READ | _LIST
READ = _READ | _LIST
USE = READ | _WRITE | _TRUNCATE | _DEVICE_CONTROL | _MAKE_SOCKET
WRITE = USE | _REMOVE | _MAKE_DIR | _MAKE_FILE | _MOVE
#: What can be said of a file that is not a folder.
OF_A_FILE = _EXECUTE | _READ | _WRITE | _TRUNCATE | _DEVICE_CONTROL

_starting = threading.Lock()
T = TypeVar("T")


@cache
def version() -> int:
    """Return the version of the kernel's interface; 0 where it is absent or switched off."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def handled(abi: int) -> int:
    """Return the rights that version ``abi`` can refuse: all that it knows.

    >>> f"{handled(1):b}".count("1"), f"{handled(7):b}".count("1")
    (13, 16)
    """
    return (1 << RIGHTS_OF_VERSION[min(abi, len(RIGHTS_OF_VERSION)) - 1]) - 1


def ruleset_record(abi: int) -> bytes:
    """Return what the kernel is told of a set of rules: what they refuse unless they allow it."""
    rights = struct.pack("=Q", handled(abi))
    return rights if abi < _SCOPE_VERSION else rights + struct.pack("=QQ", 0, _SIGNALS)


def rules(access: Access) -> Iterator[tuple[Path, int]]:
    """Yield the paths of ``access``, each with its rights."""
    yield from ((path, RUN) for path in access.runs)
    yield from ((path, READ) for path in access.reads)
    yield from ((path, USE) for path in access.uses)
    yield from ((path, WRITE) for path in access.writes)


def start_within(access: Access, start: Callable[[], T]) -> T:
    """Call ``start`` in a thread that is held to ``access``; what it starts is held to it too.

    :raises OSError: when the kernel refuses, and what ``start`` raises.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            _restrict_thread(rules_fd)
            results.append(start())
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that asked
            failures.append(error)

    with _ruleset(access) as rules_fd, _no_collection():
        thread = threading.Thread(target=run, name="contained-start")
        thread.start()
        thread.join()
    if failures:
        raise failures[0]
    return results[0]


@contextmanager
def _no_collection() -> Iterator[None]:
    # A finalizer of somebody's garbage may want to write; it must not run in a restricted thread.
    with _starting:
        enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if enabled:
                gc.enable()


@contextmanager
def _ruleset(access: Access) -> Iterator[int]:
    abi = version()
    record = ruleset_record(abi)
    fd = _call(CREATE_RULESET, record, len(record), 0)
    try:
        for path, rights in rules(access):
            _allow(fd, path, rights & handled(abi))
        yield fd
    finally:
        os.close(fd)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it is not there, so nobody can use it
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= OF_A_FILE
        _call(ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, fd), 0)
    finally:
        os.close(fd)


def _restrict_thread(ruleset: int) -> None:
    # Without this only root may restrict itself. Both hold for this thread alone.
    if _libc().prctl(_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    _call(RESTRICT_SELF, ruleset, 0)


def _call(number: int, *arguments: int | bytes | None) -> int:
    words: Sequence[object] = [
        ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments
    ]
    result = int(_libc().syscall(ctypes.c_long(number), *words))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock system call {number}: {os.strerror(code)}")
    return result


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
