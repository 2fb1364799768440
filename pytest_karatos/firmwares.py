"""The firmwares of a run: wished for by name, built once, found again."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_karatos.artifacts import Run
from pytest_karatos.binaries import BINARY
from pytest_karatos.board import Board
from pytest_karatos.builders.cache import CachedBuild, chosen_binary, key_of
from pytest_karatos.builders.line_tables import Lines, lines_for
from pytest_karatos.builders.prebuilt import PrebuiltBuilder
from pytest_karatos.builders.protocol import Builder
from pytest_karatos.debug.suspects import refuse_fatal
from pytest_karatos.elf import check, read
from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import BuildRequest, Firmware
from pytest_karatos.measure import take
from pytest_karatos.measure.protocol import BuiltElf
from pytest_karatos.measurement import When
from pytest_karatos.settings import FirmwareSpec, Settings, firmware_named, request, with_elf


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to boot: on which board, by which name, and which binary of it.

    An empty profile is the first of the settings; without features it has those of its table.
    """

    board: Board
    profile: str = ""
    features: tuple[str, ...] = ()
    name: str = ""
    binary: str = ""
    elf: str = ""


@dataclass(kw_only=True, slots=True)
class Firmwares:
    """What this process has built and found; ``builder`` is asked for when something is due."""

    settings: Settings
    run: Run
    builder: Callable[[], Builder]
    _made: dict[tuple[BuildRequest, str], Firmware] = field(default_factory=dict)
    _entries: dict[BuildRequest, CachedBuild] = field(default_factory=dict)

    @property
    def _prebuilt(self) -> PrebuiltBuilder:
        return PrebuiltBuilder(self.settings.prebuilt)

    @property
    def all_prebuilt(self) -> bool:
        """Whether nothing has to be built, whatever of the settings is wished for."""
        tables = {one.name for one in self.settings.firmwares if one.name}
        return all(
            self._prebuilt.serves(board, name)
            for board in self.settings.chosen
            for name in tables | set(self.settings.by_default)
        )

    def get(self, wish: Wish) -> Firmware:
        """Return the firmware of ``wish``, built if it has to be.

        :raises UnknownName, BadSetting: for what nobody defined, or cannot be built.
        :raises BuildFailed: when its build command fails, or made no such binary.
        :raises BadFirmware: when what came out is no ELF for this board.
        """
        spec, asked = self._asked(wish)
        place = (asked, wish.binary)
        if place not in self._made:
            self._made[place] = self.run.keep_build(self._firmware(asked, wish.binary, spec))
        return self._made[place]

    def built(self, wish: Wish) -> Firmware | None:
        """Return what :meth:`get` has found before; None: it would look for it."""
        return self._made.get((self._asked(wish)[1], wish.binary))

    def binaries(self, wish: Wish) -> tuple[str, ...]:
        """Return the names of the binaries of a firmware; it is built if nothing else tells them.

        :raises BuildFailed: when that fails.
        """
        spec = firmware_named(self.settings.firmwares, wish.name, "Bench.binaries")
        found = spec.listed(self.settings.source)
        found = found or self._prebuilt.binaries(wish.board, wish.name)
        return found or tuple(self._entry(self._asked(wish)[1]).elves)

    def _asked(self, wish: Wish) -> tuple[FirmwareSpec, BuildRequest]:
        spec = firmware_named(self.settings.firmwares, wish.name, "Bench.firmware")
        own = spec.board(wish.board.name) if spec.name else wish.board
        if own is None:
            fitting = ", ".join(one.name for one in spec.boards)
            raise BadSetting(
                f"firmware '{spec.name}' is not for board '{wish.board.name}'.",
                why=f"{spec.origin} says which it is for: {fitting or 'none'}.",
            )
        own = with_elf(own, wish.elf) if wish.elf else own
        profile, features = wish.profile or self.settings.profiles[0], wish.features
        words = (own, profile, features or spec.features)
        return spec, request(self.settings, *words, firmware=spec.name, binary=wish.binary)

    def _firmware(self, asked: BuildRequest, binary: str, spec: FirmwareSpec) -> Firmware:
        entry = self._entry(asked, binary)
        chosen = chosen_binary(entry, asked, binary)
        elf = read(entry.elves[chosen])
        check(elf, asked.board)
        warnings = tuple(map(str, refuse_fatal(elf, asked.board)))
        lines = self._lines(entry.elves[chosen], asked, binary)
        return Firmware(
            elf=entry.elves[chosen],
            board=asked.board,
            profile=asked.profile,
            name=asked.firmware,
            binary=binary or chosen,
            build=entry.key,
            expected=self._expected(spec, binary or chosen),
            # Each of many is a firmware of its own in whatever is told of it.
            key=key_of(entry.key, chosen) if chosen else entry.key,
            provenance=replace(entry.provenance, elf_sha256=entry.digests[chosen]),
            measurements=tuple(take(When.ELF, BuiltElf(elf=elf, board=asked.board))),
            features=asked.features,
            log=entry.log,
            map=entry.map,
            lines=lines.elf,
            warnings=(*warnings, *filter(None, [lines.why])),
        )

    def _lines(self, elf: Path, asked: BuildRequest, binary: str) -> Lines:
        if self._prebuilt.serves(asked.board, asked.firmware):
            return Lines()

        def build(again: BuildRequest) -> Path:
            entry = self._entry(again, binary)
            return entry.elves[chosen_binary(entry, again, binary)]

        return lines_for(elf, asked, self.settings.line_tables, build)

    def _expected(self, spec: FirmwareSpec, binary: str) -> Path | None:
        if not (spec.expected and binary):
            return None
        return self.settings.source / spec.expected.replace(BINARY, binary)

    def _entry(self, asked: BuildRequest, binary: str = "") -> CachedBuild:
        if self._prebuilt.serves(asked.board, asked.firmware):
            return self._prebuilt.obtain(asked, binary)
        if asked not in self._entries:
            self._entries[asked] = self.builder().obtain(asked)
        return self._entries[asked]


def expected_output(firmware: Firmware) -> str:
    """Return the text that is expected of a binary.

    :raises BadSetting: where the settings name no such file, or it cannot be read.
    """
    if firmware.expected is None:
        raise BadSetting(
            f"nobody says what '{firmware.title}' is expected to print.",
            fix=f'write [firmware.{firmware.name or "NAME"}] expected = "expected/{{binary}}.txt"',
        )
    try:
        return firmware.expected.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"what '{firmware.title}' is expected to print cannot be read: {error}.",
            why=f"[firmware.{firmware.name}] expected says where it is.",
            fix=f"write {firmware.expected}, or leave the test out for this binary",
        ) from error
