"""The bench: from settings to built firmware to a running machine. No pytest in here.

>>> from pytest_karatos import Bench                                    # doctest: +SKIP
>>> with Bench.here("firmware") as bench:                               # doctest: +SKIP
...     with bench.boot("arm") as machine:
...         machine.console.expect("pass")
"""

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Self

from pytest_karatos.artifacts import Run, open_run
from pytest_karatos.artifacts.files import make_cache_folder
from pytest_karatos.board import Board
from pytest_karatos.builders.choose import choose_builder
from pytest_karatos.builders.protocol import BootImage, Chosen
from pytest_karatos.emulators.ahead import Ahead
from pytest_karatos.emulators.choose import EMULATORS, choose_launcher
from pytest_karatos.emulators.container import ContainerLauncher
from pytest_karatos.emulators.protocol import Boot, Emulator, Launcher, Machine, Varies
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import BadSetting, KaratosError, UnknownName
from pytest_karatos.firmware import Firmware
from pytest_karatos.firmwares import Firmwares, Wish
from pytest_karatos.measure import take_one
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measure.protocol import Repeatable
from pytest_karatos.measurement import METRICS, Measurement, When
from pytest_karatos.post_mortem import explain
from pytest_karatos.settings import OPTION_WORDS, Settings, load, rules_for, unknown


