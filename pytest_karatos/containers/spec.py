"""What a container is given (mounts, network, limits, time, certificates), and whose it is."""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Bind:
    """A folder or file of the host, seen at ``target`` in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerSpec:
    """What one container gets. ``seconds`` is when it ends by itself, whatever became of us.

    ``ca`` is the host's bundle of trusted certificates: the container trusts what the host trusts.
    """

    image: str
    seconds: float
    binds: tuple[Bind, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    network: bool = False
    memory_bytes: int = 2 * 1024**3
    cpus: float = 2.0
    pids: int = 512
    ca: Path | None = None
    user: str = field(default_factory=lambda: f"{os.getuid()}:{os.getgid()}")


OWNER_PID = "org.pytest-karatos.owner-pid"
OWNER_START = "org.pytest-karatos.owner-start"
HOST = "org.pytest-karatos.host"
DEADLINE = "org.pytest-karatos.deadline"

#: A container gets this long after its deadline to end by itself (``timeout -k``).
GRACE_SECONDS = 60


def labels(seconds: float) -> dict[str, str]:
    """Return what marks a container as ours, owned by this process, for ``seconds``."""
    return {
        OWNER_PID: str(os.getpid()),
        OWNER_START: started_at(os.getpid()),
        HOST: this_host(),
        DEADLINE: str(int(time.time() + seconds + GRACE_SECONDS)),
    }


def is_leftover(marks: Mapping[str, str]) -> bool:
    """Tell whether a container with these labels is ours and nobody needs it any more.

    >>> is_leftover({"some": "label"})
    False
    >>> is_leftover(labels(60)), is_leftover({**labels(60), OWNER_START: "0"})
    (False, True)
    >>> is_leftover({**labels(60), HOST: "elsewhere", OWNER_START: "0"})
    False
    """
    if not {OWNER_PID, OWNER_START, HOST, DEADLINE} <= marks.keys():
        return False
    # A process number means something only where it was given out.
    if marks[HOST] == this_host() and marks[OWNER_PID].isdigit():
        return started_at(int(marks[OWNER_PID])) != marks[OWNER_START]
    # Elsewhere a clock has to do, which may be set: here it would end what is in use.
    return marks[DEADLINE].isdigit() and int(marks[DEADLINE]) < time.time()


def this_host() -> str:
    """Name the place where process numbers are counted: the host, and its pid namespace."""
    return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"


def started_at(pid: int) -> str:
    """Return when process ``pid`` started, in ticks since boot; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name, in parentheses, may hold spaces and parentheses: count from behind it.
    return stat.rpartition(")")[2].split()[19]


#: Where the bundle is in the container: Debian's place, which most programs look at.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

#: Debian and its kin, Fedora and its kin, openSUSE, Alpine.
_PLACES = (
    BUNDLE,
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

#: Programs that look elsewhere are told.
VARIABLES = dict.fromkeys(
    (
        "SSL_CERT_FILE",
        "CARGO_HTTP_CAINFO",
        "GIT_SSL_CAINFO",
        "CURL_CA_BUNDLE",
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
    ),
    BUNDLE,
)


def host_ca(environ: Mapping[str, str]) -> Path | None:
    """Find the host's bundle: ``SSL_CERT_FILE`` if set, else where distributions keep it.

    >>> host_ca({"SSL_CERT_FILE": "/proc/self/status"})
    PosixPath('/proc/self/status')
    """
    places = (environ.get("SSL_CERT_FILE", ""), *_PLACES)
    return next(
        (Path(place).absolute() for place in places if place and Path(place).is_file()), None
    )
