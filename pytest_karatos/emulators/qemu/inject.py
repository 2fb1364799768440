"""What a test can break in a machine on purpose: memory, one bit of it, an interrupt's line.

It is off unless a board or a test asks for it (``inject = true``). Memory is written through gdb's
stub, a line is raised through QEMU's qtest, whose socket has no name any more when the guest runs.
"""

import contextlib
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.emulators.qemu.clock import connect
from pytest_karatos.emulators.qemu.pace import Pace
from pytest_karatos.emulators.qemu.stub import GdbStub
from pytest_karatos.errors import BadSetting, MachineEnded, NotPossible

_SOCKET = "qtest"
_SECONDS = 5.0
#: A line of QEMU's tree of objects: its depth, name and type.
_OBJECT = re.compile(r"^( *)/(\S+) \(([\w.-]+)\)", re.MULTILINE)
#: What interrupt lines lead to, by the type of the object.
_CONTROLLERS = ("armv7m", "riscv.sifive.plic", "arm_gic", "arm-gicv3")
_INDENT, _BITS = 2, 8
_MOST_LINES = 4096


def arguments(board: Board, folder: Path) -> tuple[str, ...]:
    """Return what QEMU is told besides, where ``board`` asks for it; ``folder`` is for its socket.

    QEMU stands in the folder beside it: a socket's address has 107 bytes.
    """
    if not board.inject:
        return ()
    return (
        *("-qtest", f"unix:../{folder.name}/{_SOCKET},server=on,wait=off"),
        *("-qtest-log", "/dev/null"),
    )


class Injector:
    """Breaks one machine; ``pace`` stops it, which its guest does not notice."""

    def __init__(
        self,
        board: Board,
        pace: Pace,
        stub: GdbStub,
        wires: BootFiles,
        symbols: Callable[[], Symbols],
    ) -> None:
        self._board = board
        self._symbols = symbols
        self._pace = pace
        self._stub = stub
        self._path = wires.pipes / _SOCKET
        self._line: socket.socket | None = None

    def attach(self) -> None:
        """Connect before the guest runs, and take the socket's name away."""
        if not self._board.inject:
            return
        self._line = socket.socket(socket.AF_UNIX)
        self._line.settimeout(_SECONDS)
        try:
            connect(self._line, self._path)
        except OSError as error:
            raise MachineEnded(f"QEMU does not let us inject: {error}.") from error
        finally:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def close(self) -> None:
        """Close the line."""
        if self._line is not None:
            self._line.close()

    def require(self) -> None:
        """Raise BadSetting where nobody has asked for it."""
        if not self._board.inject:
            raise BadSetting(
                f"board '{self._board.name}' is not to be broken: inject is off.",
                why="who changes a machine's memory or interrupts tests another machine.",
                fix="@pytest.mark.karatos(inject=True), or [emulator] inject = true",
            )

    def poke(self, address: int | str, data: bytes) -> None:
        """Write ``data`` at ``address``, or into the variable of that name."""
        self.require()
        if isinstance(address, str):
            address = self._symbols().named(address).address
        with self._stub.debugger() as (_, client):
            client.write_memory(address, data)

    def flip(self, name: str, bit: int) -> None:
        """Turn a bit of a variable over."""
        self.require()
        address, number = byte_and_bit(*self._symbols().stretch(name), bit)
        with self._stub.debugger() as (_, client):
            (byte,) = client.read_memory(address, 1)
            client.write_memory(address, bytes([byte ^ 1 << number]))

    def interrupt(self, number: int, levels: Sequence[int]) -> None:
        """Give the line of an interrupt ``levels`` in turn."""
        self.require()
        if not 0 <= number < _MOST_LINES:
            raise ValueError(f"there is no interrupt {number}")
        with self._pace.stopped():
            path = self._controller()
            for one in levels:
                self._order(f"set_irq_in {path} unnamed-gpio-in {number} {one}")

    def _controller(self) -> str:
        line: dict[str, Any] = {"command-line": "info qom-tree"}
        tree: str = self._pace.qmp.ask("human-monitor-command", **line)
        found = {kind: path for path, kind in _objects(tree)}
        path = next((found[kind] for kind in _CONTROLLERS if kind in found), None)
        if path is None:
            raise NotPossible("this machine has no interrupt controller that is known here.")
        return path

    def _order(self, command: str) -> None:
        if self._line is None:
            raise MachineEnded("nobody listens for what is to be injected.")
        try:
            self._line.sendall(command.encode() + b"\n")
            answer = self._line.recv(4096)
        except OSError as error:
            raise MachineEnded(f"QEMU does not answer: {error}.") from error
        if not answer.startswith(b"OK"):
            raise NotPossible(f"QEMU refuses '{command}': {answer[:80]!r}.")


class Breakable:
    """What a machine has that can be broken on purpose, where ``inject = true`` says so."""

    injector: Injector

    def poke(self, address: int | str, data: bytes) -> None:
        """Write ``data`` at ``address``, or into the variable of that name.

        :raises BadSetting: where nobody asked for it. :raises DebugFailed: without memory there.
        """
        self.injector.poke(address, data)

    def flip(self, name: str, bit: int) -> None:
        """Turn bit ``bit`` of a variable over, counted from the lowest of its first byte.

        :raises BadSetting: where nobody asked for it. :raises UnknownName: for an unknown name.
        """
        self.injector.flip(name, bit)

    def interrupt(self, number: int, *, level: bool | None = None) -> None:
        """Raise an interrupt's line and lower it again; with a ``level`` only the one or other.

        :raises BadSetting: where nobody asked for it. :raises NotPossible: without such a line.
        """
        self.injector.interrupt(number, (1, 0) if level is None else (int(level),))


def _objects(tree: str) -> Iterator[tuple[str, str]]:
    r"""Give the path and the type of each object.

    >>> list(_objects("/machine (a)\n  /unattached (container)\n    /device[1] (armv7m)\n"))[-1]
    ('/machine/unattached/device[1]', 'armv7m')
    """
    path: list[str] = []
    for spaces, name, kind in _OBJECT.findall(tree):
        path = [*path[: len(spaces) // _INDENT], name]
        yield "/" + "/".join(path), kind


def byte_and_bit(start: int, size: int, bit: int) -> tuple[int, int]:
    """Return the address and the bit in its byte of bit ``bit`` of ``size`` bytes from ``start``.

    :raises ValueError: when there is no such bit.

    >>> byte_and_bit(0x20000000, 4, 11)
    (536870913, 3)
    """
    if not 0 <= bit < size * _BITS:
        raise ValueError(f"bit must be from 0 to {size * _BITS - 1}, not {bit}")
    return start + bit // _BITS, bit % _BITS
