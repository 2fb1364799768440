"""A client of a gdb stub (QEMU's ``-gdb``): registers, memory, breakpoints; answers in time.

Reading perturbs nothing; breakpoints and steps move the guest's time under ``-icount``. QEMU pauses
the machine some time *after* a client came: :meth:`GdbClient.connect` waits until it has.
"""

import os
import re
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.features import Register, registers_of
from pytest_karatos.debug.packets import PacketReader, packet
from pytest_karatos.errors import DebugFailed, KaratosError, MachineEnded

#: Seconds that an answer may take.
_ANSWER = 5.0
#: Bytes of memory in one answer: QEMU's packets have 4 KiB, two digits a byte.
_CHUNK = 1024
_MOST_THREADS = 64
_MOST_DESCRIPTION = 1024 * 1024
_STOPPED = re.compile(rb"[TS][0-9a-f]{2}|[WX][0-9a-f]{2}")
_THREAD = re.compile(r"thread:([0-9a-fp.]+);")
_IDS = re.compile(r"m[0-9a-fp.]+(,[0-9a-fp.]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Why the machine stands: a signal as gdb counts them (5: breakpoint or step, 2: asked to)."""

    signal: int
    #: The hart or core that it is about, as the stub calls it; empty when it does not say.
    thread: str = ""


class GdbClient:
    """A gdb that is attached over ``connection``; closing it leaves the machine as it is."""

    def __init__(self, connection: socket.socket, *, timeout: float = _ANSWER) -> None:
        self._connection = connection
        self._timeout = timeout
        self._reader = PacketReader()

    @classmethod
    def connect(cls, address: Path | tuple[str, int], *, timeout: float = _ANSWER) -> Self:
        """Attach to the stub at a unix socket or at (host, port); the machine stands then.

        :raises MachineEnded: when nobody listens there, or no answer comes in ``timeout`` seconds.
        """
        family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
        connection = socket.socket(family)
        connection.settimeout(timeout)
        client = cls(connection, timeout=timeout)
        try:
            _connect(connection, address)
            client.why_stopped()
        except OSError as error:
            connection.close()
            raise MachineEnded(f"No gdb stub answers at {address}: {error}.") from error
        except KaratosError:
            connection.close()
            raise
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away without a word: a detached machine would go on, this one stays as it is."""
        self._connection.close()

    def why_stopped(self) -> Stop:
        """Ask why the machine stands; the first question of all, for it waits until it does."""
        self._send(b"?")
        return self._stop(Deadline(self._timeout), "?")

    def ask(self, command: str) -> str:
        """Return the stub's answer to ``command``; empty when it does not know the command.

        :raises MachineEnded: when the stub is gone, or does not answer in time.
        """
        self._send(command.encode())
        deadline = Deadline(self._timeout)
        while True:
            answer = self._answer(deadline, command)
            # QMP's stop is told to gdb too, unasked.
            if not _STOPPED.match(answer):
                return answer.decode("latin-1")

    @cached_property
    def described(self) -> tuple[Register, ...]:
        """The registers that can be asked for; what they are called is the stub's business.

        To ask is also what makes QEMU's ``g`` the one that it describes.
        """
        return registers_of(self._description)

    def registers(self, names: Collection[str]) -> Mapping[str, int]:
        """Read those of ``names`` that the selected core has."""
        return {
            one.name: value
            for one in self.described
            if one.name in names and (value := self.register(one)) is not None
        }

    def register(self, register: Register) -> int | None:
        """Read one; None when the core has it in name only."""
        answer = self.ask(f"p{register.number:x}")
        data = b"" if answer.startswith("E") else _bytes(answer, f"p{register.number:x}")
        return int.from_bytes(data, "little") if data else None

    def read_memory(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes as the selected core sees them at ``address``.

        :raises DebugFailed: when there is no such memory.
        """
        if size <= 0:
            raise ValueError(f"size must be positive, not {size}")
        data = bytearray()
        while len(data) < size:
            part = min(_CHUNK, size - len(data))
            data += self._memory(address + len(data), part)
        return bytes(data)

    def _memory(self, address: int, size: int) -> bytes:
        command = f"m{address:x},{size:x}"
        answer = self.ask(command)
        if answer.startswith("E"):
            raise DebugFailed(f"The machine has no memory at {address:#x} ({size} bytes).")
        data = _bytes(answer, command)
        if len(data) != size:
            raise DebugFailed(f"The gdb stub gave {len(data)} bytes at {address:#x}, not {size}.")
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Write to RAM, or to flash, which a debugger may.

        :raises DebugFailed: when there is no such memory.
        """
        for at in range(0, len(data), _CHUNK):
            part = data[at : at + _CHUNK]
            self._order(f"M{address + at:x},{len(part):x}:{part.hex()}")

    def set_breakpoint(self, address: int, size: int = 2) -> None:
        """Stop before the instruction at ``address``, of ``size`` bytes."""
        self._order(f"Z0,{address:x},{size:x}")

    def remove_breakpoint(self, address: int, size: int = 2) -> None:
        """Undo :meth:`set_breakpoint`."""
        self._order(f"z0,{address:x},{size:x}")

    def resume(self, timeout: float) -> Stop:
        """Let the machine run until it stops by itself.

        :raises MachineEnded: when it runs on after ``timeout`` seconds (see :meth:`interrupt`).
        """
        self.go_on()
        return self._stop(Deadline(timeout), "c")

    def go_on(self) -> None:
        """Let the machine run, and do not wait (see :meth:`stopped_within`)."""
        self._send(b"c")

    def stopped_within(self, seconds: float) -> Stop | None:
        """Return why a machine that was let go on has stopped; None: it still runs.

        :raises MachineEnded: when it is gone.
        """
        deadline = Deadline(seconds)
        while (found := self._reader.take()) is None:
            if deadline.expired:
                return None
            self._reader.feed(self._read(deadline, "c"))
        self._write(b"+")
        return _stop_of(found)

    def step(self) -> Stop:
        """Execute one instruction of the selected core."""
        self._send(b"s")
        return self._stop(Deadline(self._timeout), "s")

    def interrupt(self) -> Stop:
        """Stop a running machine."""
        self._write(b"\x03")
        return self._stop(Deadline(self._timeout), "interrupt")

    def threads(self) -> tuple[str, ...]:
        """List the cores (harts), as the stub calls them."""
        found: list[str] = []
        answer = self.ask("qfThreadInfo")
        while _IDS.fullmatch(answer) and len(found) < _MOST_THREADS:
            found += answer[1:].split(",")
            answer = self.ask("qsThreadInfo")
        return tuple(found)

    def select(self, thread: str) -> None:
        """Make the following questions about ``thread``, one of :meth:`threads`."""
        self._order(f"Hg{thread}")
        self._order(f"Hc{thread}")

    def _description(self, name: str) -> str:
        text = ""
        while len(text) < _MOST_DESCRIPTION:
            answer = self.ask(f"qXfer:features:read:{name}:{len(text):x},{_CHUNK:x}")
            text += answer[1:]
            if not answer.startswith("m") or len(answer) == 1:
                return text if answer[:1] in {"m", "l"} else ""
        return text

    def _order(self, command: str) -> None:
        answer = self.ask(command)
        if answer != "OK":
            said = f"answers {answer[:40]!r}" if answer else "does not know the command"
            raise DebugFailed(f"The gdb stub refuses '{command[:60]}': it {said}.")

    def _stop(self, deadline: Deadline, command: str) -> Stop:
        while True:
            if (stop := _stop_of(self._answer(deadline, command))) is not None:
                return stop

    def _send(self, payload: bytes) -> None:
        self._write(packet(payload))

    def _write(self, data: bytes) -> None:
        try:
            self._connection.settimeout(self._timeout)
            self._connection.sendall(data)
        except OSError as error:
            raise MachineEnded(f"The gdb stub is gone: {error}.") from error

    def _answer(self, deadline: Deadline, command: str) -> bytes:
        while (found := self._reader.take()) is None:
            self._reader.feed(self._read(deadline, command))
        self._write(b"+")
        return found

    def _read(self, deadline: Deadline, command: str) -> bytes:
        if deadline.expired:
            raise MachineEnded(
                f"The gdb stub did not answer '{command[:60]}' within {deadline.seconds:g} s."
            )
        try:
            self._connection.settimeout(max(deadline.left, 0.001))
            data = self._connection.recv(65536)
        except TimeoutError:
            return b""
        except OSError as error:
            raise MachineEnded(f"The gdb stub is gone: {error}.") from error
        if not data:
            raise MachineEnded(f"The gdb stub is gone before it answered '{command[:60]}'.")
        return data


def _stop_of(answer: bytes) -> Stop | None:
    if answer[:1] in {b"W", b"X"}:
        raise MachineEnded("The machine ended while a debugger had it.")
    if not _STOPPED.match(answer):
        return None
    thread = _THREAD.search(answer.decode("latin-1"))
    return Stop(signal=int(answer[1:3], 16), thread=thread.group(1) if thread else "")


def _connect(connection: socket.socket, address: Path | tuple[str, int]) -> None:
    if not isinstance(address, Path):
        connection.connect(address)
        return
    # A path may be longer than the 107 bytes that an address can have.
    folder = os.open(address.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{address.name}")
    finally:
        os.close(folder)


def _bytes(answer: str, command: str) -> bytes:
    try:
        return bytes.fromhex(answer)
    except ValueError:
        raise DebugFailed(
            f"The gdb stub's answer to '{command}' is not a number: {answer[:40]!r}."
        ) from None
