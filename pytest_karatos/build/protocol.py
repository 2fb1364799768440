"""Say what a builder is (one way of turning a request into an ELF), and where commands run."""

from pathlib import Path
from typing import Protocol

from pytest_karatos.build.shelf import Entry
from pytest_karatos.build.tools import Tools
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress


class Builder(Protocol):
    """One way to firmware: built in a container or with the host's tools, or prebuilt."""

    @property
    def name(self) -> str:
        """The word of ``--karatos-builder``."""

    def obtain(self, request: BuildRequest) -> Entry:
        """Return the firmware of ``request``, built if, and only if, it has to be.

        :raises BuildFailed: with the last lines of the log and its path.
        """


class Runner(Protocol):
    """A place where a command runs over a private tree: the host, or a container."""

    name: str

    def identity(self) -> str:
        """Name the tools found in this place, so that others make another key."""

    def tools(self) -> Tools:
        """Name them for people, for the record of where a firmware came from."""

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run ``request.command`` in ``tree``, output appended to ``log``; return its exit status.

        Each output line goes to ``progress`` too. A command over ``request.timeout_seconds`` is
        ended with all its children and reported as :class:`~pytest_karatos.errors.BuildFailed`.
        """
