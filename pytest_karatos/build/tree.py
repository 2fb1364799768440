"""Build firmware by its own command in a private copy of its tree, wherever commands run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.build.memory_template import Memory
from pytest_karatos.build.protocol import Runner
from pytest_karatos.build.slots import Waiting
from pytest_karatos.build.turns import turn
from pytest_karatos.build.workspace import Manifest, digest_of, sync
from pytest_karatos.errors import BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress
from pytest_karatos.text import printable, tail

_TAIL_LINES = 25
_ELF = b"\x7fELF"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """One private copy, claimed for one build."""

    folder: Path
    runner: Runner
    request: BuildRequest

    def fill(self, manifest: Manifest) -> None:
        """Bring the copy in step with the sources that ``manifest`` names.

        :raises SourcesChanged: when they are no longer those.
        """
        memory = Memory(board=self.request.board, strangers=self.request.strangers)
        sync(self.request.source, manifest, self.folder, memory)
        for stale in [*self._matches(self.request.elf), *self._matches(self.request.map)]:
            stale.unlink()  # an ELF that this build did not make must never be taken

    def build(self, log: Path, progress: Progress) -> Path:
        """Run the command and return the ELF in this tree, which the next build writes over.

        :raises BuildFailed: with the last lines of the log and its path.
        """
        status = self.runner.run(self.request, self.folder, log, progress)
        if status != 0:
            raise _failed(self.request, status, log)
        return self._elf(log)

    def map(self) -> Path | None:
        """Return the linker's map that the build left, the last one it wrote; None without."""
        found = self._matches(self.request.map)
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)

    def _matches(self, pattern: str) -> list[Path]:
        if not pattern:
            return []
        return sorted(path for path in self.folder.glob(pattern) if path.is_file())

    def _elf(self, log: Path) -> Path:
        found = self._matches(self.request.elf)
        if len(found) > 1:  # cargo writes kernel-<hash>.d beside kernel-<hash>
            found = [path for path in found if _is_elf(path)] or found
        if len(found) == 1:
            return found[0]
        names = ", ".join(path.name for path in found)
        what = f"{len(found)} files ({names}) match" if found else "no file matches"
        raise BuildFailed(
            f"building '{self.request.title}' succeeded, but {what} '{self.request.elf}'.",
            why=f"that is where the ELF of `{printable(self.request.command)}` is looked for.",
            cure=f"set [build] elf in karatos.toml; the build's log is {log}",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Trees:
    """The private copies below ``folder``, and the place (``runner``) where commands run."""

    folder: Path
    runner: Runner

    @contextmanager
    def claimed(self, request: BuildRequest, waiting: Waiting) -> Iterator[Tree]:
        """Hand out the tree of ``request``, to one build at a time.

        Features share a tree, since cargo tells them apart.
        """
        place = digest_of({str(request.source): ""})[:12]
        folder = self.folder / f"{place}-{self.runner.name}-{request.slot}"
        text = "waiting for another build in the same tree"
        with turn(folder.with_name(f"{folder.name}.lock"), lambda: waiting(text)):
            yield Tree(folder=folder, runner=self.runner, request=request)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _failed(request: BuildRequest, status: int, log: Path) -> BuildFailed:
    last = "\n".join(f"    | {line}" for line in tail(log, _TAIL_LINES))
    return BuildFailed(
        f"building '{request.title}' failed with exit status {status}: "
        f"{printable(request.command)}\n{last}",
        why="a test needs this firmware.",
        cure=f"the whole log is {log}",
    )
