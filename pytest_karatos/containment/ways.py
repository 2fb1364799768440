"""The ways to hold a program of this machine to a list of paths; the first that works is taken."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from pytest_karatos.containment import bubblewrap, landlock
from pytest_karatos.containment.access import Access
from pytest_karatos.process import Starter, at_once


class Containment(Protocol):
    """One way to hold a program to an :class:`Access`."""

    name: str
    #: Whether the program is the process that was started, and not a child of it.
    in_place: bool

    def trouble(self) -> str:
        """Say why it cannot be used here; empty when it can."""

    def wrapped(self, argv: Sequence[str], access: Access, cwd: Path) -> Sequence[str]:
        """Return what is to be run in place of ``argv``."""

    def starter(self, access: Access) -> Starter:
        """Return how it is to be started."""

    def status_of(self, status: int | None) -> int | None:
        """Return the program's own status, negative for a signal."""


class Landlock:
    """The kernel's own: Linux 5.13 and later, in containers too."""

    name = "Landlock"
    in_place = True

    def trouble(self) -> str:
        """Say why it cannot be used here; empty when it can."""
        return "" if landlock.version() else "this kernel has no Landlock, or it is switched off"

    def wrapped(self, argv: Sequence[str], access: Access, cwd: Path) -> Sequence[str]:
        """Return ``argv``: nothing runs in between."""
        del access, cwd
        return argv

    def starter(self, access: Access) -> Starter:
        """Return how it is to be started: in a thread that restricts itself."""
        return partial(landlock.start_within, access)

    def status_of(self, status: int | None) -> int | None:
        """Return the status."""
        return status


class Bubblewrap:
    """A program that needs no rights, where users may make namespaces: not in most containers."""

    name = "bubblewrap"
    in_place = False

    def trouble(self) -> str:
        """Say why it cannot be used here; empty when it can."""
        return bubblewrap.trouble()

    def wrapped(self, argv: Sequence[str], access: Access, cwd: Path) -> Sequence[str]:
        """Return ``argv`` run by it."""
        return bubblewrap.wrapped(argv, access, cwd)

    def starter(self, access: Access) -> Starter:
        """Return how it is to be started: as any program."""
        del access
        return at_once

    def status_of(self, status: int | None) -> int | None:
        """Return the program's status."""
        return bubblewrap.status_of(status)


#: In the order in which they are tried.
WAYS: tuple[Containment, ...] = (Landlock(), Bubblewrap())
