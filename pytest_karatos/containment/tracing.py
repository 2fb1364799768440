"""A program that runs a command and notes every program that it runs, its children's included.

It is started by its path, in a process of its own that becomes the tracer of the command. By
``ptrace(2)`` the kernel tells it of forks and of programs that were started, of nothing else: a
call of the compiler costs two stops, a system call of it none. Unlike a list on ``PATH`` or
``LD_PRELOAD`` it sees what is called by its whole path and what is linked statically, and unlike
``fanotify`` it needs no rights. Where the kernel refuses, the command runs all the same, and the
note says so.
"""

import ctypes
import json
import os
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

#: From ``linux/ptrace.h``.
_CONT, _SEIZE, _LISTEN = 7, 0x4206, 0x4208
_FORK, _VFORK, _CLONE, _EXEC = 1, 2, 3, 4
_STOP = 128
_OPTIONS = sum(1 << event for event in (_FORK, _VFORK, _CLONE, _EXEC))
_WALL = 0x40000000
_STOPS = frozenset((signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU))
#: From ``linux/auxvec.h``: where the name is by which a program was started, a script's own too.
_AT_EXECFN = 31
_LONGEST_NAME = 4096
#: A shell reports the end by signal n as this plus n.
_SHELL_SIGNAL = 128
_NO_PROGRAM = 127
#: What is told of a program: the file, and the first argument that may be a script of its own.
Ran = tuple[str, str]


def trace(argv: list[str], note: Path) -> int:
    """Run ``argv`` to its end, write to ``note`` what ran, and return the status as a shell would.

    ``note`` is JSON: a list of ``[file, script]``, or ``null`` where the kernel refuses.
    """
    ran: set[Ran] = set()
    child, go = _held(argv)
    seized = _ptrace(_SEIZE, child, _OPTIONS)
    os.close(go)
    status = _followed(child, ran) if seized else os.waitpid(child, 0)[1]
    note.write_text(json.dumps(sorted(ran) if seized else None))
    code = os.waitstatus_to_exitcode(status)
    return _SHELL_SIGNAL - code if code < 0 else code


def _held(argv: list[str]) -> tuple[int, int]:
    """Start ``argv`` in a child that waits; return it, and what to close to let it go."""
    wait, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(wait, 1)
        try:
            os.execvp(argv[0], argv)  # noqa: S606 - no shell is the point
        except OSError:
            os._exit(_NO_PROGRAM)
    os.close(wait)
    return child, go


def _followed(child: int, ran: set[Ran]) -> int:
    """Follow ``child`` and all that it starts, until ``child`` ends; return its wait status."""
    while True:
        pid, status = os.waitpid(-1, _WALL)
        if not os.WIFSTOPPED(status):
            if pid == child:
                return status
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == _EXEC:
            ran.add(_program(pid))
        if event == _STOP and number in _STOPS:
            _ptrace(_LISTEN, pid, 0)  # it was stopped by somebody, and shall stay so
        else:
            _ptrace(_CONT, pid, 0 if event else number)


def _program(pid: int) -> Ran:
    """Tell which file ``pid`` has just started, and its first argument that is no option."""
    place = Path(f"/proc/{pid}")
    try:
        file = _started_by(place) or str((place / "exe").readlink())
        if file.startswith(("/dev/fd/", "/proc/")):
            file = str((place / "exe").readlink())
        here = (place / "cwd").readlink()
        words = (place / "cmdline").read_bytes().split(b"\0")[1:]
    except OSError:
        return "", ""
    script = next((os.fsdecode(word) for word in words if word[:1] not in (b"-", b"")), "")
    return os.path.join(here, file), os.path.join(here, script) if script else ""  # noqa: PTH118


def _started_by(place: Path) -> str:
    """Return the name by which the program of a process was started: for a script, the script's."""
    auxv = (place / "auxv").read_bytes()
    for shape in ("=QQ", "=II"):
        if len(auxv) % struct.calcsize(shape):
            continue
        for kind, value in struct.iter_unpack(shape, auxv):
            if kind == _AT_EXECFN:
                with (place / "mem").open("rb", buffering=0) as memory:
                    memory.seek(value)
                    return os.fsdecode(memory.read(_LONGEST_NAME).partition(b"\0")[0])
    return ""


def _kernel() -> Callable[[int, int, int], bool]:
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "ptrace", None)
    if call is None:
        return lambda _request, _pid, _data: False
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    call.restype = ctypes.c_long

    def ptrace(request: int, pid: int, data: int) -> bool:
        return bool(call(request, pid, None, data) == 0)

    return ptrace


_ptrace = _kernel()

if __name__ == "__main__":
    sys.exit(trace(sys.argv[2:], Path(sys.argv[1])))
