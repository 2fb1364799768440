"""Describe firmware: what was asked to be built, and what came out with its provenance."""

from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.board import Board


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
    features: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    timeout_seconds: float = 600.0
    map: str = ""
    #: Patterns of files in ``source`` that are no sources: names, or paths where they have a "/".
    exclude: tuple[str, ...] = ()
    #: Whether no other such build may run meanwhile.
    serial: bool = False
    #: Names and archs of boards that this is not: what is called after one is not for this build.
    strangers: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The build's name for people: ``arm debug`` or ``arm debug +panic``."""
        extra = "".join(f" +{feature}" for feature in self.features)
        return f"{self.board.id} {self.profile}{extra}"

    @property
    def slot(self) -> str:
        """The folder word of this build's own copy of the tree: features share a copy."""
        return f"{self.board.name}-{self.profile}"


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
    #: True when this run built it, False when it came off the shelf.
    fresh: bool = False
    #: SHA-256 of the ELF, in hex.
    elf_sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Firmware:
    """A built ELF with its board, its key on the shelf, its sizes and its origin."""

    elf: Path
    board: Board
    profile: str
    key: str
    sizes: Sizes
    provenance: Provenance
    features: tuple[str, ...] = ()
    log: Path | None = field(default=None)
    #: The linker's map, where the settings say which file that is.
    map: Path | None = None
