"""A TCP port of this machine for a gdb, before a stub that listens on a socket of a private folder.

A gdb that people start finds a port wherever it runs, and whatever its age.
"""

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_HERE = "127.0.0.1"
_CHUNK = 64 * 1024


class Relay:
    """Listens on a free port and hands each gdb through to the stub at ``path``, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listening = socket.create_server((_HERE, 0))
        threading.Thread(target=self._serve, name="karatos-gdb", daemon=True).start()

    @property
    def address(self) -> str:
        """What gdb calls it: ``127.0.0.1:PORT``."""
        return f"{_HERE}:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                with client, socket.socket(socket.AF_UNIX) as stub, contextlib.suppress(OSError):
                    stub.connect(str(self._path))
                    back = threading.Thread(target=_hand_over, args=[stub, client], daemon=True)
                    back.start()
                    _hand_over(client, stub)
                    back.join()


def _hand_over(source: socket.socket, target: socket.socket) -> None:
    """Hand over what comes until one end is closed; then close the other."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
