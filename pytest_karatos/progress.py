"""Let long work say how it goes without knowing who listens (a terminal, a CI log, nobody)."""

from typing import Protocol


class Progress(Protocol):
    """Something that long work reports to; ``text`` is one short line, no newline, no escapes."""

    def say(self, text: str) -> None:
        """Report ``text``; called often (each line of a build), so it must be cheap."""


class Quiet:
    """A listener that is not interested; the default below the roof."""

    def say(self, text: str) -> None:
        """Do nothing with ``text``."""
