"""Describe a board: what QEMU is told, where its memory lies, which line is its console."""

from dataclasses import dataclass


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
class Board:
    """A machine that firmware runs on. All of it is data from TOML; none of it is code.

    >>> Board(name="lm3s6965evb", arch="arm", machine=("-machine", "lm3s6965evb")).id
    'arm'
    """

    name: str
    arch: str
    #: The board's name in the firmware tree's own build command (``{board}``).
    build_name: str = ""
    #: Target triple of the compiler (``{triple}``); empty when the build needs none.
    triple: str = ""
    #: The QEMU program.
    emulator: str = "qemu-system-arm"
    #: QEMU arguments that make this board: ``-machine``, ``-cpu``, ``-m``, ``-bios`` ...
    machine: tuple[str, ...] = ()
    #: Which line is the console: ``uart0`` ... ``uart3`` or ``semihosting``.
    console: str = "uart0"
    #: Whether the CPU may use semihosting (exit status, console output).
    semihosting: bool = False
    #: How the ELF gets in: ``kernel`` (``-kernel``), ``bios`` (``-bios``) or ``device``
    #: (``-device loader``).
    loader: str = "kernel"
    #: QEMU ``-icount`` value; ``off`` for wall-clock time.
    icount: str = "shift=5,sleep=off"
    #: What the ELF header must say: ``e_machine`` without ``EM_``, and 32 or 64.
    elf_machine: str = "ARM"
    elf_bits: int = 32
    #: Byte order of the ELF: ``little`` or ``big``.
    elf_endian: str = "little"
    regions: tuple[Region, ...] = ()
    #: How a machine ends when all is well: a status, ``never``, or None when nobody says.
    expect_exit: int | str | None = None
    #: Whether ``--arch=<arch>`` means this board when several have that arch.
    default: bool = True

    @property
    def id(self) -> str:
        """The board's word in a test id: its arch, or arch and name for a further board."""
        return self.arch if self.default else f"{self.arch}-{self.name}"

    def region_of(self, address: int) -> Region | None:
        """Find the region that holds ``address``."""
        return next((region for region in self.regions if region.holds(address)), None)
