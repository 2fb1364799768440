"""Say what went wrong in sentences that a person can act on; every error of the package is here.

Two families: :class:`Fixable` (you can fix it: a typo, a missing tool, a build that failed) and
:class:`Misbehaved` (the firmware did something wrong; it is an ``AssertionError``, so a test
fails rather than errors).
"""


class KaratosError(Exception):
    """One sentence of what is wrong, one of why it mattered, and the command that cures it.

    >>> print(KaratosError("'qemu-system-arm' is not on PATH.",
    ...                    why="board 'lm3s6965evb' boots in it.",
    ...                    cure="apt-get install qemu-system-arm"))
    'qemu-system-arm' is not on PATH.
      why: board 'lm3s6965evb' boots in it.
      fix: apt-get install qemu-system-arm
    """

    def __init__(self, what: str, *, why: str = "", cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.cure = cure

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.cure:
            lines.append(f"  fix: {self.cure}")
        return "\n".join(lines)


class Fixable(KaratosError):
    """You can fix it: something typed, written or installed is not right."""


class UnknownName(Fixable):
    """An arch, board, profile, builder or emulator was asked for that nobody defined."""


class BadSetting(Fixable):
    """A settings file, an environment variable or an option holds a key or value that cannot be."""


class MissingTool(Fixable):
    """A program or Python package that is needed is not on this machine."""


class HookFailed(Fixable):
    """A hook in a ``conftest.py`` or a plugin raised an error, or returned what it may not."""


class EngineDown(Fixable):
    """Docker is needed and its daemon does not answer (or refuses us)."""


class ImageFailed(Fixable):
    """The builder image could not be found, pulled or built."""


class BuildFailed(Fixable):
    """The firmware's own build command failed; the text ends with the compiler's last lines."""


class SourcesChanged(Fixable):
    """A source file changed while the private copy was made; nothing was built from the mixture."""


class BadFirmware(Fixable):
    """The file is not an ELF, or not one for the board that shall boot it."""


class ShelfBroken(Fixable):
    """The cache of built firmware cannot be read or written."""


class BootFailed(Fixable):
    """QEMU did not start; the text ends with what it wrote on stderr."""


class FilterFailed(Fixable):
    """The program that turns the console's bytes into text has ended before the machine did."""


class Misbehaved(KaratosError, AssertionError):
    """The firmware did something wrong, or did not do what the test waited for."""


class NotSeen(Misbehaved):
    """An expected text did not come within its time, although the machine was alive and well."""


class MachineEnded(Misbehaved):
    """The machine ended (exit, crash of the emulator) while a test still waited for it."""


class Forbidden(Misbehaved):
    """The console printed a text that the test had forbidden, or that means a fault."""


class Stuck(Misbehaved):
    """The firmware is silent, idles for ever, repeats itself endlessly or restarts in a loop."""


class Flooded(Misbehaved):
    """The firmware printed more than the limit, in total or in one line."""


class WrongExit(Misbehaved):
    """The machine ended with another exit status than the test expects, or did not end."""


class WrongSchedule(Misbehaved):
    """The scheduler's events break the order, count or balance that a test asserted."""


class OverBudget(Misbehaved):
    """A measured size or count is above its limit."""
