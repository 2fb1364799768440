"""Firmware: what was asked to be built, and what came out, with its provenance."""

from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.binaries import BINARY
from pytest_karatos.board import Board
from pytest_karatos.measurement import Measurement

#: Stands for the revision of the sources; who builds fills it in.
REVISION = "{revision}"


def title_of(board: Board, profile: str, features: tuple[str, ...], *name: str) -> str:
    """Name a firmware in few words; ``name`` is what the settings call it, and its binary.

    >>> title_of(Board(name="b", arch="arm"), "debug", ("fast",), "examples", "idle")
    'arm debug examples/idle +fast'
    """
    own = "/".join(filter(None, name))
    words = [board.id, profile, *([own] if own else [])]
    return " ".join([*words, *(f"+{feature}" for feature in features)])


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """Everything that decides what a build makes, except the toolchain and the sources' bytes.

    ``command`` is already rendered for this board and profile; ``elf`` is a path or glob relative
    to the tree, rendered too; so is ``map``, the linker's map, empty when nobody asked for one.
    ``features`` are extra cargo-style features, sorted.
    """

    board: Board
    profile: str
    source: Path
    command: str
    elf: str
    #: What the settings call it; empty for the general one.
    firmware: str = ""
    #: The one binary that is built, where each has a build of its own.
    binary: str = ""
    features: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    timeout_seconds: float = 600.0
    map: str = ""
    #: Patterns of files in ``source`` that are not sources: names, or paths where they have a "/".
    exclude: tuple[str, ...] = ()
    #: Files and folders that the run itself writes: never sources, whatever they are called.
    written: tuple[Path, ...] = ()
    #: Patterns of further variables of the environment that the command sees.
    pass_env: tuple[str, ...] = ()
    #: Whether the programs that the command runs are watched, where that is possible.
    trace: bool = True
    #: Whether its copy of the sources has a repository that answers ``git describe``.
    git: bool = False
    #: Whether no other such build may run meanwhile.
    exclusive: bool = False
    #: Whether the command may reach what is outside its container.
    network: bool = True
    #: Names and archs of boards that this is not: what is called after one is not for this build.
    other_boards: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The build's name for people: ``arm debug`` or ``arm debug +panic``."""
        return title_of(self.board, self.profile, self.features, self.firmware, self.binary)

    @property
    def many(self) -> bool:
        """Whether the one build makes many ELFs, ``{binary}`` in ``elf`` being their names."""
        return BINARY in self.elf

    @property
    def slot(self) -> str:
        """The word of this build in the names of folders and logs."""
        return "-".join(filter(None, (self.board.name, self.profile, self.firmware)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """What an ELF takes of a board's memory, in bytes.

    ``flash_bytes`` is the image as programmed (``objcopy -O binary`` length within flash; for a
    board without flash the length of the loaded image). ``ram_bytes`` is what statics take of RAM.
    ``reserved_bytes`` is RAM set aside by NOLOAD sections for heap and stack.
    """

    flash_bytes: int = 0
    ram_bytes: int = 0
    reserved_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where a firmware came from; plain values only, so that it can be written as JSON."""

    builder: str
    toolchain: str
    command: str
    source: str
    source_revision: str = ""
    #: The builder image by name, when it was built in a container.
    image: str = ""
    built_at: str = ""
    seconds: float = 0.0
    #: True when this run built it, False when it was cached.
    fresh: bool = False
    #: SHA-256 of the ELF, in hex.
    elf_sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Firmware:
    """A built ELF with its board, its key in the build cache, its sizes and its origin."""

    elf: Path
    board: Board
    profile: str
    key: str
    provenance: Provenance
    #: What was measured of the ELF.
    measurements: tuple[Measurement, ...] = ()
    features: tuple[str, ...] = ()
    #: What the settings call it, empty for the general one; and which of its binaries it is.
    name: str = ""
    binary: str = ""
    #: The key of the build that made it, and maybe others.
    build: str = ""
    #: Where the output that is expected of it stands, if the settings say so.
    expected: Path | None = None
    log: Path | None = field(default=None)
    #: The linker's map, where the settings say which file that is.
    map: Path | None = None
    #: The same image with line tables, where the ELF has none.
    lines: Path | None = None
    #: What may not work on its board, as sentences.
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The firmware's name for people: ``arm debug`` or ``arm debug examples/idle +panic``."""
        return title_of(self.board, self.profile, self.features, self.name, self.binary)

    @property
    def sizes(self) -> Sizes:
        """What the ELF takes of the board's memory, by the measurements of it."""
        found = {one.name: int(one.value) for one in self.measurements}
        return Sizes(
            flash_bytes=found.get("flash", 0),
            ram_bytes=found.get("ram", 0),
            reserved_bytes=found.get("reserved", 0),
        )
