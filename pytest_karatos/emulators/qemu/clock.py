"""The guest's clock, read from outside: QEMU's virtual time, to the microsecond.

QMP has no command for it, and the instruction count is not it: the clock of a guest that waits for
its timer jumps. So a network that reaches nobody is asked: QEMU stamps each packet that a
``filter-dump`` writes with its virtual time. The packet comes over a socket in the boot's private
folder and goes nowhere. The guest does not see it (its output is the same byte for byte); a look
costs about a millisecond. It is answered once each time the machine is
stopped.
"""

import contextlib
import os
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import MachineEnded

#: The date at which every guest's clock begins, for ``-rtc base=``.
BASE = "2020-01-01T00:00:00"
#: The same in seconds since 1970: stamps count from there.
_BASE_SECONDS = 1_577_836_800
#: The pipe of the dump: QEMU writes into it as into a file, and nothing of it is kept.
TICKS = "ticks"
_PACKET = bytes(60)
#: A record of the dump: seconds, microseconds, two lengths, then the packet.
_RECORD = struct.Struct("<IIII")
_RECORD_BYTES = _RECORD.size + len(_PACKET)


def arguments(folder: Path, escaped: Callable[[Path], str]) -> list[str]:
    """Return the arguments of QEMU that make the clock readable below ``folder``.

    QEMU stands in a folder beside it: a socket's address has 107 bytes, and a path may be longer.
    """
    local, remote = (f"../{escaped(Path(folder.name))}/{name}" for name in ("clock", "asker"))
    dump = escaped(folder / TICKS)
    ends = f"local.type=unix,local.path={local},remote.type=unix,remote.path={remote}"
    return [
        *("-netdev", f"dgram,id=karatos-net,{ends}"),
        *("-netdev", "hubport,id=karatos-hub,hubid=77,netdev=karatos-net"),
        *("-object", f"filter-dump,id=karatos-clock,netdev=karatos-net,file={dump}"),
    ]


class GuestClock:
    """Reads the clock of a stopped QEMU that is started with :func:`arguments`.

    It is made before QEMU, which waits for a reader of its dump; see :meth:`attach`.
    """

    def __init__(self, folder: Path) -> None:
        self._address, self._path = folder / "clock", folder / TICKS
        os.mkfifo(self._path, 0o600)
        self._dump = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self._readable = select.poll()
        self._readable.register(self._dump, select.POLLIN)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def attach(self) -> None:
        """Connect to QEMU, which has opened its lines, before the guest runs."""
        with contextlib.suppress(OSError):  # QEMU is gone: reading the clock says so
            connect(self._socket, self._address)
        # Without names the guest cannot open them, and cannot make up its time.
        for path in (self._address, self._path):
            path.unlink(missing_ok=True)

    def read(self, timeout: float = 5.0) -> float:
        """Return the guest's seconds since the boot.

        :raises MachineEnded: when QEMU is gone, or does not answer in ``timeout`` seconds.
        """
        deadline = Deadline(timeout)
        self._drain()
        self._ask()
        data = b""
        while len(data) < _RECORD_BYTES:
            if not self._readable.poll(deadline.left * 1000):
                raise MachineEnded(f"QEMU did not tell the guest's time within {timeout:g} s.")
            more = os.read(self._dump, _RECORD_BYTES - len(data))
            if not more:
                raise MachineEnded("QEMU ended before it told the guest's time.")
            data += more
        stamp: tuple[int, int, int, int] = _RECORD.unpack_from(data)
        return stamp[0] - _BASE_SECONDS + stamp[1] / 1e6

    def _drain(self) -> None:
        """Drop the file's header, or an answer that came after its deadline."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._dump, 65536):
                pass

    def _ask(self) -> None:
        try:
            self._socket.send(_PACKET)
        except OSError as error:
            raise MachineEnded(f"QEMU ended before it told the guest's time: {error}.") from None

    def close(self) -> None:
        """Close the socket and the dump."""
        self._socket.close()
        os.close(self._dump)


def connect(end: socket.socket, address: Path) -> None:
    """Connect to a socket whose path may be longer than an address can be."""
    folder = os.open(address.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        end.connect(f"/proc/self/fd/{folder}/{address.name}")
    finally:
        os.close(folder)
