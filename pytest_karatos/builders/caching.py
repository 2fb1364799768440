"""A builder with a cache: it builds each content once, with one answer for a whole run."""

import shlex
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from pytest_karatos.builders.cache import FORMAT, BuildCache, BuildOutput, CachedBuild, key_of
from pytest_karatos.builders.context import BuildContext
from pytest_karatos.builders.host import now
from pytest_karatos.builders.locks import JobSlots, Waiting
from pytest_karatos.builders.old_trees import note_use, prune, prune_repositories
from pytest_karatos.builders.protocol import Runner
from pytest_karatos.builders.repository import Repository, git_revision, repositories
from pytest_karatos.builders.shared import SharedCache
from pytest_karatos.builders.sources import Manifest, digest_of, survey
from pytest_karatos.builders.tree import Tree, Trees
from pytest_karatos.errors import BuildFailed, CacheError, SourcesChanged
from pytest_karatos.firmware import REVISION, BuildRequest, Provenance
from pytest_karatos.progress import Journal
from pytest_karatos.storage import Storage
from pytest_karatos.text import printable

#: Of the sources that changed since the build before, as many are named in the journal.
_NAMED = 5
_NO_LIMIT = 2**62
#: How often sources that change under our hands are looked at anew.
_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class CachingBuilder:
    """A builder out of private trees, a build cache, and the folder of this run's build logs."""

    trees: Trees
    cache: BuildCache
    slots: JobSlots
    journal: Journal
    logs: Path

    @property
    def name(self) -> str:
        """The word of ``--karatos-builder``: where commands run."""
        return self.trees.runner.name

    def obtain(self, request: BuildRequest) -> CachedBuild:
        """Return the built firmware of ``request``: for a whole run the same, whoever asks when.

        :raises BuildFailed: at length for the first who asked, in one line for the others.
        :raises SourcesChanged: when the sources do not hold still for one survey and one copy.
        :raises CacheError: when the disk does not take what a build has to write.
        """
        try:
            return self._obtained(request)
        except OSError as error:
            raise CacheError(
                f"the files of building '{request.title}' cannot be written: {error}.",
                why=f"it needs room for a copy of the sources in {self.trees.folder}, and for its "
                f"log in {self.logs}.",
                fix="make room there, or set KARATOS_CACHE and --karatos-artifacts to folders "
                "that you can write",
            ) from error

    def _obtained(self, request: BuildRequest) -> CachedBuild:
        request = with_revision(request)
        # Each process of a run may write files of its own.
        asked = key_of(repr(replace(request, written=())))
        answer = self.logs / ".answers" / f"{request.slot}-{asked[:8]}"
        answer.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(_beside(answer, "lock")):
            return self._answered(request, answer) or self._sought(request, answer)

    def variant(self, request: BuildRequest) -> str:
        """Name what decides a build but the sources: command, environment, board, tools ..."""
        board, runner = request.board, self.trees.runner
        return key_of(
            self.name,
            runner.identity(),
            request.command,
            f"{board.name} {board.arch} {board.triple} {request.profile}",
            repr(board.regions),
            " ".join(request.features),
            repr(request.env),
            repr(sorted(runner.environment(request).items())),
            f"network {request.network}",
            *(["git"] if request.git else []),
        )

    def key(
        self, request: BuildRequest, sources: Manifest, history: tuple[Repository, ...] = ()
    ) -> str:
        """Name all that decides the outcome, but the programs that the build will run."""
        told = (repr([one.told for one in history]),) if history else ()
        place = f"{request.elf} {request.map}"
        return key_of(self.variant(request), place, digest_of(sources), *told)

    def _answered(self, request: BuildRequest, answer: Path) -> CachedBuild | None:
        """Return what this run settled on; None when nobody asked yet, or the cache lost it."""
        failed, found = _beside(answer, "failed"), _beside(answer, "key")
        if failed.exists():
            raise BuildFailed(
                f"building '{request.title}' failed earlier in this run.",
                fix=f"look at {failed.read_text().strip()}",
            )
        partly = _beside(answer, "partly")
        if partly.exists():
            return self._of_this_run.find(partly.read_text())
        return self.cache.find(found.read_text()) if found.exists() else None

    def _sought(self, request: BuildRequest, answer: Path) -> CachedBuild:
        log = self.logs / f"build-{answer.name}.log"
        try:
            entry = self._built(request, log)
        except _PartlyBuilt as partly:
            _beside(answer, "partly").write_text(partly.entry.key)
            return partly.entry
        except BuildFailed:
            _beside(answer, "failed").write_text(str(log))
            raise
        finally:
            self.journal.note("work-ended", title=request.title)
        _beside(answer, "key").write_text(entry.key)
        return entry

    def _built(self, request: BuildRequest, log: Path, tries: int = _TRIES) -> CachedBuild:
        waiting = self._waiting(request)
        try:
            sources = survey(request.source, request.exclude, request.written)
            history = repositories(request.source, sources) if request.git else ()
            # A repository that is in the tree no more must not stay in a copy.
            places = [one.place for one in history]
            variant = key_of(self.variant(request), *places) if history else self.variant(request)
            claim = self.trees.claimed(request, variant, waiting)
            # The tree stays claimed until its ELF is in the cache: the next build writes over it.
            with ExitStack() as claims:
                return self.cache.obtain(
                    self.key(request, sources, history),
                    lambda: self._make(
                        claims.enter_context(claim), (sources, history), log, claims
                    ),
                    waiting,
                    lambda entry: not entry.programs.changed(self.trees.runner.search),
                )
        except SourcesChanged:
            if tries == 1:
                raise
            return self._built(request, log, tries - 1)

    def _make(
        self,
        tree: Tree,
        seen: tuple[Manifest, tuple[Repository, ...]],
        log: Path,
        opened: ExitStack,
    ) -> BuildOutput:
        log.write_bytes(b"")
        changed = tree.fill(*seen)
        # The slot comes last: who waits for a tree must not keep others from building.
        asked, waiting = tree.request, self._waiting(tree.request)
        with (
            self.slots.alone(asked.exclusive, waiting),
            self.slots.taken(asked.timeout_seconds, waiting),
        ):
            seconds, failure = self._told(tree, log, changed)
        if failure is not None and not tree.request.many:
            raise failure
        output = self._output(tree, log, seconds, failure, opened)
        if failure is not None:
            raise _PartlyBuilt(self._of_this_run.obtain(key_of(str(log)), lambda: output))
        return output

    def _output(
        self, tree: Tree, log: Path, seconds: float, failure: BuildFailed | None, opened: ExitStack
    ) -> BuildOutput:
        """Open what was made; a failure is raised where nothing was."""
        try:
            elves = tree.elves(log)
        except BuildFailed as none:
            raise failure or none from None
        for one in elves.values():
            opened.enter_context(one)
        linked = tree.map(log)
        if linked is not None:
            opened.enter_context(linked)
        return BuildOutput(
            elves=elves,
            log=log,
            provenance=self._provenance(tree.request, seconds),
            map=linked,
            programs=tree.programs(),
            failure=failure.what if failure else "",
        )

    def _told(
        self, tree: Tree, log: Path, changed: tuple[str, ...]
    ) -> tuple[float, BuildFailed | None]:
        """Run the command; return how long it took, and how it failed if it did."""
        title, started, failure = tree.request.title, time.monotonic(), None
        ok = False
        self.journal.note("build-started", title=title)
        try:
            tree.build(log, JournalProgress(self.journal, title))
            ok = True
        except BuildFailed as error:
            failure = error
        finally:
            seconds = round(time.monotonic() - started, 3)
            watched = tree.programs().watched
            self._tidy(tree)
            self.journal.note(
                "build-ended",
                title=title,
                ok=ok,
                seconds=seconds,
                watched=watched,
                changed="\n".join(changed[:_NAMED]),
                changes=len(changed),
            )
        return seconds, failure

    def _tidy(self, tree: Tree) -> None:
        """Note the tree's use; once in a run, let old trees go."""
        note_use(tree.folder)
        with suppress(FileExistsError):
            (self.logs / ".pruned").touch(exist_ok=False)
            prune(self.trees.folder, self.trees.most_bytes)
            prune_repositories(self.trees.histories)

    @property
    def _of_this_run(self) -> BuildCache:
        """What failed builds made all the same: good for this run, which says so, and no other."""
        return BuildCache(self.logs / ".partly", _NO_LIMIT)

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
            source_revision=git_revision(request.source),
            built_at=now(),
            seconds=seconds,
        )


