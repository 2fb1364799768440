"""What a contained program may reach of the file system, as lists of paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Below each of these prefixes lie libraries, the loader of programs, and QEMU's data.
_PREFIXES = ("/", "/usr", "/usr/local")
_SHELVES = ("lib", "lib32", "lib64", "libx32", "libexec", "share")
#: Systems that keep every package below one folder.
_STORES = ("/nix/store", "/gnu/store")
#: Where the loader finds the libraries that are in none of its own folders.
_LOADER_FILES = ("/etc/ld.so.cache",)
_READ_DEVICES = ("/dev/urandom", "/dev/random", "/dev/zero")
#: A program that is a script runs others.
_COMMANDS = ("/bin", "/usr/bin", "/usr/local/bin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Paths that a program may use; everything else is refused, whoever the user is.

    A folder stands for all that is in it. ``runs`` may be read and executed, ``reads`` only read;
    what is in ``uses`` may be read and written, and sockets made there, but no file made or
    removed; in ``writes`` that too. Paths that do not exist are left out.
    """

    runs: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    uses: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()

    def with_program(self, *paths: Path, scripts: bool = False) -> "Access":
        """Return this and what a program itself needs: its libraries, its data, a few devices.

        ``paths`` are the program's: as it is called, and where links to it lead. ``scripts``: it is
        one, so it runs others.

        >>> access = Access().with_program(Path("/usr/bin/env"))
        >>> Path("/usr/lib") in access.runs, Path("/etc") in access.reads
        (True, False)
        """
        commands = map(Path, _COMMANDS if scripts else ())
        return Access(
            runs=(*self.runs, *paths, *_shelves(paths), *map(Path, _STORES), *commands),
            reads=(*self.reads, *map(Path, (*_LOADER_FILES, *_READ_DEVICES))),
            uses=(*self.uses, Path("/dev/null")),
            writes=self.writes,
        )


def _shelves(programs: Sequence[Path]) -> Iterator[Path]:
    own = (prefix for program in programs for prefix in _prefixes_of(program))
    for prefix in dict.fromkeys([*map(Path, _PREFIXES), *own]):
        yield from (prefix / shelf for shelf in _SHELVES)


def _prefixes_of(program: Path) -> Sequence[Path]:
    """Return where ``/opt/qemu/bin/qemu`` was installed to; nothing for ``/home/me/qemu``."""
    return [program.parent.parent] if program.parent.name == "bin" else []


def is_script(program: Path) -> bool:
    """Tell whether a shell or another program runs ``program``."""
    try:
        with program.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
