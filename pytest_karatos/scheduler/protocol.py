"""Say what the scheduler needs of a console: its text from the first byte, and a watchful wait."""

from typing import Protocol

from pytest_karatos.deadline import Deadline


class Reader(Protocol):
    """Something that is read once from its beginning."""

    def rest(self) -> str:
        """Return what has come and was not read, without waiting or judging."""

    def more(self, what: str, deadline: Deadline) -> str:
        """Return the next piece of text, blocking until there is one; ``what`` is waited for.

        :raises Misbehaved: NotSeen when none came in time, MachineEnded when none will come.
        """


class Spoken(Protocol):
    """A console."""

    def replay(self) -> Reader:
        """Give a reader that begins at the boot, whatever others have read."""
