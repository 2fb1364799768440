"""What an emulator is, where its program can be started, and what a running machine can do."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from pytest_karatos.board import Board
from pytest_karatos.console import Console
from pytest_karatos.containment import Access
from pytest_karatos.debug.where import Where
from pytest_karatos.elf import Symbol
from pytest_karatos.emulators.consoles import Consoles
from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.emulators.sides import Sides
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.watch_rules import WatchRules


class Handle(Protocol):
    """A started program. ``pid`` is its process number, 0 where this process cannot see it."""

    pid: int

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs; negative is a signal."""

    def wait(self, timeout: float, *, due: bool = False) -> int | None:
        """Wait up to ``timeout`` seconds for the end; None when it still runs.

        ``due`` says that its lines have ended: if it runs all the same, whoever would tell of its
        end is asked.

        :raises EngineDown: when nobody is there who could tell.
        """

    def end(self, grace_seconds: float) -> int:
        """Make sure it is gone, with SIGKILL after ``grace_seconds``; may be called again."""


class Launcher(Protocol):
    """A place where programs can be started: this machine, or a container that is warm.

    It knows no emulator: which program, with which arguments, is the emulator's business.
    """

    #: The word of ``--karatos-launcher``.
    name: str

    def require(self, program: str, *, needed_for: str, package: str = "") -> None:
        """Raise MissingTool when ``program`` is not here; ``package`` is Debian's name of it."""

    def first_line_of(self, argv: Sequence[str]) -> str:
        """Return the first line that a short command prints; empty when it fails."""

    def private_folder(self) -> AbstractContextManager[Path]:
        """Make a folder that a program sees at the same path; it goes when the block ends."""

    def visible(self, file: Path, folder: Path) -> Path:
        """Return where a program can read ``file``: a copy in the private ``folder`` if need be."""

    def launch(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        folder: Path,
        access: Access | None = None,
        stdout: Path | None = None,
    ) -> AbstractContextManager[Handle]:
        """Start ``argv`` in ``cwd``; its output goes to ``folder``, into :data:`OUTPUTS`.

        Where ``stdout`` is given, a file or a pipe that is read, what it prints goes there.

        It reaches ``access`` and what the program itself needs, or, without one, all that this user
        may. It is gone when the block ends, however that happens.
        """

    def cannot_contain(self) -> str:
        """Say why no program here can be held to an ``access``; empty when it can."""


#: The files of what a program prints, in the folder that it is launched with.
OUTPUTS = ("stdout.log", "stderr.log")


