"""Where data lies between instructions: the mapping symbols ``$t``, ``$a``, ``$x`` and ``$d``."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pytest_karatos.elf.opened import opened

#: A large firmware has some ten thousand symbols.
_MOST = 500_000
_CODE, _DATA = ("$t", "$a", "$x"), "$d"


@dataclass(frozen=True, slots=True)
class CodeMap:
    """Places from which on there is code, or data, in the order of addresses.

    >>> CodeMap(((0, True), (8, False))).is_code(9), CodeMap().is_code(9)
    (False, True)
    """

    _places: tuple[tuple[int, bool], ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether anything is said of it."""
        return bool(self._places)

    def is_code(self, address: int) -> bool:
        """Tell whether code is at ``address``, as far as is known."""
        at = bisect.bisect_right(self._places, address, key=lambda one: one[0]) - 1
        return at < 0 or self._places[at][1]


def read_code_map(path: Path) -> CodeMap:
    """Read the mapping symbols of ``path``; a stripped file has none.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    with opened(path) as file:
        # Of two at one place the code counts: the data is of no bytes.
        return CodeMap(tuple(sorted(dict(sorted(_places(file))).items())))


def _places(file: ELFFile) -> Iterator[tuple[int, bool]]:
    for section in file.iter_sections():
        if isinstance(section, SymbolTableSection) and section.num_symbols() <= _MOST:
            for entry in section.iter_symbols():
                kind = entry.name.partition(".")[0]
                if entry["st_shndx"] != "SHN_UNDEF" and kind.startswith((*_CODE, _DATA)):
                    yield entry["st_value"], not kind.startswith(_DATA)
