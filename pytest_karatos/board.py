"""A board: what QEMU is told, where memory lies, how firmware is built and its console watched."""

from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.choices import KERNEL, LITTLE, QEMU
from pytest_karatos.watch_rules import WatchRules


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A stretch of memory; ``start`` is an address, ``size_bytes`` its length.

    >>> ram = Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024)
    >>> hex(ram.end), ram.holds(0x2000_FFFF), ram.holds(ram.end)
    ('0x20010000', True, False)
    """

    name: str
    start: int
    size_bytes: int

    @property
    def end(self) -> int:
        """The first address behind the region."""
        return self.start + self.size_bytes

    def holds(self, address: int) -> bool:
        """Tell whether ``address`` lies in the region."""
        return self.start <= address < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a value was said: by which key, and in which place (``karatos.toml:3``).

    >>> str(Origin(key="build.elf", place="karatos.toml:3")), str(Origin(key="build.elf"))
    ('karatos.toml:3: build.elf', 'default: build.elf')
    """

    key: str
    place: str = "default"

    def __str__(self) -> str:
        return f"{self.place}: {self.key}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRecipe:
    """How a board's firmware is built: texts with placeholders, filled for each build.

    ``command`` are the steps in turn, which start in ``folder`` of the tree (empty: its top).
    ``elf`` and ``map`` (empty: none) are paths or globs in the tree. ``exclude`` are patterns of
    files that are not sources, ``exclude_packaged`` whether those that every tree has are none
    either; ``exclusive`` is whether no other such build may run meanwhile, ``network`` whether the
    command reaches what is outside its container. ``pass_env`` are patterns of further variables
    that it sees; ``trace`` is whether the programs that it runs are watched, ``git`` whether
    it may ask the history of the sources.
    """

    command: tuple[str, ...] = ()
    folder: str = ""
    elf: str = ""
    map: str = ""
    exclude: tuple[str, ...] = ()
    exclude_packaged: bool = True
    exclusive: bool = False
    network: bool = True
    pass_env: tuple[str, ...] = ()
    trace: bool = True
    git: bool = False
    timeout_seconds: float = 600.0
    env: tuple[tuple[str, str], ...] = ()
    #: Where each of these was said, by its word (``elf``, ``env.CC``).
    origins: tuple[tuple[str, Origin], ...] = ()

    def origin(self, word: str) -> Origin:
        """Return where ``word`` was said."""
        return dict(self.origins).get(word, Origin(key=f"build.{word}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class SerialPort:
    """How hardware on a serial port is reached; ``flash`` and ``reset`` are commands.

    In them ``{elf}``, ``{port}`` and ``{baud}`` stand for what they name. ``flash_seconds`` is how
    long each may take.
    """

    port: str = ""
    baud: int = 115200
    flash: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    flash_seconds: float = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A machine that firmware runs on. All of it is data from TOML; none of it is code.

    >>> Board(name="lm3s6965evb", arch="arm", qemu=("-machine", "lm3s6965evb")).id
    'arm'
    """

    name: str
    arch: str
    #: The board's name in the firmware tree's own build command (``{board}``).
    build_name: str = ""
    #: Target triple of the compiler (``{triple}``); empty when the build needs none.
    triple: str = ""
    #: What it runs on: ``qemu``, ``serial`` (hardware), or an emulator of one's own.
    kind: str = QEMU
    #: Where the hardware is, of kind ``serial``.
    serial: SerialPort = field(default_factory=SerialPort)
    #: What an emulator of one's own is told of this board.
    options: tuple[tuple[str, str], ...] = ()
    #: The QEMU program.
    emulator: str = "qemu-system-arm"
    #: QEMU arguments that make this board: ``-machine``, ``-cpu``, ``-m``, ``-bios`` ...
    qemu: tuple[str, ...] = ()
    #: Which line is the console: ``uart0`` ... ``uart3`` or ``semihosting``.
    console: str = "uart0"
    #: Whether the CPU may use semihosting (exit status, console output).
    semihosting: bool = False
    #: How the ELF gets in: ``kernel`` (``-kernel``), ``bios`` (``-bios``) or ``device``
    #: (``-device loader``).
    loader: str = KERNEL
    #: QEMU ``-icount`` value; ``off`` for wall-clock time.
    icount: str = "shift=5,sleep=off"
    #: What the ELF header must say: ``e_machine`` without ``EM_``, and 32 or 64.
    elf_machine: str = "ARM"
    elf_bits: int = 32
    #: Byte order of the ELF: ``little`` or ``big``.
    elf_endian: str = LITTLE
    regions: tuple[Region, ...] = ()
    #: How a machine ends when all is well: a status, ``never``, or None when nobody says.
    expect_exit: int | str | None = None
    #: Whether tests may break its machines on purpose: memory, interrupts.
    inject: bool = False
    #: Whether the emulator is held to the files of its boot.
    contained: bool = True
    #: Paths that a contained emulator may read (and run), and write, besides.
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    #: Whether semihosting may make and open files in a private folder of each boot.
    semihosting_files: bool = False
    build: BuildRecipe = field(default_factory=BuildRecipe)
    watch: WatchRules = field(default_factory=WatchRules)
    #: Whether ``--arch=<arch>`` means this board when several have that arch.
    default: bool = True

    @property
    def id(self) -> str:
        """The board's word in a test id: its arch, or arch and name for a further board."""
        return self.arch if self.default else f"{self.arch}-{self.name}"

    def region_of(self, address: int) -> Region | None:
        """Find the region that holds ``address``."""
        return next((region for region in self.regions if region.holds(address)), None)

    def overrun(self, start: int, end: int) -> tuple[Region, int] | None:
        """Return the region that ``start`` to ``end`` leaves, and by how many bytes, or None.

        Regions that touch are one memory.

        >>> ram = Region(name="ram", start=0x2000_0000, size_bytes=64)
        >>> board = Board(name="b", arch="arm", regions=(ram,))
        >>> board.overrun(0x2000_0000, 0x2000_0040), board.overrun(0x2000_0000, 0x2000_0041)[1]
        (None, 1)
        """
        region = self.region_of(start)
        while region is not None and region.end < end:
            further = self.region_of(region.end)
            if further is None:
                return region, end - region.end
            region = further
        return None
