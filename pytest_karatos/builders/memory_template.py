"""Linker script templates, rendered with the memory of the board that is built for.

A template is a file called ``memory-*.x``, anywhere in the firmware's tree. ``{{flash_start}}`` and
``{{flash_size}}`` in it become the address (``0x00000000``) and the length in bytes (``262144``) of
the board's region ``flash``, and so for every region. What is called after another board or arch
(``memory-riscv.x`` in a build for ARM) is left as it is; so is text that is not a placeholder.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pytest_karatos.artifacts.beneath import Beneath
from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.suggest import did_you_mean, short_repr

PATTERN = "memory-*.x"
_PLACEHOLDER = re.compile(rb"\{\{[ \t]*([\w.-]+)[ \t]*\}\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What is drawn: the regions of ``board``. ``other_boards``: words of boards that it is not."""

    board: Board
    other_boards: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, str]:
        """Map each placeholder's word to its text.

        >>> from pytest_karatos.board import Region
        >>> ram = Region(name="ram", start=0x2000_0000, size_bytes=8192)
        >>> Memory(board=Board(name="b", arch="arm", regions=(ram,))).facts
        {'ram_start': '0x20000000', 'ram_size': '8192'}
        """
        return dict(self._facts())

    def _facts(self) -> Iterator[tuple[str, str]]:
        for region in self.board.regions:
            yield f"{region.name}_start", f"{region.start:#010x}"
            yield f"{region.name}_size", str(region.size_bytes)

    def applies_to(self, name: str) -> bool:
        """Tell whether the file ``name`` is a template that this board's build may use."""
        base = PurePosixPath(name).name
        word = base.removeprefix("memory-").removesuffix(".x")
        return fnmatchcase(base, PATTERN) and word not in self.other_boards

    def rendered(self, name: str, data: bytes) -> bytes:
        """Return the bytes of the file ``name`` for this board; other files stay as they are.

        :raises BadSetting: for a placeholder that the board has no region for, with its line.
        """
        if not self.applies_to(name):
            return data
        facts = self.facts

        def fill(found: re.Match[bytes]) -> bytes:
            word = found[1].decode(errors="backslashreplace")
            if word not in facts:
                raise self._unknown(word, f"{name}:{data.count(10, 0, found.start()) + 1}")
            return facts[word].encode()

        return _PLACEHOLDER.sub(fill, data)

    def needs_rerender(self, source: Path, manifest: Mapping[str, str], copy: Beneath) -> bool:
        """Tell whether ``copy`` was built with another memory than it would get now.

        Build tools such as cargo do not look at linker scripts: what they made of the old ones
        would be taken for up to date.
        """
        names = [name for name, mark in manifest.items() if mark[:1] in "-x"]
        return any(
            not copy.holds(name, self.rendered(name, (source / name).read_bytes()))
            for name in names
            if self.applies_to(name) and copy.stat(name) and (source / name).is_file()
        )

    def _unknown(self, word: str, place: str) -> BadSetting:
        known = self.facts
        has = f"known: {' '.join(f'{{{{{one}}}}}' for one in known)}" if known else ""
        return BadSetting(
            f"{place}: board '{self.board.name}' has nothing for the placeholder "
            f"{{{{{short_repr(word)[1:-1]}}}}}.{did_you_mean(word, known)}",
            why=f"{PATTERN} is rendered with the memory of the board that is built for.",
            fix=has
            or f"give the board regions: [boards.{self.board.name}] regions.ram = "
            '{ start = 0x2000_0000, size = "64 KiB" }',
        )
