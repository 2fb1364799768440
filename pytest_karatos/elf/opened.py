"""An ELF file that is open for pyelftools; whatever breaks in it becomes a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from elftools.elf.elffile import ELFFile

from pytest_karatos.errors import BadFirmware

FIX = "build it again, or name the linked ELF (not a .bin, .hex or .o file)"


@contextmanager
def opened(path: Path) -> Iterator[ELFFile]:
    """Open ``path`` for as long as the block lasts.

    :raises BadFirmware: for whatever goes wrong in the block, which is the file's fault.
    """
    with opened_bytes(path, "what is in it does") as stream:
        yield ELFFile(stream)


@contextmanager
def opened_bytes(path: Path, what: str) -> Iterator[IO[bytes]]:
    """Open ``path`` as :func:`opened` does, before pyelftools looks at it.

    ``what`` is said not to hold together where it is broken.
    """
    try:
        with path.open("rb") as stream:
            yield stream
    except BadFirmware:
        raise
    except (OSError, ValueError) as error:
        raise BadFirmware(f"{path} cannot be read as an ELF: {error}.", fix=FIX) from None
    # A file made by somebody else may break pyelftools anywhere: its own errors are of a dozen
    # classes (construct's, KeyError, RecursionError for a symbol table linked to itself ...).
    except Exception as error:
        raise BadFirmware(
            f"{path} is a broken ELF: {what} not hold together.",
            why=f"{type(error).__name__}: {error}"[:200],
            fix=FIX,
        ) from error
