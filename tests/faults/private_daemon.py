"""A Docker daemon of a test's own, which may be killed: nobody else's containers are there.

It has a network of its own, since a daemon settles the host's bridge and its rules; its mounts, its
containerd, its data and its socket are apart too.
"""

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from pytest_karatos.builders.image import Image
from pytest_karatos.containers import Engine, connect
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import EngineDown

_NEEDED = ("dockerd", "containerd", "unshare")
_START_SECONDS, _END_SECONDS = 90.0, 20.0
#: What its image consists of: these programs of the host, with the libraries that they ask for.
_PROGRAMS = ("sh", "cat", "sleep", "timeout", "qemu-system-riscv32")
_FOLDERS = ("etc", "proc", "sys", "dev", "tmp", "var", "var/tmp", "run", "src", "cargo")


def missing() -> str:
    """Say why no daemon can be started here; empty when one can."""
    if os.geteuid():
        return "only root can start a Docker daemon of its own"
    absent = [one for one in _NEEDED if shutil.which(one) is None]
    return f"{', '.join(absent)} is not installed" if absent else ""


class PrivateDaemon:
    """A dockerd below ``folder``; it runs from :meth:`start` on until :meth:`kill`, or its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"DOCKER_HOST": f"unix://{folder / 'sock'}"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers.

        On a busy host it may give up its containerd before that is there; it is tried again then.
        """
        deadline = Deadline(_START_SECONDS)
        while not deadline.expired:
            if self._process is None or self._process.poll() is not None:
                self._process = self._started()
            with contextlib.suppress(EngineDown):
                connect(self.environ).close()
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.2)
        raise RuntimeError("dockerd did not start:\n" + (self.folder / "log").read_text()[-3000:])

    def _started(self) -> subprocess.Popen[bytes]:
        argv = ["unshare", "--net", "--mount", "dockerd", *_options(self.folder)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(argv, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it as the kernel does it; what it had started goes on."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """End it as a service is ended, its containers too, and start it again."""
        self._end(signal.SIGTERM)
        self.start()

    def close(self) -> None:
        """End it, and whatever runs below its folder."""
        self._end(signal.SIGTERM)
        for pid in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def running(self) -> list[int]:
        """List the processes that have to do with its folder: daemons, and those that they keep."""
        word = os.fsencode(self.folder)
        return [int(one.name) for one in Path("/proc").glob("[0-9]*") if _speaks_of(one, word)]

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(_END_SECONDS)
            self._process = None


def _options(folder: Path) -> list[str]:
    (folder / "none.json").write_text("{}")  # that of the host says where the host's data are
    names = {
        "config-file": folder / "none.json",
        "data-root": folder / "data",
        "exec-root": folder / "exec",
        "pidfile": folder / "pid",
        "host": f"unix://{folder / 'sock'}",
        "storage-driver": "vfs",  # the only one that works on every file system
        "containerd-namespace": folder.name,
        "containerd-plugins-namespace": f"{folder.name}-plugins",
        "shutdown-timeout": "2",
        "bridge": "none",
        "iptables": "false",
        "log-level": "error",
    }
    return [f"--{name}={value}" for name, value in names.items()]


def _speaks_of(process: Path, word: bytes) -> bool:
    try:
        return word in (process / "cmdline").read_bytes()
    except OSError:  # it is gone
        return False


@contextlib.contextmanager
def private_daemon() -> Iterator[PrivateDaemon]:
    """Run a daemon with its own image for as long as the block lasts."""
    # A socket's name is short, and pytest's folders have long ones.
    with tempfile.TemporaryDirectory(prefix="dockerd-", ignore_cleanup_errors=True) as name:
        daemon = PrivateDaemon(Path(name))
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.close()


def image_of(engine: Engine) -> Image:
    """Make an image out of a few programs of the host."""
    api = engine._client.api
    api.import_image_from_data(_archive(_PROGRAMS), repository="few", tag="programs")
    found = engine.image_id("few:programs")
    assert found is not None
    return Image(name="few:programs", id=found)


def _archive(programs: Sequence[str]) -> bytes:
    places = {f"bin/{one}": Path(str(shutil.which(one))) for one in programs}
    for place in list(places.values()):
        places |= {one: Path("/", one) for one in _libraries(place)}
    # Docker makes a folder that the archive does not name so that only root can enter it.
    parents = {str(parent) for one in places for parent in PurePosixPath(one).parents}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", dereference=True) as tar:
        for folder in sorted({*_FOLDERS, *parents} - {"."}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, place in places.items():
            tar.add(place, name)
    return data.getvalue()


def _libraries(program: Path) -> list[str]:
    told = subprocess.run(
        [str(shutil.which("ldd")), program], capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r"/(\S+) \(0x", told)
