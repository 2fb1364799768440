"""Revisions of the firmware's repository, built one after the other; the checkout stays as it is.

Each is unpacked into the same folder of the cache, so that builds go on from the one before, and
what was built once is cached. The settings are those of now: only the sources are of then.
"""

import contextlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_karatos.artifacts import open_run
from pytest_karatos.artifacts.beneath import Beneath
from pytest_karatos.bench import Bench
from pytest_karatos.builders.locks import locked
from pytest_karatos.builders.repository import git
from pytest_karatos.builders.sources import project_word
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting
from pytest_karatos.process import Outcome
from pytest_karatos.settings import Settings, load
from pytest_karatos.text import printable

_UNPACK_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A commit: its full name, and what people call it (a short name and its first line)."""

    commit: str
    title: str


class Revisions:
    """The revisions of the repository around ``settings.source``, unpacked in ``folder``.

    :raises BadSetting: when the sources are in no repository of git.
    """

    def __init__(self, shell: Shell, settings: Settings, folder: Path) -> None:
        self._shell = shell
        self._settings = settings
        self._folder = folder
        self._top = Path(_asked(settings.source, "rev-parse", "--show-toplevel"))
        self._inside = settings.source.resolve().relative_to(self._top.resolve())

    def named(self, word: str) -> Revision:
        """Find a commit by its name, a branch, or a tag.

        :raises BadSetting: when there is none.
        """
        asked = git(self._top, "rev-parse", "--verify", "--quiet", f"{word}^{{commit}}")
        if asked.status != 0:
            raise BadSetting(
                f"'{printable(word)}' is neither a file nor a revision of {self._top}.",
                fix="name an ELF, a ledger, or what `git log` shows",
            )
        return self._revision(asked.stdout.strip())

    def _revision(self, commit: str) -> Revision:
        title = _asked(self._top, "log", "-1", "--format=%h %s", commit)
        return Revision(commit=commit, title=printable(title))

    def between(self, good: Revision, bad: Revision) -> list[Revision]:
        """List the commits after ``good`` up to ``bad``, which is the last; merges as one each.

        :raises BadSetting: when ``bad`` does not come after ``good``.
        """
        span = f"{good.commit}..{bad.commit}"
        lines = _asked(self._top, "rev-list", "--reverse", "--first-parent", span).split()
        inside = git(self._top, "merge-base", "--is-ancestor", good.commit, bad.commit)
        if inside.status != 0 or not lines:
            raise BadSetting(
                f"{bad.title} does not come after {good.title}.",
                why="the commit is looked for on the way from the good one to the bad one.",
                fix="name the older revision as --good, the younger one as --bad",
            )
        return [self._revision(one) for one in lines]

    @contextlib.contextmanager
    def bench(self, revision: Revision) -> Iterator[Bench]:
        """Open a bench on the sources of ``revision``; they are there until the next is asked for.

        :raises BadSetting: when git cannot unpack them.
        """
        tree = self._folder / "tree"
        self._unpack(revision, tree)
        source = tree / self._inside
        if not source.is_dir():
            raise BadSetting(f"{revision.title} has no folder {self._inside}.")
        settings = replace(self._settings, source=source)
        # All of a run test the same firmware, so each revision has a run of its own.
        run = open_run(settings.artifacts)
        with Bench(settings=settings, environ=self._shell.environ, run=run) as bench:
            yield bench

    def _unpack(self, revision: Revision, tree: Path) -> None:
        archive = self._folder / "revision.tar"
        words = ("archive", "--format=tar", f"--output={archive}", revision.commit)
        _require(git(self._top, *words, seconds=_UNPACK_SECONDS))
        tree.mkdir(parents=True, exist_ok=True)
        with Beneath(tree) as old:
            old.clear()
        with tarfile.open(archive) as packed:
            packed.extractall(tree, filter="tar")
        archive.unlink()


@contextlib.contextmanager
def revisions(shell: Shell, typed: Mapping[str, object]) -> Iterator[Revisions]:
    """Open the repository of the settings; another command on it waits meanwhile.

    :raises BadSetting: as :class:`Revisions` does.
    """
    settings = load(root=shell.folder, environ=shell.environ, typed=typed)
    folder = settings.cache / "revisions" / project_word(settings.source.resolve())
    folder.mkdir(parents=True, exist_ok=True)
    waits = f"karatos: waiting for another command on the revisions of {settings.source}"
    with locked(folder / "lock", shell.remark, waits):
        yield Revisions(shell, settings, folder)


def _asked(folder: Path, *words: str) -> str:
    return _require(git(folder, *words)).stdout.strip()


def _require(done: Outcome) -> Outcome:
    if done.status != 0:
        said = printable(done.stderr.strip().partition("\n")[0])
        raise BadSetting(
            f"git {done.argv[-1]} failed: {said or done.status}.",
            why="revisions are taken from the repository of the firmware's sources.",
            fix="run it in a checkout of git, or compare files",
        )
    return done
