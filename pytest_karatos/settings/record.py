"""Hold everything a run was told, once, frozen, each value with the place it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.event import Dialect
from pytest_karatos.measurement import Budget
from pytest_karatos.watch import WatchRules


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one build may take of the machine."""

    memory_bytes: int = 4 * 1024**3
    cpus: float = 2.0
    pids: int = 512
    seconds: float = 600.0
    #: Builds at once on the machine; 0 is one per processor.
    jobs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a run was told. ``origins`` maps a dotted key to its place, as ``karatos.toml:3``.

    ``boards`` are all known ones, ``chosen`` those that ``--arch`` and friends picked, in a stable
    order; ``prebuilt`` maps an arch or board name to an ELF.
    """

    root: Path
    source: Path
    #: The steps of a build, in turn.
    command: tuple[str, ...]
    elf: str
    map: str = ""
    build_env: tuple[tuple[str, str], ...] = ()
    #: Where in the tree a build starts; empty for its top.
    folder: str = ""
    #: Patterns of files that are no sources.
    exclude: tuple[str, ...] = ()
    #: Whether builds of this firmware never run side by side.
    serial: bool = False
    builder: str = "auto"
    emulator: str = "auto"
    #: A Dockerfile's folder (absolute, with a slash behind it), an image name, or empty for ours.
    image: str = ""
    prebuilt: Mapping[str, Path] = field(default_factory=dict)
    boards: tuple[Board, ...] = ()
    chosen: tuple[Board, ...] = ()
    profiles: tuple[str, ...] = ("debug",)
    timeout_seconds: float = 30.0
    limits: Limits = field(default_factory=Limits)
    rules: WatchRules = field(default_factory=WatchRules)
    dialect: str = "auto"
    dialects: tuple[Dialect, ...] = ()
    budgets: tuple[Budget, ...] = ()
    artifacts: Path = Path(".karatos")
    cache: Path = Path(".cache")
    cache_bytes: int = 2 * 1024**3
    json_path: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    #: Every value under the same dotted keys as ``origins``, for listings.
    values: Mapping[str, object] = field(default_factory=dict)