class Stopped(Protocol):
    """A machine that was started before anybody knew which test it is for; its guest waits."""

    def start(self, outputs: Path) -> None:
        """Start it, what it prints goes to ``outputs``; called again, it moves there.

        :raises MachineEnded: when it did not start. :raises OSError: when it cannot move.
        """

    def give_up(self) -> None:
        """Let a :meth:`start` that lasts fail soon; another thread may call it."""

    @property
    def is_ready(self) -> bool:
        """Whether it was started and is still there."""

    def close(self) -> None:
        """End it; safe to call again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """One boot: which ELF on which board, where its files go, and how its console is watched.

    ``folder`` receives ``console.log`` (byte-exact; with a filter what that made of the bytes,
    which are in ``raw/console.log``), ``console.times`` (when bytes came),
    ``stderr.log``, ``command.txt`` and ``boot.json`` (what :meth:`Machine.facts` returns).
    ``arguments`` are further ones for the emulator, put last. ``origin`` is where ``elf`` was
    copied from, if it was; ``elf_sha256`` spares reading it once more. ``variation`` names what is
    different from other boots of the same (see :class:`Varies`). ``stamps`` are filled by an
    emulator that counts instructions; then it is some ten times slower. A guest that is ``held``
    stands before its first instruction until its ``trace`` lets it go on. ``symbols`` is a folder
    for what was read of the ELF's debug information, which takes time. ``stopped`` was started
    ahead for such a boot. With ``covered`` it is noted what is executed (see ``covered.py``), with
    ``branches`` also which way they went, which makes it slower.
    """

    board: Board
    elf: Path
    folder: Path
    rules: WatchRules = field(default_factory=WatchRules)
    arguments: tuple[str, ...] = ()
    boot_timeout_seconds: float = 20.0
    origin: Path | None = None
    elf_sha256: str = ""
    variation: str = ""
    stamps: Stamps | None = None
    held: bool = False
    symbols: Path | None = None
    stopped: Stopped | None = None
    covered: bool = False
    branches: bool = False

    @property
    def start(self) -> "Boot":
        """This boot with only what decides how its machine is started: equal ones start alike."""
        board = replace(self.board, watch=WatchRules(), expect_exit=None)
        bare = replace(self, symbols=None, stopped=None, covered=False, branches=False)
        return replace(bare, board=board, folder=Path(), rules=WatchRules())


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestRun:
    """How far a guest came: ``seconds`` of its own time, and why it came no further.

    ``enough``: as far as was asked for. ``ended``: the machine is gone. ``idle``: nothing will
    ever happen in it by itself. None of these: the host was too slow, or the machine is mute.
    """

    seconds: float
    enough: bool = False
    ended: bool = False
    idle: bool = False


class Machine(Protocol):
    """A running emulator: used once, never reused."""

    board: Board
    console: Console

    @property
    def consoles(self) -> Consoles:
        """A console for each stream by its name, `machine.consoles["uart1"]`; `console` is one."""

    @property
    def exit_status(self) -> int | None:
        """What the machine ended with; None while it runs. A signal is negative."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the machine ends by itself and return its exit status.

        :raises WrongExit: when it is still running after ``timeout`` seconds.
        """

    @property
    def judged(self) -> bool:
        """Whether the test has looked at the status that :meth:`wait` returned."""

    @property
    def time(self) -> float:
        """The guest's seconds since the boot; exact while it is paused.

        :raises MachineEnded: when there is no machine any more.
        """

    def run_for(self, seconds: float) -> GuestRun:
        """Let the guest go on by ``seconds`` of its own time, and no more than it must.

        A machine that was paused is paused again.
        """

    def settle(self, seconds: float) -> GuestRun:
        """Let the guest go on as :meth:`run_for` does; the console then has every byte of it."""

    def pause(self) -> None:
        """Stop the guest's time."""

    def resume(self) -> None:
        """Let the guest's time go on."""

    def reset(self) -> None:
        """Press the reset button."""

    def symbol(self, name: str) -> Symbol:
        """Find a function or variable: ``TICKS``, ``kernel::task::STACKS`` or ``STACKS``.

        :raises UnknownName: when nothing, or more than one thing, is called so.
        """

    def read_memory(self, address: int | str, size: int = 0) -> bytes:
        """Read physical memory: ``size`` bytes at ``address``, or those of a variable.

        :raises UnknownName: when nothing, or more than one thing, is called so.
        :raises DebugFailed: when a variable's size is not known.
        :raises MachineEnded: when there is no machine any more.
        """

    @property
    def registers(self) -> Mapping[str, int]:
        """The processor's registers at this moment (of the first core), by the names of gdb.

        :raises MachineEnded: when there is no machine any more.
        """

    def where(self) -> Where:
        """Say where the firmware is: functions, files and lines, and the fault that it is in.

        A machine that runs is stopped for it, which its firmware does not notice.

        :raises MachineEnded: when there is no machine any more.
        :raises DebugFailed: when it cannot be looked into.
        """

    def faulted(self) -> Where | None:
        """Look whether the processor is in a fault, or where no firmware is on purpose.

        That is a panic, a failed assertion, a handler of exceptions that nobody expects. None when
        it is not, or cannot be looked into.
        """

    def post_mortem(self) -> Where:
        """Look as :meth:`where` does for a failed test: in short time, and without an error."""

    @property
    def instructions(self) -> int | None:
        """How many instructions the guest has executed; exact while it is paused.

        After the end it is what was counted last, before we ended it. None when the board does
        not count, or the machine ended by itself before anybody asked.
        """

    def facts(self) -> MachineFacts:
        """Return what is known of this boot by now; ``boot.json`` is its end."""


@runtime_checkable
class TellsLooks(Protocol):
    """What a machine has besides that notes what tests take of it beside its text.

    A test in which none such has shown anything has judged nothing. Of others that is not known.
    """

    @property
    def looked_into(self) -> bool:
        """Whether a test has taken something of it: memory, registers, a figure, a symbol."""


class Emulator(Protocol):
    """A kind of machine that boards run on: a program, or hardware; a launcher says where."""

    #: The word of ``boards.NAME.kind``.
    name: str
    #: Whether it can be in a container; what cannot is on this machine, whatever else is said.
    in_container: bool

    def require(self, board: Board, launcher: Launcher) -> None:
        """Raise MissingTool or EngineDown when ``board`` cannot boot there."""

    def version(self, board: Board, launcher: Launcher) -> str:
        """Name the emulator and its version, as it says it itself."""

    def boot(self, boot: Boot, launcher: Launcher) -> AbstractContextManager[Machine]:
        """Start the machine with its console attached from the first byte; end it on exit."""


@runtime_checkable
class StartsAhead(Protocol):
    """What an emulator has besides, whose machines can be started and wait for their test."""

    def ahead(self, boot: Boot, launcher: Launcher) -> Stopped | None:
        """Prepare a machine for boots like ``boot``; None where that would make a difference."""


@runtime_checkable
class TellsSides(Protocol):
    """What an emulator has besides that can tell of a delay at an instruction what it breaks."""

    def sides(self, boot: Boot, launcher: Launcher, before: int) -> Sides:
        """Tell what is around the point of ``boot.variation``, and what both sides write.

        ``before`` is the address of the instruction before it, 0 for none.

        :raises NotPossible: where the guest does not come there.
        """


@runtime_checkable
class Varies(Protocol):
    """What an emulator has besides, whose boots of one ELF can be told to differ."""

    def variation(self, board: Board, number: int) -> str | None:
        """Name what is different in boot ``number``, from 0, which is as ``board`` says.

        Empty where they vary by themselves; None where there are no more that differ.
        """

    def require_variation(self, board: Board, name: str) -> None:
        """Raise BadSetting where ``board`` has no variation of that name."""
