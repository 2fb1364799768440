"""A way to the Docker daemon that can be cut, or hushed: for a client, the daemon is that then."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

_DAEMON = "/var/run/docker.sock"


class DockerProxy:
    """A socket at ``path``, or a port without one, that leads to the daemon until :meth:`cut`."""

    def __init__(self, path: Path | None) -> None:
        self._open: list[socket.socket] = []
        self._speaks = threading.Event()
        self._speaks.set()
        if path is None:
            self._server = socket.create_server(("127.0.0.1", 0))
            host = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        else:
            self._server = socket.socket(socket.AF_UNIX)
            self._server.bind(str(path))
            host = f"unix://{path}"
        self._server.listen()
        self.environ = {"DOCKER_HOST": host}
        threading.Thread(target=self._accept, daemon=True).start()

    def hush(self) -> None:
        """Keep every connection and accept more, but let no byte pass."""
        self._speaks.clear()

    def cut(self) -> None:
        """End every connection and accept no more."""
        self._speaks.set()
        for one in (self._server, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                daemon = socket.socket(socket.AF_UNIX)
                daemon.connect(_DAEMON)
                self._open += [client, daemon]
                for ends in ((client, daemon), (daemon, client)):
                    threading.Thread(
                        target=_pass_on, args=(*ends, self._speaks), daemon=True
                    ).start()


def _pass_on(source: socket.socket, target: socket.socket, speaks: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            speaks.wait()
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def docker_proxy(path: Path | None = None) -> Iterator[DockerProxy]:
    """Keep a proxy for as long as the block lasts."""
    proxy = DockerProxy(path)
    try:
        yield proxy
    finally:
        proxy.cut()
