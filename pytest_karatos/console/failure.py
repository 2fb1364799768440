"""The text of a failed wait: one clear sentence first, the evidence below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_karatos.console.patience import GuestLook
from pytest_karatos.console.stream import CONSOLE
from pytest_karatos.text import fitted, printable


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherStream:
    """A file that an emulator writes a stream of the guest to, and its name in a sentence.

    Lines that begin with ``apart``, if that is anything, are the emulator's own, and so are lines
    that are ``known`` as such.
    """

    name: str
    path: Path
    apart: str = ""
    known: tuple[str, ...] = ()

    def is_apart(self, line: str) -> bool:
        """Say whether ``line`` is the emulator's own."""
        return (bool(self.apart) and line.startswith(self.apart)) or line in self.known


class MachineStatus(Protocol):
    """What is known of the machine beside its console."""

    #: What :meth:`stderr_tail` is, as ``stderr of the emulator``.
    stderr_title: str

    def status_within(self, seconds: float) -> int | None:
        """Return the exit status, waiting up to ``seconds`` for it; None while it runs."""

    def stderr_tail(self) -> str:
        """Return the last few KiB of what the emulator said on stderr, or an empty text."""

    def idle_reason(self) -> str:
        """Say what a firmware waits for in which nothing happens any more."""

    def look(self) -> GuestLook | None:
        """Look at the guest; None when it is gone, is paused, or cannot be looked at."""

    def exit_reason(self, status: int | None) -> str:
        """Say why it ended with ``status``, if more than that is known; else an empty text.

        For None: why the machine itself does not go on, whatever its firmware does.
        """

    def streams(self) -> list[OtherStream]:
        """Return the streams of the firmware that nobody can wait on, as they are in files."""


class UnknownMachine:
    """A line whose other end is not a machine of ours (a test, a replayed log)."""

    stderr_title = ""

    def status_within(self, seconds: float) -> int | None:
        """Know nothing, after no time (``seconds`` is not waited out)."""
        del seconds
        return None

    def stderr_tail(self) -> str:
        """Know nothing."""
        return ""

    def idle_reason(self) -> str:
        """Know nothing."""
        return ""

    def exit_reason(self, status: int | None) -> str:
        """Know nothing of any ``status``."""
        del status
        return ""

    def look(self) -> GuestLook | None:
        """Know nothing."""
        return None

    def streams(self) -> list[OtherStream]:
        """Know none."""
        return []


#: Lines of console that a message shows.
_LINES = 15
#: Characters of one line that a message shows.
_WIDTH = 200
#: Seconds that are shown as 0.0: what came within them comes now.
_NOW = 0.05
#: Seconds that the end of a process may lag behind the end of its line.
_DEATH_GRACE = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a message can show: the console's text up to now, and who else can be asked.

    ``quiet_seconds`` is the time since the last byte, or since the guest was let go. ``aside`` says
    where the bytes lie when the text is what a filter made of them. ``elsewhere`` are sentences
    about what came out on other streams.
    """

    text: str
    transcript: Path
    total_bytes: int
    life: MachineStatus
    quiet_seconds: float = 0.0
    aside: str = ""
    name: str = CONSOLE
    elsewhere: Sequence[str] = ()

    @property
    def lull(self) -> str:
        """Since when nothing has come, or that something still comes."""
        quiet = self.quiet_seconds
        if quiet < _NOW:
            return "the firmware was still printing" if self.total_bytes else "nothing came yet"
        if self.total_bytes:
            return f"the last {'text' if self.aside else 'byte'} came {quiet:.1f} s ago"
        # The firmware may have said much to a filter that makes no text of it.
        nothing = "no text came out of the filter" if self.aside else "nothing was printed"
        return f"{nothing} for {quiet:.1f} s"

    def below(self, sentence: str, *, around: int | None = None) -> str:
        """Put the evidence under ``sentence``; ``around``: an index of ``text`` to show too."""
        return "\n".join([sentence, *self._console(around), *self._stderr()])

    def _console(self, around: int | None) -> list[str]:
        where = f"transcript: {self.transcript} ({self.total_bytes} bytes)"
        where += f"; {self.aside}" if self.aside else ""
        if not self.total_bytes:
            none = "text came out of the filter" if self.aside else f"byte came on {self.name}"
            return [f"{'; '.join([f'No {none}', *self.elsewhere])}.", where]
        lines = [f"| {line}" for line in last_lines(self.text, around)]
        # Who has seen too little wants to know where the rest went; a fault was seen.
        others = self.elsewhere if around is None else ()
        return [f"last lines of {self.name}:", *lines, where, *others]

    def _stderr(self) -> list[str]:
        tail = [line for line in self.life.stderr_tail().splitlines() if line.strip()]
        if not tail:
            return []
        return [f"{self.life.stderr_title}:", *(f"! {fit(line)}" for line in tail[-_LINES:])]


def last_lines(text: str, around: int | None = None) -> Sequence[str]:
    r"""Return the last lines of ``text``, or those around an index when that is further up.

    >>> last_lines("a\nb\x1b\n")
    ['a', 'b\\x1b']
    """
    tail = text[-4 * _LINES * _WIDTH :]
    lines = tail.rstrip("\n").split("\n")[-_LINES:]
    if around is not None and around < len(text) - sum(len(line) + 1 for line in lines):
        begin = max(0, around - _LINES * _WIDTH)
        before = text[begin:around].split("\n")[-_LINES // 3 :]
        after = text[around : around + 4 * _LINES * _WIDTH].split("\n")[: _LINES - len(before)]
        lines = [*before[:-1], before[-1] + after[0], *after[1:]]
    return [fit(line) for line in lines]


def fit(line: str) -> str:
    """Make one line of the console printable and not too long."""
    return fitted(printable(line.expandtabs(4)), _WIDTH)


def describe_end(life: MachineStatus) -> str:
    """Say what became of the machine whose line has ended."""
    status = life.status_within(_DEATH_GRACE)
    if status is None:
        return "its line was closed"
    if reason := life.exit_reason(status):
        return reason
    if status < 0:
        return f"the machine was killed by signal {-status}"
    return f"the machine ended with exit status {status}"
