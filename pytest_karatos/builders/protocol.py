"""What a builder is (one way of turning a request into an ELF), and where its command runs."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_karatos.builders.cache import CachedBuild
from pytest_karatos.builders.programs import Programs
from pytest_karatos.builders.tools import Tools
from pytest_karatos.containers import Container
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress


class Builder(Protocol):
    """One way to firmware: built in a container or with the host's tools, or prebuilt."""

    @property
    def name(self) -> str:
        """The word of ``--karatos-builder``."""

    def obtain(self, request: BuildRequest) -> CachedBuild:
        """Return the firmware of ``request``, built if, and only if, it has to be.

        :raises BuildFailed: with the last lines of the log and its path.
        """


class Runner(Protocol):
    """A place where a command runs over a private tree: the host, or a container."""

    name: str

    @property
    def place(self) -> str:
        """Say in a sentence where commands run: ``on this host``, ``in the image X``."""

    def path_of(self, tree: Path) -> str:
        """Return the path by which commands see ``tree``; a link that they make may begin so."""

    def identity(self) -> str:
        """Name the tools found in this place, so that others make another key."""

    def tools(self) -> Tools:
        """Name them for people, for the record of where a firmware came from."""

    def environment(self, request: BuildRequest) -> dict[str, str]:
        """Return what the command sees of the environment, as far as it decides what is made."""

    @property
    def search(self) -> str:
        """The PATH by which programs are found whose like is noted; empty where none are."""

    def programs(self, tree: Path) -> Programs:
        """Return what the last command in ``tree`` ran outside of it."""

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        """Run ``request.command`` in ``tree``, output appended to ``log``; return its exit status.

        Each output line goes to ``progress`` too. A command over ``request.timeout_seconds`` is
        ended with all its children and reported as :class:`~pytest_karatos.errors.BuildFailed`.
        """


class BootImage(Protocol):
    """The image of a builder that builds in containers; machines can boot in it too."""

    def prepare(self) -> None:
        """Make it now; what goes wrong is said when somebody needs it."""

    def warm_container(self, *folders: Path) -> AbstractContextManager[Container]:
        """Return a container without network that sees ``folders`` at their place."""

    def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A builder, why it was taken, and, when it builds in containers, what runs in its image."""

    builder: Builder
    why: str
    #: What a user should know before it runs, in few words; empty when there is nothing.
    warning: str = ""
    runner: BootImage | None = None
