"""Every error of the package: a sentence for what is wrong, one for why, and the fix.

Two families: :class:`Fixable` (you can fix it: a typo, a missing tool, a build that failed) and
:class:`Misbehaved` (the firmware did something wrong; it is an ``AssertionError``, so a test
fails rather than errors).
"""


class KaratosError(Exception):
    """One sentence of what is wrong, one of why it mattered, and the command that fixes it.

    >>> print(KaratosError("'qemu-system-arm' is not on PATH.",
    ...                    why="board 'lm3s6965evb' boots in it.",
    ...                    fix="apt-get install qemu-system-arm"))
    'qemu-system-arm' is not on PATH.
      why: board 'lm3s6965evb' boots in it.
      fix: apt-get install qemu-system-arm
    """

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        #: Whether it has reached somebody: pytest reports it, or a test says that it expects it.
        self.settled = False
        #: The error that this one says in other words.
        self.instead_of: KaratosError | None = None

    def settle(self) -> None:
        """Note that it has reached somebody."""
        self.settled = True
        if self.instead_of is not None:
            self.instead_of.settle()

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class Fixable(KaratosError):
    """You can fix it: something typed, written or installed is not right."""


class UnknownName(Fixable):
    """An arch, board, profile, builder or emulator was asked for that nobody defined."""


class BadSetting(Fixable):
    """A settings file, an environment variable or an option holds a key or value that cannot be."""


class MissingTool(Fixable):
    """A program or Python package that is needed is not on this machine."""


class NotContained(MissingTool):
    """Firmware could reach this machine's files, and nothing that would hold it is here."""


class HookFailed(Fixable):
    """A hook in a ``conftest.py`` or a plugin raised an error, or returned what it may not."""


class EngineDown(Fixable):
    """Docker is needed and its daemon does not answer (or refuses us)."""


class ImageFailed(Fixable):
    """The builder image could not be found, pulled or built."""


class BuildFailed(Fixable):
    """The firmware's own build command failed; the text ends with the compiler's last lines."""


class LinkEscapes(Fixable):
    """A link that a build left leads out of its tree; it was not followed. ``what`` is the link."""


class SourcesChanged(Fixable):
    """A source file changed while the private copy was made; nothing was built from the mixture."""


class BadFirmware(Fixable):
    """The file is not an ELF, or not one for the board that shall boot it."""


class CacheError(Fixable):
    """The cache of built firmware cannot be read or written."""


class BootFailed(Fixable):
    """The machine did not start; the text ends with what its program wrote on stderr."""


class NotPossible(Fixable):
    """A test asks a machine for what machines of its kind cannot do, as to be paused."""


class FilterFailed(Fixable):
    """The program that turns the console's bytes into text has ended before the machine did."""


class DebugFailed(Fixable):
    """A stopped machine cannot be looked into: its stub refuses, or answers what makes no sense."""


class Misbehaved(KaratosError, AssertionError):
    """The firmware did something wrong, or did not do what the test waited for.

    ``awaited`` names what was waited for, where nothing is wrong but that it did not come.
    """

    awaited: tuple[str, ...] = ()


class NotSeen(Misbehaved):
    """An expected text did not come in time, and nothing that the console watches for was wrong."""


class MachineEnded(Misbehaved):
    """The machine ended (exit, crash of the emulator) while a test still waited for it."""


class Forbidden(Misbehaved):
    """The console printed a text that the test had forbidden, or that means a fault."""


class Faulted(Misbehaved):
    """The processor is in a fault or a panic at the end of a test, and nobody printed it."""


class Stuck(Misbehaved):
    """The firmware is silent, idles for ever, repeats itself endlessly or restarts in a loop."""


class Flooded(Misbehaved):
    """The firmware printed more than the limit, in total or in one line."""


class WrongExit(Misbehaved):
    """The machine ended with another exit status than the test expects, or did not end."""


class UnexpectedReset(Misbehaved):
    """The firmware reset itself, and the test had not asked for it."""


class WrongSchedule(Misbehaved):
    """The scheduler's events break the order, count or balance that a test asserted."""


class TooLittle(Misbehaved):
    """There was nothing to judge, or so little that it would hold whatever happened."""


class Unanswered(Misbehaved):
    """The firmware asked a device that a test plays what the test has no reply for."""


class CasesFailed(Misbehaved):
    """Of the tests that run on the target one failed, or never finished, or never came."""


class Flaky(Misbehaved):
    """Of several boots of one ELF for one test fewer passed than must."""


class BreaksByTiming(Misbehaved):
    """Under some timings of its interrupts the firmware breaks what a test asserts of it."""


class OverBudget(Misbehaved):
    """A measured size or count is above its limit, or worse than its baseline allows."""
