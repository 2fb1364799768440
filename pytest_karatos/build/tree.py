"""Build firmware by its own command in a private copy of its tree, wherever commands run."""

from pathlib import Path

from filelock import FileLock

from pytest_karatos.build.protocol import Runner
from pytest_karatos.build.workspace import digest_of, survey, sync
from pytest_karatos.errors import BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress
from pytest_karatos.text import printable, tail

_TAIL_LINES = 25


class TreeBuilder:
    """A builder made of a place to run (``runner``) and a folder of private trees."""

    def __init__(self, runner: Runner, trees: Path) -> None:
        self.name = runner.name
        self._runner = runner
        self._trees = trees

    def require(self) -> None:
        """Ask the place whether commands run there."""
        self._runner.require()

    def identity(self, request: BuildRequest) -> str:
        """Name the tools and condense the sources: both decide what comes out."""
        return f"{self._runner.identity()}\nsources {digest_of(survey(request.source))}"

    def toolchain(self) -> str:
        """Name the tools only."""
        return self._runner.identity()

    def build(self, request: BuildRequest, log: Path, progress: Progress) -> Path:
        """Sync the private tree, run the command there, return the ELF."""
        tree = self._tree(request)
        tree.parent.mkdir(parents=True, exist_ok=True)
        # Features share a tree (cargo tells them apart), so a tree has one builder at a time.
        with FileLock(tree.with_name(f"{tree.name}.lock")):
            sync(request.source, survey(request.source), tree)
            for stale in _matches(tree, request.elf):
                stale.unlink()  # an ELF that this build did not make must never be taken
            status = self._runner.run(request, tree, log, progress)
            if status != 0:
                raise _failed(request, status, log)
            return _the_elf(request, tree, log)

    def _tree(self, request: BuildRequest) -> Path:
        place = digest_of({str(request.source): ""})[:12]
        return self._trees / f"{place}-{self.name}-{request.slot}"


def _matches(tree: Path, pattern: str) -> list[Path]:
    return sorted(path for path in tree.glob(pattern) if path.is_file())


def _failed(request: BuildRequest, status: int, log: Path) -> BuildFailed:
    last = "\n".join(f"    | {line}" for line in tail(log, _TAIL_LINES))
    return BuildFailed(
        f"building '{request.title}' failed with exit status {status}: "
        f"{printable(request.command)}\n{last}",
        why="a test needs this firmware.",
        cure=f"the whole log is {log}",
    )


def _the_elf(request: BuildRequest, tree: Path, log: Path) -> Path:
    found = _matches(tree, request.elf)
    if len(found) == 1:
        return found[0]
    what = "no file" if not found else f"{len(found)} files ({', '.join(p.name for p in found)})"
    raise BuildFailed(
        f"building '{request.title}' succeeded, but {what} matches '{request.elf}'.",
        why=f"that is where the ELF of `{printable(request.command)}` is looked for.",
        cure=f"set [build] elf in karatos.toml; the build's log is {log}",
    )
