"""Build on demand: look on the shelf, build at most once, one answer for all processes of a run."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pytest_karatos.build.local import now
from pytest_karatos.build.shelf import Entry, Made, Shelf, key_of
from pytest_karatos.build.slots import Slots, Waiting
from pytest_karatos.build.tree import Tree, Trees
from pytest_karatos.build.workspace import Manifest, digest_of, survey
from pytest_karatos.errors import BuildFailed, Fixable, ShelfBroken, SourcesChanged
from pytest_karatos.firmware import BuildRequest, Provenance
from pytest_karatos.journal import Journal
from pytest_karatos.process import output_of
from pytest_karatos.text import printable

#: How often sources that change under our hands are looked at anew.
_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """A builder out of private trees, a shelf, and the folder of this run's build logs."""

    trees: Trees
    shelf: Shelf
    slots: Slots
    journal: Journal
    logs: Path

    @property
    def name(self) -> str:
        """The word of ``--karatos-builder``: where commands run."""
        return self.trees.runner.name

    def obtain(self, request: BuildRequest) -> Entry:
        """Return the built firmware of ``request``: for a whole run the same, whoever asks when.

        :raises BuildFailed: at length for the first who asked, in one line for the others.
        :raises SourcesChanged: when the sources do not hold still for one survey and one copy.
        :raises ShelfBroken: when the disk does not take what a build has to write.
        """
        try:
            return self._obtained(request)
        except OSError as error:
            raise ShelfBroken(
                f"the files of building '{request.title}' cannot be written: {error}.",
                why=f"it needs room for a copy of the sources in {self.trees.folder}, and for its "
                f"log in {self.logs}.",
                cure="make room there, or set KARATOS_CACHE and --karatos-artifacts to folders "
                "that you can write",
            ) from error

    def _obtained(self, request: BuildRequest) -> Entry:
        answer = self.logs / ".answers" / f"{request.slot}-{key_of(repr(request))[:8]}"
        answer.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(_beside(answer, "lock")):
            return self._answered(request, answer) or self._sought(request, answer)

    def key(self, request: BuildRequest, sources: Manifest) -> str:
        """Name what decides the outcome: sources, command, board, profile, features, tools."""
        board = request.board
        return key_of(
            self.name,
            self.trees.runner.identity(),
            digest_of(sources),
            request.command,
            f"{request.elf} {request.map}",
            f"{board.name} {board.arch} {board.triple} {request.profile}",
            repr(board.regions),
            " ".join(request.features),
            repr(request.env),
        )

    def _answered(self, request: BuildRequest, answer: Path) -> Entry | None:
        """Return what this run settled on; None when nobody asked yet, or the shelf lost it."""
        failed, found = _beside(answer, "failed"), _beside(answer, "key")
        if failed.exists():
            raise BuildFailed(
                f"building '{request.title}' failed earlier in this run.",
                cure=f"look at {failed.read_text().strip()}",
            )
        return self.shelf.find(found.read_text()) if found.exists() else None

    def _sought(self, request: BuildRequest, answer: Path) -> Entry:
        log = self.logs / f"build-{answer.name}.log"
        try:
            entry = self._built(request, log)
        except BuildFailed:
            _beside(answer, "failed").write_text(str(log))
            raise
        finally:
            self.journal.note("work-ended", title=request.title)
        _beside(answer, "key").write_text(entry.key)
        return entry

    def _built(self, request: BuildRequest, log: Path, tries: int = _TRIES) -> Entry:
        waiting = self._waiting(request)
        try:
            sources = survey(request.source, request.exclude)
            claim = self.trees.claimed(request, waiting)
            # The tree stays claimed until its ELF is on the shelf: the next build writes over it.
            with ExitStack() as claims:
                return self.shelf.obtain(
                    self.key(request, sources),
                    lambda: self._make(claims.enter_context(claim), sources, log),
                    lambda: waiting("waiting for another run that builds it"),
                )
        except SourcesChanged:
            if tries == 1:
                raise
            return self._built(request, log, tries - 1)

    def _make(self, tree: Tree, sources: Manifest, log: Path) -> Made:
        log.write_bytes(b"")
        tree.fill(sources)
        # The slot comes last: who waits for a tree must not keep others from building.
        asked, waiting = tree.request, self._waiting(tree.request)
        with (
            self.slots.alone(asked.serial, waiting),
            self.slots.taken(asked.timeout_seconds, waiting),
        ):
            elf, seconds = self._told(tree, log)
        origin = self._provenance(tree.request, seconds)
        return Made(elf=elf, log=log, provenance=origin, map=tree.map())

    def _told(self, tree: Tree, log: Path) -> tuple[Path, float]:
        title, started, ok = tree.request.title, time.monotonic(), False
        self.journal.note("build-started", title=title)
        try:
            elf = tree.build(log, JournalProgress(self.journal, title))
            ok = True
        finally:
            seconds = round(time.monotonic() - started, 3)
            self.journal.note("build-ended", title=title, ok=ok, seconds=seconds)
        return elf, seconds

    def _waiting(self, request: BuildRequest) -> Waiting:
        return lambda text: self.journal.note("build-waiting", title=request.title, text=text)

    def _provenance(self, request: BuildRequest, seconds: float) -> Provenance:
        tools = self.trees.runner.tools()
        return Provenance(
            builder=self.name,
            toolchain=tools.toolchain,
            image=tools.image,
            command=printable(request.command),
            source=str(request.source),
            source_revision=revision_of(request.source),
            built_at=now(),
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True)
class JournalProgress:
    """Report progress of a titled piece of work into the journal."""

    journal: Journal
    title: str

    def say(self, text: str) -> None:
        """Write one short line; what is longer than a terminal is cut."""
        self.journal.note("progress", title=self.title, text=printable(text)[:160])


def _beside(answer: Path, word: str) -> Path:
    return answer.with_name(f"{answer.name}.{word}")  # a board's name may hold dots


def revision_of(source: Path) -> str:
    """Return the source's git revision, with ``+changes`` when the tree differs; '' without git."""
    try:
        said = output_of(["git", "-C", str(source), "describe", "--always", "--dirty=+changes"])
    except Fixable:
        return ""
    return said.stdout.strip() if said.status == 0 else ""
