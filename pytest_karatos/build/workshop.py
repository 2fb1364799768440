"""Build on demand: look on the shelf, build at most once, remember a failure for the run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.build.local import now
from pytest_karatos.build.protocol import Builder
from pytest_karatos.build.shelf import Entry, Made, Shelf, key_of
from pytest_karatos.errors import BuildFailed, Fixable
from pytest_karatos.firmware import BuildRequest, Provenance
from pytest_karatos.journal import Journal
from pytest_karatos.process import output_of
from pytest_karatos.progress import Progress
from pytest_karatos.text import printable


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """A builder with its shelf, and the folder where this run's build logs are kept."""

    builder: Builder
    shelf: Shelf
    journal: Journal
    logs: Path

    def obtain(self, request: BuildRequest) -> Entry:
        """Return the built firmware of ``request``.

        :raises BuildFailed: at length for the first who asked, in one line for the others.
        """
        key = self.key(request)
        return self.shelf.obtain(key, lambda: self._make(request, key))

    def key(self, request: BuildRequest) -> str:
        """Name what decides the outcome: sources, command, board, profile, features, tools."""
        board = request.board
        return key_of(
            self.builder.name,
            self.builder.identity(request),
            request.command,
            request.elf,
            f"{board.name} {board.arch} {board.triple} {request.profile}",
            " ".join(request.features),
            repr(request.env),
        )

    def _make(self, request: BuildRequest, key: str) -> Made:
        failure = self.logs / f"{key}.failed"
        if failure.exists():
            raise BuildFailed(
                f"building '{request.title}' failed earlier in this run.",
                cure=f"look at {failure.read_text().strip()}",
            )
        log = self.logs / f"build-{request.slot}-{key[:8]}.log"
        self.logs.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        started = time.monotonic()
        try:
            elf = self._reported(request, lambda says: self.builder.build(request, log, says))
        except BuildFailed:
            failure.write_text(str(log))
            raise
        return Made(
            elf=elf, log=log, provenance=self._provenance(request, time.monotonic() - started)
        )

    def _reported(self, request: BuildRequest, work: Callable[[Progress], Path]) -> Path:
        says = JournalProgress(self.journal, request.title)
        self.journal.note("build-started", title=request.title)
        ok = False
        try:
            elf = work(says)
            ok = True
        finally:
            self.journal.note("build-ended", title=request.title, ok=ok)
        return elf

    def _provenance(self, request: BuildRequest, seconds: float) -> Provenance:
        return Provenance(
            builder=self.builder.name,
            toolchain=self.builder.toolchain(),
            command=printable(request.command),
            source=str(request.source),
            source_revision=revision_of(request.source),
            built_at=now(),
            seconds=round(seconds, 3),
        )


@dataclass(frozen=True, slots=True)
class JournalProgress:
    """Report progress of a titled piece of work into the journal."""

    journal: Journal
    title: str

    def say(self, text: str) -> None:
        """Write one short line; what is longer than a terminal is cut."""
        self.journal.note("progress", title=self.title, text=printable(text)[:160])


def revision_of(source: Path) -> str:
    """Return the source's git revision, with ``+changes`` when the tree differs; '' without git."""
    try:
        said = output_of(["git", "-C", str(source), "describe", "--always", "--dirty=+changes"])
    except Fixable:
        return ""
    return said.stdout.strip() if said.status == 0 else ""
