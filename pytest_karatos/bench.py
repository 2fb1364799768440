"""Put it together: from settings to built firmware to a running machine. No pytest in here.

>>> from pytest_karatos import Bench                                    # doctest: +SKIP
>>> with Bench.here("firmware") as bench:                               # doctest: +SKIP
...     with bench.boot("arm") as machine:
...         machine.console.expect("pass")
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from pytest_karatos.artifacts import Run, open_run
from pytest_karatos.artifacts.files import make_cache_folder
from pytest_karatos.board import Board
from pytest_karatos.build.choose import Chosen, choose_builder
from pytest_karatos.build.image_runner import ImageRunner
from pytest_karatos.build.prebuilt import PrebuiltBuilder
from pytest_karatos.build.shelf import Entry
from pytest_karatos.elf import check, read
from pytest_karatos.emulate.choose import choose_emulator
from pytest_karatos.emulate.container import ContainerEmulator
from pytest_karatos.emulate.leftovers import private_folder
from pytest_karatos.emulate.protocol import Boot, Emulator, Machine
from pytest_karatos.errors import KaratosError, UnknownName
from pytest_karatos.firmware import BuildRequest, Firmware
from pytest_karatos.measure.size import sizes
from pytest_karatos.settings import TYPED_WORDS, Settings, load, request, rules_for, unknown


@dataclass(kw_only=True)
class Bench:
    """Everything that one process of a run works with; a context manager.

    ``environ`` is the environment that builds see. ``builder`` and ``emulator`` are words that an
    earlier process of the same run chose; empty means to choose.
    """

    settings: Settings
    environ: Mapping[str, str]
    run: Run
    builder: str = ""
    emulator: str = ""
    _stack: ExitStack = field(default_factory=ExitStack)
    _built: dict[BuildRequest, Firmware] = field(default_factory=dict)
    _emulators: dict[str, Emulator] = field(default_factory=dict)

    @classmethod
    def here(
        cls, source: str | Path = "", *, environ: Mapping[str, str] | None = None, **typed: object
    ) -> Self:
        """Open a bench for the present folder, for scripts and REPLs.

        ``source`` is the firmware tree. ``environ`` is what settings (``KARATOS_*``) and builds
        see: this process's environment unless given. ``typed`` are settings by the word of their
        flag: ``builder="local"``, ``profile="release"``.

        :raises BadSetting, UnknownName: for settings that cannot be.
        """
        # A script has no roof above it that would hand the environment down.
        seen = dict(os.environ) if environ is None else environ
        words = {**typed, **({"source": str(source)} if source else {})}
        for word in words.keys() - TYPED_WORDS:
            raise unknown("setting", word, sorted(TYPED_WORDS), origin="Bench.here")
        settings = load(root=Path.cwd(), environ=seen, typed=words)
        return cls(settings=settings, environ=seen, run=open_run(settings.artifacts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is still warm (containers)."""
        self._stack.close()
        chosen = vars(self).get("_choice")
        if isinstance(chosen, Chosen) and chosen.runner is not None:
            chosen.runner.close()

    @property
    def chosen(self) -> Chosen:
        """The builder in use and why it was taken.

        :raises KaratosError: the same one each time: who is asked may take long not to answer.
        """
        if isinstance(self._choice, KaratosError):
            raise self._choice
        return self._choice

    @cached_property
    def _choice(self) -> Chosen | KaratosError:
        with suppress(OSError):  # who needs a file in there says so in a sentence
            make_cache_folder(self.settings.cache)
        try:
            return choose_builder(
                self.builder or self.settings.builder,
                settings=self.settings,
                environ=self.environ,
                journal=self.run.journal,
            )
        except KaratosError as error:
            return error

    @property
    def _prebuilt(self) -> PrebuiltBuilder:
        return PrebuiltBuilder(self.settings.prebuilt)

    def prepare(self) -> None:
        """Do the long work that all tests share (the builder image) before the first of them."""
        if all(map(self._prebuilt.serves, self.settings.chosen)):
            return
        if self.chosen.runner is not None:
            self.chosen.runner.prepare()

    def board(self, name: str) -> Board:
        """Find a board by its name, or by its arch when it is the default of that arch.

        :raises UnknownName: listing the known ones.
        """
        boards = self.settings.boards
        for board in boards:
            if name in (board.name, board.id):
                return board
        known = ", ".join(sorted({board.name for board in boards} | {b.id for b in boards}))
        raise UnknownName(f"there is no board '{name}'.", cure=f"known: {known}")

    def firmware(
        self, board: Board | str, profile: str = "", features: tuple[str, ...] = ()
    ) -> Firmware:
        """Return the built firmware for ``board``, which may be a name or an arch.

        It is built at most once on this machine; the first profile of the settings is the default.

        :raises UnknownName: for a board that nobody defined.
        :raises BuildFailed: when its build command fails.
        :raises BadFirmware: when what came out is no ELF for this board.
        """
        board = self.board(board) if isinstance(board, str) else board
        asked = request(
            self.settings, board, profile or self.settings.profiles[0], tuple(sorted(features))
        )
        if asked not in self._built:
            self._built[asked] = self.run.keep_build(self._firmware(asked))
        return self._built[asked]

    def _firmware(self, asked: BuildRequest) -> Firmware:
        entry = self._entry(asked)
        elf = read(entry.elf)
        check(elf, asked.board)
        return Firmware(
            elf=entry.elf,
            board=asked.board,
            profile=asked.profile,
            key=entry.key,
            sizes=sizes(elf, asked.board),
            provenance=entry.provenance,
            features=asked.features,
            log=entry.log,
            map=entry.map,
        )

    def _entry(self, asked: BuildRequest) -> Entry:
        builder = self._prebuilt if self._prebuilt.serves(asked.board) else self.chosen.builder
        return builder.obtain(asked)

    def emulator_for(self, board: Board) -> Emulator:
        """Return the emulator that boots ``board``: the host's if it is there, or the image's."""
        if board.emulator not in self._emulators:
            self._emulators[board.emulator] = choose_emulator(
                self.emulator or self.settings.emulator, board=board, container=self._contained
            )
        return self._emulators[board.emulator]

    @property
    def _contained(self) -> Callable[[], Emulator] | None:
        runner = self.chosen.runner
        if runner is None:
            return None
        return lambda: self._warm(runner)

    def _warm(self, runner: ImageRunner) -> Emulator:
        wires = self._stack.enter_context(private_folder())
        container = self._stack.enter_context(runner.warm_container(wires))
        return ContainerEmulator(container, wires)

    @contextmanager
    def boot(
        self,
        firmware: Firmware | Board | str,
        test: str = "by hand",
        *,
        arguments: tuple[str, ...] = (),
    ) -> Iterator[Machine]:
        """Boot ``firmware`` for ``test`` (any text; it names the artifacts) and end it after.

        A board, or its name or arch, means its firmware, which is built first if it has to be.
        ``arguments`` are further ones for QEMU, put last.
        """
        if not isinstance(firmware, Firmware):
            firmware = self.firmware(firmware)
        boot = Boot(
            board=firmware.board,
            elf=firmware.elf,
            folder=self.run.place(test),
            rules=rules_for(self.settings, firmware.board, firmware.elf),
            elf_sha256=firmware.provenance.elf_sha256,
            arguments=arguments,
        )
        machine = None
        try:
            with self.emulator_for(firmware.board).boot(boot) as machine:
                machine.console.timeout = self.settings.timeout_seconds
                yield machine
        finally:
            if machine is not None:
                self.run.lose(*machine.facts()["lost"])