class _PartlyBuilt(Exception):
    """The command failed, and some of its binaries are there."""

    def __init__(self, entry: CachedBuild) -> None:
        super().__init__()
        self.entry = entry


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


def with_revision(request: BuildRequest) -> BuildRequest:
    """Fill in the revision of the sources where the command or a variable asks for it.

    Only then does a build see it, and only then is a commit that changes no source another build.
    """
    texts = (request.command, *(text for _, text in request.env))
    if not any(REVISION in text for text in texts):
        return request
    found = git_revision(request.source) or "unknown"
    env = tuple((name, text.replace(REVISION, found)) for name, text in request.env)
    command = request.command.replace(REVISION, shlex.quote(found))
    return replace(request, command=command, env=env)


def caching_builder(context: BuildContext, runner: Runner) -> CachingBuilder:
    """Return the builder that runs commands where ``runner`` is, and caches what they make."""
    settings = context.settings
    return CachingBuilder(
        trees=Trees(
            folder=settings.cache / "trees", runner=runner, most_bytes=settings.trees_bytes
        ),
        cache=BuildCache(settings.cache / "firmware", settings.cache_bytes, _shared(context)),
        slots=context.slots,
        journal=context.journal,
        logs=context.logs,
    )


def _shared(context: BuildContext) -> SharedCache | None:
    """Return the cache of several machines; None where the settings name none.

    :raises BadSetting: when it is no storage, or nothing is installed for it.
    """
    settings = context.settings
    if not settings.cache_remote:
        return None
    return SharedCache(
        storage=Storage(settings.cache_remote, origin=settings.origins.get("cache.remote", "")),
        journal=context.journal,
        folder=f"v{FORMAT}",
        most_bytes=settings.cache_bytes,
        sends=settings.cache_sends,
    )
