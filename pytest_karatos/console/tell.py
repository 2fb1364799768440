"""Write the failure of a wait: one clear sentence first, the evidence below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.console.life import Life
from pytest_karatos.text import fitted, printable

#: Lines of console that a message shows.
_LINES = 15
#: Characters of one line that a message shows.
_WIDTH = 200
#: Seconds that the end of a process may lag behind the end of its line.
_DEATH_GRACE = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a message can show: the console's text up to now, and who else can be asked."""

    text: str
    transcript: Path
    total_bytes: int
    life: Life
    aside: str = ""

    def below(self, sentence: str, *, around: int | None = None) -> str:
        """Put the evidence under ``sentence``; ``around``: an index of ``text`` to show too."""
        return "\n".join([sentence, *self._console(around), *self._stderr()])

    def _console(self, around: int | None) -> list[str]:
        where = f"transcript: {self.transcript} ({self.total_bytes} bytes)"
        where += f"; {self.aside}" if self.aside else ""
        if not self.total_bytes:
            other = self.life.elsewhere()
            none = "No text came out of the filter" if self.aside else "No byte came on the console"
            return [f"{none}{f'; {other}' if other else ''}.", where]
        lines = last_lines(self.text, around)
        return ["last lines of the console:", *(f"| {line}" for line in lines), where]

    def _stderr(self) -> list[str]:
        tail = [line for line in self.life.stderr_tail().splitlines() if line.strip()]
        if not tail:
            return []
        return ["stderr of QEMU:", *(f"! {fit(line)}" for line in tail[-_LINES:])]


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


def how_it_ended(life: Life) -> str:
    """Say what became of the machine whose line has ended."""
    status = life.status_within(_DEATH_GRACE)
    if status is None:
        return "its line was closed"
    if status < 0:
        return f"the machine was killed by signal {-status}"
    return f"the machine ended with exit status {status}"
