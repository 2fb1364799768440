"""What a console is watched for besides the text that a test waits for."""

import re
from dataclasses import dataclass, field

from pytest_karatos.choices import AUTO

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRule:
    """How one system prints one kind of crash: a line that matches ``pattern``.

    ``means`` completes "which means ..."; ``word`` is a text in lower case that is in every line
    that matches, whatever the case of the line's letters, so that other lines need no search.
    """

    system: str
    means: str
    word: str
    pattern: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchRules:
    """The limits of a healthy console, and how it is read and typed into.

    ``timeout_seconds`` is how long a wait may take when the test says nothing else.
    ``faults`` are texts that mean a crash wherever they appear; ``known_faults`` are the packaged
    rules for what systems print when they crash, watched for too while ``faults_packaged``.
    ``processor_faults``: a processor that is in a fault or a panic at a test's end is a failure.
    ``speaks``: a test that passes although its firmware said nothing has judged nothing.
    ``silence_seconds`` is how long a wait lets the console say nothing before it calls the
    firmware silent. ``settle_seconds`` is how long, in its own time, it is watched after a test's
    last line. ``repeats`` is how often the same block of up to 32 lines may come in
    succession, while a wait is going on, before it is called endless repetition; ``restarts`` how
    often the boot text (``boot_text``, the first line when empty) may come again, and the firmware
    reset itself, in one wait. ``expect_resets`` is how often it may reset itself in a test that did
    not ask for it.
    ``total_bytes`` bounds one boot's output, ``line_bytes`` one line's length.
    ``newline`` is what ``sendline`` ends a line with. ``ready`` is what the firmware prints when it
    takes input (empty: always). ``prompt`` is that of its shell (empty: nobody knows), which prints
    back what is typed if it has an ``echo``. ``filter`` is a program with its arguments that turns
    the console's bytes into the text that is watched; empty when the bytes are text. ``dialect``
    names how the scheduler's lines are read.
    """

    timeout_seconds: float = 30.0
    faults: tuple[str, ...] = ()
    faults_packaged: bool = True
    known_faults: tuple[FaultRule, ...] = field(default=(), repr=False)
    processor_faults: bool = True
    speaks: bool = True
    silence_seconds: float = 5.0
    settle_seconds: float = 0.1
    repeats: int = 200
    restarts: int = 3
    expect_resets: int = 0
    boot_text: str = ""
    total_bytes: int = 64 * MIB
    line_bytes: int = 64 * KIB
    newline: str = "\n"
    ready: str = ""
    prompt: str = ""
    echo: bool = True
    filter: tuple[str, ...] = ()
    dialect: str = AUTO

    @property
    def known(self) -> tuple[FaultRule, ...]:
        """The packaged rules, when they are watched for."""
        return self.known_faults if self.faults_packaged else ()


class Prompt:
    r"""A line that a shell begins and leaves to who types: its text, or a regular expression.

    ``$``, ``(`` and ``[`` stand in many prompts, so the text as it is is one in any case.

    :raises ValueError: no line can be told by it; the message completes "the prompt ...".

    >>> Prompt("uart:~$ ").fits("uart:~$ "), Prompt(r"\w+@board> ?").fits("root@board>")
    (True, True)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._patterns = [re.compile(rf"(?:{one})[ \t]*") for one in _readings(text)]
        if "\n" in text or "\r" in text:
            raise ValueError("has a line end; it is the line behind that")
        if self.fits(""):
            raise ValueError("is that of an empty line too")

    def fits(self, line: str) -> bool:
        """Tell whether ``line`` is the prompt, and nothing but that."""
        return any(one.fullmatch(line) for one in self._patterns)

    def begins(self, line: str) -> bool:
        """Tell whether ``line`` begins with the prompt."""
        return any(one.match(line) for one in self._patterns)


def _readings(text: str) -> list[str]:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return [re.escape(text)]
    return [re.escape(text), text]
