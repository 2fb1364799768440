"""Say what a builder is: one way of turning a request into an ELF."""

from pathlib import Path
from typing import Protocol

from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress


class Builder(Protocol):
    """One way to build: in a container, with the host's tools, or not at all (prebuilt)."""

    #: The word of ``--karatos-builder``.
    name: str

    def require(self) -> None:
        """Raise before any work when this builder cannot work here (MissingTool, EngineDown)."""

    def identity(self, request: BuildRequest) -> str:
        """Name the toolchain so that another one makes another key (image id, ``rustc -vV``)."""

    def toolchain(self) -> str:
        """Name the tools alone, for the record of where a firmware came from."""

    def build(self, request: BuildRequest, log: Path, progress: Progress) -> Path:
        """Build, stream all output to ``log``, return the ELF's path in the private tree.

        :raises BuildFailed: with the last lines of the log and its path.
        """


class Runner(Protocol):
    """A place where a command runs over a private tree: the host, or a container."""

    name: str

    def require(self) -> None:
        """Raise when commands cannot run here."""

    def identity(self) -> str:
        """Name the tools found in this place."""

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run ``request.command`` in ``tree``, output appended to ``log``; return its exit status.

        Each output line goes to ``progress`` too. A command over ``request.timeout_seconds`` is
        ended with all its children and reported as :class:`~pytest_karatos.errors.BuildFailed`.
        """
