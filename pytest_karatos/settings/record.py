"""The frozen record of a run's settings, each value with the place it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pytest_karatos.binaries import BINARY, binaries_in, pattern_of
from pytest_karatos.board import Board, Origin
from pytest_karatos.choices import AUTO, DEBUG, PROFILES
from pytest_karatos.dialect import Dialect
from pytest_karatos.measurement import Budget
from pytest_karatos.settings.baselines import BaselineRules
from pytest_karatos.settings.explore import Explore
from pytest_karatos.shard import Shard


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one build may take of the machine."""

    memory_bytes: int = 4 * 1024**3
    cpus: float = 2.0
    pids: int = 512
    #: Builds at once on the machine; 0 is one per processor.
    jobs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """What firmware is compiled with in a container: an image, and what that gets besides.

    ``image`` is a Dockerfile's folder (absolute, with a slash behind it), an image's name, or empty
    for ours. ``targets`` are Rust targets beyond the image's own, ``packages`` Debian packages.
    ``name`` is what it is called among several, empty for the only one.
    """

    name: str = ""
    image: str = ""
    targets: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    #: Where each of these was said, by its word.
    origins: tuple[tuple[str, Origin], ...] = ()

    @property
    def adds(self) -> bool:
        """Whether the image gets anything besides what is in it."""
        return bool(self.targets or self.packages)

    def origin(self, word: str) -> Origin:
        """Return where ``word`` was said.

        >>> str(Toolchain().origin("image"))
        'default: build.image'
        """
        table = "build" if word == "image" else "toolchain"
        return dict(self.origins).get(word, Origin(key=f"{table}.{word}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverageSpec:
    """Whether it is noted what boots execute, and what counts.

    ``fail_under`` is the least percentage of lines, None without a limit. ``roots`` are folders
    that ELFs from elsewhere were built in; ``exclude`` patterns for paths in the tree. With
    ``branches`` it is told too which of them were taken, and ``fail_under_branches`` limits it.
    """

    wanted: bool = False
    branches: bool = False
    fail_under_branches: float | None = None
    fail_under_branches_origin: str = ""
    fail_under: float | None = None
    fail_under_origin: str = ""
    roots: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareSpec:
    """One firmware of the tree, or a family of them that one build makes.

    ``boards`` are the boards that it is for, each with the recipe and the rules that hold for it.
    The general one of ``[build]`` has no name. ``binaries`` are the names of a family, or the place
    of files in the tree that tell them; ``expected`` is where the expected output of each is.
    """

    name: str = ""
    boards: tuple[Board, ...] = ()
    features: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()
    expected: str = ""
    origin: str = "default"

    def board(self, name: str) -> Board | None:
        """Return the board of that name as it is for this firmware; None where it is for others."""
        return next((one for one in self.boards if one.name == name), None)

    @property
    def is_family(self) -> bool:
        """Whether it is many binaries: the recipe has a place for the name of one."""
        recipes = (board.build for board in self.boards)
        return any(
            BINARY in text
            for one in recipes
            for text in (*one.command, one.folder, one.elf, *(value for _, value in one.env))
        )

    def listed(self, source: Path) -> tuple[str, ...]:
        """Return the names of its binaries as far as settings and ``source`` tell; () for not.

        Where files tell them, as sources or expected outputs, nothing needs to be built for that.
        """
        place = next((one for one in (*self.binaries, self.expected) if BINARY in one), "")
        if not place:
            return self.binaries
        files = (path.relative_to(source) for path in source.glob(pattern_of(place)))
        return tuple(binaries_in(place, (PurePosixPath(one).as_posix() for one in files)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a run was told. ``origins`` maps a dotted key to its place, as ``karatos.toml:3``.

    ``boards`` are all known ones, ``chosen`` those that ``--arch`` and friends picked, in a stable
    order; ``prebuilt`` maps an arch or board name to an ELF.
    """

    root: Path
    source: Path
    builder: str = AUTO
    launcher: str = AUTO
    toolchain: Toolchain = field(default_factory=Toolchain)
    prebuilt: Mapping[str, Path] = field(default_factory=dict)
    boards: tuple[Board, ...] = ()
    chosen: tuple[Board, ...] = ()
    #: The general firmware of ``[build]``, which has no name, and each ``[firmware.NAME]``.
    firmwares: tuple[FirmwareSpec, ...] = ()
    #: The firmwares of a test that names none, and whether they were chosen for this run.
    by_default: tuple[str, ...] = ("",)
    only_these: bool = False
    #: Patterns of the binaries that were chosen for this run; none is all.
    binaries: tuple[str, ...] = ()
    profiles: tuple[str, ...] = (DEBUG,)
    #: What a marker's ``profile`` may be: also what this run has not chosen.
    known_profiles: tuple[str, ...] = PROFILES
    limits: Limits = field(default_factory=Limits)
    dialects: tuple[Dialect, ...] = ()
    budgets: tuple[Budget, ...] = ()
    coverage: CoverageSpec = field(default_factory=CoverageSpec)
    #: Variables with which an ELF without line tables is built again; empty: it is not.
    line_tables: tuple[tuple[str, str], ...] = ()
    baseline: BaselineRules = field(default_factory=BaselineRules)
    artifacts: Path = Path(".karatos")
    history: Path = Path(".karatos/history.sqlite")
    cache: Path = Path(".cache")
    cache_bytes: int = 2 * 1024**3
    #: Where several machines share what they built; empty for nowhere. Whether we add to it.
    cache_remote: str = ""
    cache_sends: bool = True
    trees_bytes: int = 8 * 1024**3
    json_path: Path | None = None
    #: Files and folders that the run writes: its artifacts, its reports, by whatever name.
    written: tuple[Path, ...] = ()
    #: Whether a run that was asked for a board may succeed without a test on one.
    allow_none: bool = False
    #: How often each test boots, and what is different in each of its boots.
    boots: int = 1
    variation: str = ""
    #: The part of the tests that this machine runs; None for all.
    shard: Shard | None = None
    #: What is to be explored of each test that boots, and whether markers may say so.
    explore: Explore = field(default_factory=Explore)
    explores: bool = True
    origins: Mapping[str, str] = field(default_factory=dict)
    #: Every value under the same dotted keys as ``origins``, for listings.
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_one_of_many(self) -> bool:
        """Whether other machines run other parts of the tests."""
        return self.shard is not None and self.shard.of > 1
