"""Say what a container shall be given: mounts, network, limits, time."""

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Bind:
    """A folder or file of the host, seen at ``target`` in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
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
