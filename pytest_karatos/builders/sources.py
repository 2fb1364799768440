"""The survey of a firmware tree: which of its files are sources, and what is in each of them.

A link that stays in the tree is a link in the copy too. What is behind one that leaves the tree is
surveyed, and copied, as if it lay in its place: a build that reads it depends on it.
"""

import fnmatch
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.errors import BadSetting, SourcesChanged

#: Folders that are never sources. Any folder with a ``CACHEDIR.TAG`` is left out as well: cargo,
#: pytest, mypy and ruff mark their caches with one (https://bford.info/cachedir/).
_NOT_SOURCES = frozenset({".git", ".hg", ".karatos", ".venv", "__pycache__", "node_modules"})
#: In a worktree or a submodule a file has that name: it says where the repository is.
_REPOSITORY = ".git"
LINK = "link:"
#: A link to more than this is one into a system, not to sources.
_MOST_BEHIND_A_LINK = 10_000

#: Relative path to fingerprint, of every source file.
Manifest = Mapping[str, str]


def survey(
    source: Path, exclude: Iterable[str] = (), written: Iterable[Path] = ()
) -> dict[str, str]:
    """Map each source file's relative path to a fingerprint of its content and executable bit.

    ``exclude`` are patterns as of a shell, for names, or for relative paths where they have a "/".
    ``written`` are files and folders that the run itself writes, by whatever name.

    :raises BadSetting: when ``source`` is not a folder, holds a file that cannot be read, or a link
        that leads to what holds the tree itself.
    :raises SourcesChanged: when a file went away meanwhile.
    """
    if not source.is_dir():
        raise BadSetting(
            f"the firmware tree {source} is not a folder.",
            why="the build command runs in a copy of it.",
            fix="pass --karatos-source=DIR, or set [build] source in karatos.toml",
        )
    walk = _Walk(source=source, real=source.resolve(), left_out=_Excluded(exclude, written, source))
    found = ((name, read(source, name)[0]) for name in walk.files())
    return {name: mark for name, mark in found if mark}


def digest_of(manifest: Manifest) -> str:
    """Condense a survey into one hex digest; any changed, added or removed file changes it."""
    text = json.dumps(sorted(manifest.items()), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def project_word(source: Path) -> str:
    """Condense the place of a firmware tree into the word that its own folders are named by."""
    return digest_of({str(source): ""})[:12]


class _Excluded:
    """The relative paths that some patterns mean, and those of what the run writes."""

    def __init__(self, patterns: Iterable[str], written: Iterable[Path], source: Path) -> None:
        kinds: tuple[list[str], list[str]] = ([], [])
        for pattern in patterns:
            kinds["/" in pattern].append(fnmatch.translate(pattern.removeprefix("./")))
        self._names, self._paths = (re.compile("|".join(kind) or r"(?!)") for kind in kinds)
        self._written = frozenset(_names_in(source, written))

    def __contains__(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return path in self._written or bool(self._names.match(name) or self._paths.match(path))

    def writes(self, folder: str) -> bool:
        """Tell whether the run writes ``folder`` itself."""
        return folder in self._written


def _names_in(source: Path, written: Iterable[Path]) -> Iterator[str]:
    """Yield the relative names of ``written`` below ``source``, whichever way either is spelled."""
    tops = {Path(os.path.abspath(source)), source.resolve()}  # noqa: PTH100 - links stay
    for path in written:
        for one in (Path(os.path.abspath(path)), path.resolve()):  # noqa: PTH100 - likewise
            yield from (one.relative_to(top).as_posix() for top in tops if one.is_relative_to(top))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walk:
    """A walk through the tree at ``source``, whose place without links is ``real``."""

    source: Path
    real: Path
    left_out: _Excluded

    def files(self) -> Iterator[str]:
        """Yield the relative names of files, and of links that stay links."""
        return self._below(self.source, "", (self.real,))

    def _below(self, folder: Path, above: str, way: tuple[Path, ...]) -> Iterator[str]:
        """Walk ``folder``; ``way`` are the folders, without links, that led here."""
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda one: one.name)
        except FileNotFoundError:
            raise changed(folder) from None
        for entry in found:
            name, path = f"{above}{entry.name}", Path(entry.path)
            if entry.name == _REPOSITORY:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not self._is_left_out(name, path):
                    yield from self._below(path, f"{name}/", way)
            elif name in self.left_out:
                continue
            elif entry.is_symlink() and path.is_dir() and link_text(self.source, path) is None:
                if not self._is_left_out(name, path):
                    yield from self._behind(path, name, way)
            else:
                yield name

    def _is_left_out(self, name: str, path: Path) -> bool:
        return (
            path.name in _NOT_SOURCES
            or self.left_out.writes(name)
            or (path / "CACHEDIR.TAG").exists()
        )

    def _behind(self, link: Path, name: str, way: tuple[Path, ...]) -> Iterator[str]:
        """Walk the folder behind a link that leaves the tree."""
        target = Path(os.path.realpath(link))
        if any(one.is_relative_to(target) for one in way):
            raise _refused(link, target, "which holds the link itself")
        for number, found in enumerate(self._below(link, f"{name}/", (*way, target))):
            if number == _MOST_BEHIND_A_LINK:
                raise _refused(link, target, f"with more than {_MOST_BEHIND_A_LINK:,} files")
            yield found


def link_text(source: Path, path: Path) -> str | None:
    """Return where the link at ``path`` leads in a copy of ``source``; None: to its content.

    A link that stays in the tree leads to the same place in the copy; one that leads nowhere, or
    to what is neither file nor folder, is kept as it is.
    """
    text, real = os.readlink(path), Path(os.path.realpath(path))  # noqa: PTH115 - a circle
    top = source.resolve()
    if not real.is_relative_to(top):
        return None if real.is_file() or real.is_dir() else text
    where = path.parent.relative_to(source)
    goes_out = os.path.normpath(where / text).startswith("..") or text.startswith("/")
    return os.path.relpath(real, (top / where).resolve()) if goes_out else text


def read(source: Path, name: str) -> tuple[str, bytes]:
    """Return a file's fingerprint and bytes, of the same moment; '' for what is not a file.

    :raises SourcesChanged: when it is not there any more. :raises BadSetting: when it is closed.
    """
    path = source / name
    try:
        text = link_text(source, path) if path.is_symlink() else None
        if text is not None:
            return f"{LINK}{text}", b""
        if not stat.S_ISREG(path.stat().st_mode):
            return "", b""  # opening a pipe would wait
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read()
    except FileNotFoundError:
        raise changed(path) from None
    except PermissionError as error:
        raise BadSetting(
            f"the source file {path} cannot be read: {error.strerror}.",
            why="the build command runs in a copy of the tree.",
            fix=f"chmod u+r {path}, or move it out of the firmware tree",
        ) from error
    return f"{'x' if mode & stat.S_IXUSR else '-'}:{hashlib.sha256(data).hexdigest()}", data


def _refused(link: Path, target: Path, what: str) -> BadSetting:
    return BadSetting(
        f"the link {link} leads out of the firmware tree, to {target}, {what}.",
        why="what is behind such a link is copied, since a build can read it.",
        fix=f"link to less, or leave it out: [build] exclude = ['{link.name}']",
    )


def changed(path: Path) -> SourcesChanged:
    """Say that a source did not hold still."""
    return SourcesChanged(
        f"{path} changed while it was copied for a build.",
        why="a build is known by the sources it was made from, so it needs them to hold still.",
        fix="run again when nothing writes into the firmware tree (an editor, another build)",
    )
