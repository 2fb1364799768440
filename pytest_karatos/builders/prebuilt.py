"""A builder that builds nothing: it serves ELFs that somebody else built."""

from collections.abc import Mapping
from pathlib import Path

from pytest_karatos.artifacts.files import sha256_of
from pytest_karatos.binaries import BINARY, binaries_in, pattern_of
from pytest_karatos.board import Board
from pytest_karatos.builders.cache import CachedBuild
from pytest_karatos.builders.context import BuildContext
from pytest_karatos.builders.protocol import Chosen
from pytest_karatos.errors import BadFirmware, BadSetting
from pytest_karatos.firmware import BuildRequest, Provenance


def open_builder(context: BuildContext, why: str) -> Chosen:
    """Return the builder of the ELFs that the settings name."""
    return Chosen(builder=PrebuiltBuilder(context.settings.prebuilt), why=why)


class PrebuiltBuilder:
    """Serve the ELFs that ``--karatos-elf arch=PATH`` named, by arch or by board."""

    name = "prebuilt"

    def __init__(self, elves: Mapping[str, Path]) -> None:
        self._elves = elves

    def elf_for(self, board: Board, firmware: str = "", binary: str = "") -> Path | None:
        """Return the ELF that was named for the firmware, the board or its arch; None without one.

        One that was named for a board, or its arch, is the general firmware. ``{binary}`` in a path
        is the name of the binary.
        """
        named = [firmware] if firmware else [board.name, board.arch]
        found = next((self._elves[one] for one in named if one in self._elves), None)
        return None if found is None else Path(str(found).replace(BINARY, binary or BINARY))

    def serves(self, board: Board, firmware: str = "") -> bool:
        """Tell whether an ELF was named for the board or its arch, or for the firmware."""
        return self.elf_for(board, firmware) is not None

    def binaries(self, board: Board, firmware: str = "") -> tuple[str, ...]:
        """Return the names of the binaries that are there."""
        elf = self.elf_for(board, firmware)
        if elf is None or BINARY not in str(elf):
            return ()
        place = elf.absolute().relative_to("/")
        files = (str(one.relative_to("/")) for one in Path("/").glob(pattern_of(str(place))))
        return tuple(binaries_in(str(place), files))

    def obtain(self, request: BuildRequest, binary: str = "") -> CachedBuild:
        """Return the named file as it is; it is neither copied nor cached."""
        elf = self._elf(request, binary)
        if request.features:
            whose = request.firmware or request.board.arch
            raise BadSetting(
                f"a test wants features {', '.join(request.features)} in '{whose}', "
                f"but {elf} is prebuilt.",
                why="features are chosen when firmware is built.",
                fix=f"leave out --karatos-elf {whose}=..., or deselect the test",
            )
        digest = sha256_of(elf)
        name = binary if request.many else ""
        origin = Provenance(builder=self.name, toolchain="", command="", source=str(elf))
        return CachedBuild(
            key=digest[:32], elves={name: elf}, log=None, provenance=origin, digests={name: digest}
        )

    def _elf(self, request: BuildRequest, binary: str) -> Path:
        elf = self.elf_for(request.board, request.firmware, binary)
        board, whose = request.board, request.firmware or request.board.arch
        if elf is None:
            named = f"firmware '{whose}'" if request.firmware else f"board '{board.name}' ({whose})"
            raise BadSetting(
                f"no ELF was given for {named}.",
                why="the builder is 'prebuilt', which builds nothing.",
                fix=f"pass --karatos-elf {whose}=PATH",
            )
        if not elf.is_file():
            told = f"--karatos-elf {whose}=..., build.prebuilt.{whose}"
            told += f" or firmware.{whose}.prebuilt" if request.firmware else ""
            raise BadFirmware(
                f"{elf} does not exist.",
                why=f"{told} names it.",
                fix="build it first, or correct the path",
            )
        return elf
