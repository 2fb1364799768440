"""The text that a boot begins with: when it comes again, the firmware has restarted."""

from dataclasses import dataclass


@dataclass(slots=True)
class Boots:
    """A count of how often the boot text came."""

    text: str
    guessed: bool
    seen: int = 0
    last_end: int = 0


def guessed_boots(text: str) -> Boots | None:
    r"""Take the first two lines: one alone may be anything, such as a task's own.

    None while there are none. Two lines that are the same are repetition, and no boot text.

    >>> guessed_boots("RTOS 1\nstart\nrun\n").text
    'RTOS 1\nstart\n'
    >>> guessed_boots("run\nrun\n").text
    ''
    """
    begin = len(text) - len(text.lstrip())
    first = text.find("\n", begin)
    second = text.find("\n", first + 1) if first >= 0 else -1
    if second < 0:
        return None
    same = text[begin:first] == text[first + 1 : second]
    return Boots("" if same else text[begin : second + 1], guessed=True)
