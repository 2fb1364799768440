"""The repositories of a build's private copy: enough of each for ``git describe``, and no more.

The user's ``.git`` is never copied, written or linked to (a worktree's, a submodule's is a file
that leads elsewhere, and a container sees neither). What a build may ask of it, the commit, the
tags down to the last one and whether the sources differ, is fetched into a small repository in the
cache, which no build writes; each copy of the tree gets its files.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_karatos.artifacts.beneath import Beneath
from pytest_karatos.artifacts.files import whole_folder
from pytest_karatos.builders.sources import Manifest, changed, digest_of
from pytest_karatos.errors import BadSetting, BuildFailed, Fixable
from pytest_karatos.process import Outcome, output_of

_PLACE = ".git"
#: Variables by which a caller of ours, as a hook of git, may mean another repository.
_NOT_OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
#: A repository can name programs that git runs when it looks for changes, and writes what it finds:
#: neither for a question of ours.
_CLEAN = ("env", *(word for name in _NOT_OURS for word in ("-u", name)))
_GIT = (
    *(*_CLEAN, "git", "--no-optional-locks"),
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
)
_DESCRIBE = ("describe", "--always", "--dirty=+changes")
_MOST_TAGS = 200
_FETCH_SECONDS = 300.0
#: Makes a repository in the folder ``$1``. Of a commit's files git shall look at none: whether one
#: differs was asked of the user's own, so all are marked as not to be looked at, but for the first
#: that does, which is missing.
_SCRIPT = r"""
cd "$1"; origin=$2 depth=$3 commit=$4 short=$5 changed=$6; shift 6
git init --quiet --bare --template= .
git -c fetch.unpackLimit=1 fetch --quiet --no-tags --depth="$depth" "$origin" HEAD "$@"
[ "$(git rev-parse FETCH_HEAD)" = "$commit" ] || exit 90
git config core.bare false; git config core.abbrev "$short"; git config gc.auto 0
echo "$commit" > HEAD
git pack-refs --all
git --work-tree=. read-tree HEAD
git ls-files -z | git --work-tree=. update-index -z --skip-worktree --stdin
[ -z "$changed" ] || git --work-tree=. update-index --force-remove -- "$changed"
rm -f FETCH_HEAD
: > refs/.keep
"""
_MOVED = 90
_FIX = "leave out build.git, or build in a checkout of git"


def git(folder: Path, *words: str, seconds: float = 30.0) -> Outcome:
    """Ask the repository that ``folder`` is in, which stays as it is.

    :raises MissingTool: without git.
    """
    return output_of([*_GIT, "-C", str(folder), *words], timeout=seconds)


def git_revision(source: Path) -> str:
    """Return the source's git revision, with ``+changes`` when the tree differs; '' without git."""
    try:
        said = git(source, *_DESCRIBE)
    except Fixable:
        return ""
    return said.stdout.strip() if said.status == 0 else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """What is told of one repository: at ``place`` in the tree, by a fetch from ``origin``.

    ``differs`` is a tracked file that is not as in the commit; empty where all are.
    """

    place: str
    origin: Path
    commit: str
    short: int
    depth: int
    tags: tuple[str, ...]
    differs: str

    @property
    def told(self) -> tuple[object, ...]:
        """All that a build can learn of it; wherever it is."""
        return (self.place, self.commit, self.short, self.tags, bool(self.differs))


def repositories(source: Path, manifest: Manifest) -> tuple[Repository, ...]:
    """Look at the repository that ``source`` is in, and at those in the tree, as submodules.

    :raises BadSetting: where it is in none, or there is no commit yet.
    """
    inner = (one for one in _folders(manifest) if (source / one / _PLACE).exists())
    return tuple(_looked_at(source, one, manifest) for one in ("", *sorted(inner)))


def _folders(manifest: Manifest) -> set[str]:
    above = (str(one) for name in manifest for one in PurePosixPath(name).parents)
    return {one for one in above if one != "."}


