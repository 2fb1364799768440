"""A row of the baseline: which figure, what it was, and what it was measured of."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """What a figure is of; ``test`` is empty for one of the ELF, ``firmware`` for the plain one."""

    firmware: str = ""
    board: str
    profile: str
    test: str = ""
    measure: str

    @property
    def whose(self) -> tuple[str, str, str]:
        """The firmware on its board."""
        return self.firmware, self.board, self.profile


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One figure. ``build`` names what it was measured of; ``reason`` is why it is so much."""

    place: Place
    value: float
    unit: str = ""
    build: str = ""
    reason: str = ""


def firmware_word(name: str, binary: str, features: Iterable[str]) -> str:
    """Return the word of a firmware in a row.

    >>> firmware_word("apps", "blink", ["fast"]), firmware_word("", "", [])
    ('apps/blink +fast', '')
    """
    parts = ("/".join(filter(None, (name, binary))), *(f"+{one}" for one in features))
    return " ".join(filter(None, parts))
