"""Take an ELF that somebody else built, and build nothing."""

from collections.abc import Mapping
from pathlib import Path

from pytest_karatos.artifacts.files import sha256_of
from pytest_karatos.board import Board
from pytest_karatos.build.shelf import Entry
from pytest_karatos.errors import BadFirmware, BadSetting
from pytest_karatos.firmware import BuildRequest, Provenance


class PrebuiltBuilder:
    """Serve the ELFs that ``--karatos-elf arch=PATH`` named, by arch or by board."""

    name = "prebuilt"

    def __init__(self, elves: Mapping[str, Path]) -> None:
        self._elves = elves

    def elf_for(self, board: Board) -> Path | None:
        """Return the ELF that was named for the board, or for its arch; None without one."""
        return self._elves.get(board.name) or self._elves.get(board.arch)

    def serves(self, board: Board) -> bool:
        """Tell whether an ELF was named for the board or its arch."""
        return self.elf_for(board) is not None

    def obtain(self, request: BuildRequest) -> Entry:
        """Return the named file as if it stood on the shelf; it is neither copied nor kept."""
        elf = self._elf(request)
        if request.features:
            raise BadSetting(
                f"a test wants features {', '.join(request.features)} in '{request.board.arch}', "
                f"but {elf} is prebuilt.",
                why="features are chosen when firmware is built.",
                cure=f"leave out --karatos-elf {request.board.arch}=..., or deselect the test",
            )
        digest = sha256_of(elf)
        origin = Provenance(
            builder=self.name, toolchain="", command="", source=str(elf), elf_sha256=digest
        )
        return Entry(key=digest[:32], elf=elf, log=None, provenance=origin)

    def _elf(self, request: BuildRequest) -> Path:
        elf = self.elf_for(request.board)
        if elf is None:
            raise BadSetting(
                f"no ELF was given for board '{request.board.name}' ({request.board.arch}).",
                why="the builder is 'prebuilt', which builds nothing.",
                cure=f"pass --karatos-elf {request.board.arch}=PATH",
            )
        if not elf.is_file():
            raise BadFirmware(
                f"{elf} does not exist.",
                why=f"--karatos-elf names it for '{request.board.arch}'.",
                cure="build it first, or correct the path",
            )
        return elf
