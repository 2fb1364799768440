"""What a build in a container is asked for, in few words, and what it may take."""

from collections.abc import Mapping
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.settings.record import Limits

LIMITS = Limits(memory_bytes=64 * 1024**2, pids=64)


def request(
    source: Path,
    command: str,
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
    *,
    network: bool = False,
) -> BuildRequest:
    """Ask for ``kernel``, with ``kernel.map``, as ``command`` makes it of ``source``."""
    return BuildRequest(
        board=Board(name="lm3s6965evb", arch="arm"),
        profile="debug",
        source=source,
        command=command,
        elf="kernel",
        map="kernel.map",
        env=tuple((env or {}).items()),
        timeout_seconds=timeout,
        network=network,
    )