def _looked_at(source: Path, place: str, manifest: Manifest) -> Repository:
    folder = source / place
    top = git(folder, "rev-parse", "--show-toplevel", "HEAD")
    if top.status != 0:
        raise BadSetting(
            f"build.git is true, and {folder} has no commit of git: {_last(top)}.",
            why="a build may ask `git describe` then.",
            fix=_FIX,
        )
    origin, commit = top.stdout.splitlines()[:2]
    base, depth = _last_tag(folder)
    return Repository(
        place=place,
        origin=Path(origin),
        commit=commit,
        short=len(git(folder, "rev-parse", "--short", "HEAD").stdout.strip()),
        depth=depth,
        tags=tuple(_tags(folder, base)),
        differs=next(_differing(folder, place, manifest), ""),
    )


def _last_tag(folder: Path) -> tuple[str, int]:
    """Return the tag that a description goes back to, the last annotated one too, and how far."""
    found = [("", 0)]
    for words in ((), ("--tags",)):
        said = git(folder, "describe", "--long", *words).stdout.strip()
        name, _, rest = said.rpartition("-g")
        tag, _, count = name.rpartition("-")
        if rest and count.isdigit():
            found.append((tag, int(count)))
    tag, depth = max(found, key=lambda one: one[1])
    return tag or found[-1][0], depth + 1


def _tags(folder: Path, base: str) -> Iterator[str]:
    """Yield the tags from ``base`` on, each with what it is and where it points."""
    if base:
        form = "--format=%(refname) %(objectname)"
        said = git(folder, "for-each-ref", form, f"--contains={base}", "--merged=HEAD", "refs/tags")
        yield from said.stdout.splitlines()[:_MOST_TAGS]


def _differing(folder: Path, place: str, manifest: Manifest) -> Iterator[str]:
    """Yield the tracked sources that differ, or are gone, by their names in the repository."""
    prefix = git(folder, "rev-parse", "--show-prefix").stdout.strip()
    words = ("status", "--porcelain", "-z", "-uno", "--no-renames", "--ignore-submodules=all")
    for entry in git(folder, *words, "--", ".", seconds=_FETCH_SECONDS).stdout.split("\0"):
        name = entry[3:]
        here = "/".join(filter(None, (place, name.removeprefix(prefix))))
        if name and (here in manifest or not (folder / name.removeprefix(prefix)).exists()):
            yield name


def _last(said: Outcome) -> str:
    return (said.stderr.strip().splitlines() or ["git said nothing"])[-1]


def plant(found: tuple[Repository, ...], store: Path, tree: Path) -> None:
    """Give the copy at ``tree`` its repositories; what a build made of them before is gone.

    ``store`` is the folder of repositories that no build sees.

    :raises BuildFailed: when the history cannot be fetched.
    """
    for one in found:
        made = store / digest_of({repr(one.told): one.differs})[:24]
        if not made.is_dir():
            _make(one, made)
        made.touch()
        with Beneath(tree) as copy:
            _put(made, copy, f"{one.place}/{_PLACE}".lstrip("/"))


def _put(made: Path, copy: Beneath, where: str) -> None:
    copy.remove(where)
    for file in sorted(made.rglob("*")):
        if file.is_file():
            copy.write(f"{where}/{file.relative_to(made).as_posix()}", file.read_bytes(), 0o644)


def _make(one: Repository, place: Path) -> None:
    refs = [f"{name}:{name}" for name in (line.split(" ")[0] for line in one.tags)]
    facts = (str(one.origin), str(one.depth), one.commit, str(one.short), one.differs)
    with whole_folder(place) as new:
        argv = [*_CLEAN, "sh", "-euc", _SCRIPT, "sh", str(new), *facts, *refs]
        made = output_of(argv, timeout=_FETCH_SECONDS)
        if made.status == _MOVED:
            raise changed(one.origin / _PLACE)
        if made.status != 0:
            raise BuildFailed(
                f"the history of {one.origin} cannot be fetched: {_last(made)}.",
                why="build.git is true, so a build may ask `git describe`.",
                fix=_FIX,
            )