@dataclass(kw_only=True)
class Bench:
    """Everything that one process of a run works with; a context manager.

    ``environ`` is the environment that builds see. ``builder`` and ``launcher`` are words that an
    earlier process of the same run chose; empty means to choose. ``emulators`` are further kinds
    of machine, by the word of ``boards.NAME.kind``. ``surroundings`` tells what a program that is
    started now takes over from this process. ``watch`` is entered with each machine that is booted,
    and left before that is ended.
    """

    settings: Settings
    environ: Mapping[str, str]
    run: Run
    builder: str = ""
    launcher: str = ""
    emulators: Mapping[str, Emulator] = field(default_factory=dict)
    surroundings: Callable[[], Hashable] = tuple
    watch: Callable[[Machine], AbstractContextManager[object]] = nullcontext
    _stack: ExitStack = field(default_factory=ExitStack)
    _launchers: dict[str, Launcher] = field(default_factory=dict)
    _container: Launcher | None = None
    _measured: dict[tuple[str, str], Measurement] = field(default_factory=dict)

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
        for word in words.keys() - OPTION_WORDS:
            raise unknown("setting", word, sorted(OPTION_WORDS), origin="Bench.here")
        settings = load(root=Path.cwd(), environ=seen, typed=words)
        return cls(settings=settings, environ=seen, run=open_run(settings.artifacts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is still warm: a machine that was started ahead, containers."""
        self.drop_ahead()
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

    def prepare(self) -> None:
        """Do the long work that all tests share (the builder image) before the first of them."""
        if not self._firmwares.all_prebuilt and self.chosen.runner is not None:
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
        raise UnknownName(f"there is no board '{name}'.", fix=f"known: {known}")

    def firmware(  # noqa: PLR0913  # what names a firmware
        self,
        board: Board | str,
        profile: str = "",
        features: tuple[str, ...] = (),
        *,
        name: str = "",
        binary: str = "",
        elf: str = "",
    ) -> Firmware:
        """Return the built firmware for ``board``, which may be a name or an arch.

        It is built at most once on this machine; the first profile of the settings is the default.
        ``name`` is that of a ``[firmware.NAME]``, ``binary`` one of those that its build makes.
        ``elf`` is another place in the tree than the settings say.

        :raises UnknownName: for a board or a firmware that nobody defined.
        :raises BuildFailed: when its build command fails, or made no such binary.
        :raises BadFirmware: when what came out is no ELF for this board.
        """
        board = self.board(board) if isinstance(board, str) else board
        named = Wish(board=board, profile=profile, name=name, binary=binary)
        return self.wished(replace(named, features=features, elf=elf))

    def wished(self, wish: Wish) -> Firmware:
        """Return the firmware that is wished for (see :meth:`firmware`)."""
        return self._firmwares.get(wish)

    def binaries(self, board: Board, profile: str = "", name: str = "") -> tuple[str, ...]:
        """Return the names of the binaries of a firmware; it is built if nothing else tells them.

        :raises BuildFailed: when that fails.
        """
        return self._firmwares.binaries(Wish(board=board, profile=profile, name=name))

    @cached_property
    def _firmwares(self) -> Firmwares:
        return Firmwares(settings=self.settings, run=self.run, builder=lambda: self.chosen.builder)

    @property
    def budgets(self) -> Budgets:
        """The limits of the settings."""
        return Budgets(self.settings.budgets, self.measure)

    def measure(self, firmware: Firmware, name: str) -> Measurement:
        """Return a measurement of ``firmware``; what needs a boot of its own is taken once.

        :raises UnknownName: when no metric of a firmware has that name.
        """
        known = [one.name for one in METRICS if one.when in {When.ELF, When.REPEAT}]
        if name not in known:
            raise unknown("measurement", name, known, origin="Bench.measure")
        found = {one.name: one for one in (*firmware.measurements, *self.measured(firmware))}
        if name not in found:
            boot = partial(self._boot_once_more, firmware, f"{name} of {firmware.title}")
            (found[name],) = take_one(name, Repeatable(firmware=firmware, boot=boot))
            self._measured[(firmware.key, name)] = found[name]
        return found[name]

    def _boot_once_more(
        self, firmware: Firmware, title: str, board: Board, stamps: Stamps
    ) -> AbstractContextManager[Machine]:
        return self._booted(replace(_boot_of(firmware, board, ()), stamps=stamps), title)

    def measured(self, firmware: Firmware) -> tuple[Measurement, ...]:
        """Return what boots of its own have told of ``firmware`` up to now."""
        return tuple(one for (key, _), one in self._measured.items() if key == firmware.key)

    def emulator_for(self, board: Board) -> Emulator:
        """Return the emulator that boots ``board``: that of its kind.

        :raises UnknownName: for a kind that nobody defined.
        """
        known = {**EMULATORS, **self.emulators}
        if board.kind not in known:
            key = f"boards.{board.name}.kind"
            origin = self.settings.origins.get(key, "")
            raise unknown("kind of board", board.kind, list(known), origin=origin)
        return known[board.kind]

    def launcher_for(self, board: Board) -> Launcher:
        """Return where ``board`` boots: on this machine if it can, or in the builder image.

        :raises MissingTool: when its emulator is in no place that may be taken.
        """
        if board.name not in self._launchers:
            self._launchers[board.name] = choose_launcher(
                self.launcher or self.settings.launcher,
                board=board,
                emulator=self.emulator_for(board),
                container=self._contained if self.emulator_for(board).in_container else None,
            )
        return self._launchers[board.name]

    @property
    def _contained(self) -> Callable[[], Launcher] | None:
        runner = self.chosen.runner
        return None if runner is None else partial(self._warm, runner)

    def _warm(self, runner: BootImage) -> Launcher:
        """Return the launcher of one container, which all boards share that boot in the image."""
        if self._container is None:
            folder = self._stack.enter_context(private_folder())
            container = self._stack.enter_context(runner.warm_container(folder))
            self._container = ContainerLauncher(container, folder)
        return self._container

    @property
    def _symbols(self) -> Path | None:
        """The folder for what was read of debug information; None where it cannot be made."""
        folder = self.settings.cache / "symbols"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        return None

    @contextmanager
    def boot(
        self,
        firmware: Firmware | Board | str,
        test: str = "by hand",
        *,
        arguments: tuple[str, ...] = (),
        board: Board | None = None,
        stamps: Stamps | None = None,
    ) -> Iterator[Machine]:
        """Boot ``firmware`` for ``test`` (any text; it names the artifacts) and end it after.

        A board, or its name or arch, means its firmware, which is built first if it has to be.
        ``arguments`` are further ones for the emulator, put last. ``board`` is the firmware's board
        where something is said otherwise for this boot (see :func:`pytest_karatos.settings.vary`).
        ``stamps`` are filled with instruction counts, by an emulator that can.
        """
        if not isinstance(firmware, Firmware):
            firmware = self.firmware(firmware)
        boot = _boot_of(firmware, board or firmware.board, arguments)
        with self._booted(replace(boot, stamps=stamps), test) as machine, self.watch(machine):
            yield machine

    def variation(self, board: Board, number: int) -> str | None:
        """Name what is different in boot ``number``, from 0, of several: that is as ``board`` says.

        Empty where boots vary by themselves; None where there are no more that differ.
        """
        emulator = self.emulator_for(board)
        return emulator.variation(board, number) if isinstance(emulator, Varies) else ""

    def require_variation(self, board: Board, name: str) -> None:
        """Raise BadSetting where no boot of ``board`` can be so."""
        emulator = self.emulator_for(board)
        if isinstance(emulator, Varies):
            emulator.require_variation(board, name)
        else:
            raise BadSetting(f"board '{board.name}' cannot boot in the variation '{name}'.")

    def apart(
        self, firmware: Firmware, board: Board, variation: str
    ) -> tuple[Emulator, Boot, Launcher]:
        """Return what boots ``firmware``, for a boot that no test and no report hears of."""
        boot = replace(_boot_of(firmware, board, ()), variation=variation, symbols=self._symbols)
        return self.emulator_for(board), boot, self.launcher_for(board)

    @contextmanager
    def boot_started(  # noqa: PLR0913 - what a boot is made of
        self,
        firmware: Firmware,
        test: str,
        *,
        board: Board,
        arguments: tuple[str, ...] = (),
        variation: str = "",
        covered: bool = False,
    ) -> Iterator[Machine]:
        """Boot as :meth:`boot` does, in what :meth:`start_ahead` started, if it fits.

        ``variation`` is a name that :meth:`variation` gave. With ``covered`` it is noted what is
        executed, whatever the settings say.

        :raises BadSetting: for another.
        """
        if variation:
            self.require_variation(board, variation)
        boot = replace(_boot_of(firmware, board, arguments), variation=variation, covered=covered)
        ahead = "_ahead" in vars(self)
        with self._booted(boot, test, ahead=ahead) as machine, self.watch(machine):
            yield machine

    @contextmanager
    def _booted(self, boot: Boot, test: str, *, ahead: bool = False) -> Iterator[Machine]:
        spec = self.settings.coverage
        folder = self.run.place(test)
        boot = replace(
            boot, folder=folder, symbols=self._symbols, covered=boot.covered or spec.wanted
        )
        boot = replace(boot, branches=spec.branches)
        machine = None
        try:
            launcher = self.launcher_for(boot.board)
            if ahead:
                boot = replace(boot, stopped=self._ahead.take(boot))
            with self.emulator_for(boot.board).boot(boot, launcher) as machine:
                machine.console.timeout = boot.rules.timeout_seconds
                with _explained(machine):
                    yield machine
        finally:
            if machine is not None:
                self.run.lose(*machine.facts()["lost"])

    def start_ahead(
        self, firmware: Firmware, *, board: Board, arguments: tuple[str, ...] = ()
    ) -> None:
        """Start a machine in the background, stopped, for a boot of ``firmware`` that comes next.

        There is one at a time, for :meth:`boot_started`; :meth:`drop_ahead` ends one that nobody
        took.
        """
        boot = _boot_of(firmware, board, arguments)
        with suppress(KaratosError, OSError):
            self._ahead.begin(boot, self.emulator_for(board), self.launcher_for(board))

    def drop_ahead(self) -> None:
        """End the machine that was started ahead, if it still waits."""
        if "_ahead" in vars(self):
            self._ahead.drop()

    @cached_property
    def _ahead(self) -> Ahead:
        outputs = self._stack.enter_context(private_folder(self.run.folder))
        return Ahead(outputs, self.surroundings)

    def built(self, wish: Wish) -> Firmware | None:
        """Return the firmware that :meth:`firmware` has built before; None: it would build it."""
        return self._firmwares.built(wish)


def _boot_of(firmware: Firmware, board: Board, arguments: tuple[str, ...]) -> Boot:
    """Return what to boot, without where its files go."""
    return Boot(
        board=board,
        elf=firmware.elf,
        folder=Path(),
        rules=rules_for(board, firmware.elf),
        elf_sha256=firmware.provenance.elf_sha256,
        arguments=arguments,
    )


@contextmanager
def _explained(machine: Machine) -> Iterator[None]:
    """Let an error of the block say where the firmware was."""
    try:
        yield
    except Exception as error:
        explain(error, machine)
        raise
