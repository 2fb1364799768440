"""Keep a private, writable copy of a firmware tree in step with the user's, which is never written.

A build may write caches, logs and ``memory.x`` into its tree, and two archs in one tree race. So
each board and profile builds in its own copy; only files whose *content* changed are touched, so
that cargo and make stay incremental, and a touched file gets the present as its time, so that a
checkout of an older file is still seen as a change.

The survey that names a build is the one that is copied: a file that changed in between is an
error, never a build under another one's name.
"""

import fnmatch
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_karatos.build.memory_template import Memory
from pytest_karatos.errors import BadSetting, SourcesChanged

#: Folders that are never sources. Any folder with a ``CACHEDIR.TAG`` is left out as well: cargo,
#: pytest, mypy and ruff mark their caches with one (https://bford.info/cachedir/).
_NOT_SOURCES = frozenset({".git", ".hg", ".karatos", ".venv", "__pycache__", "node_modules"})
_LINK = "link:"

#: Relative path to fingerprint, of every source file.
Manifest = Mapping[str, str]


def survey(source: Path, exclude: Iterable[str] = ()) -> dict[str, str]:
    """Map each source file's relative path to a fingerprint of its content and executable bit.

    ``exclude`` are patterns as of a shell, for names, or for relative paths where they have a "/".

    :raises BadSetting: when ``source`` is no folder, or holds a file that cannot be read.
    :raises SourcesChanged: when a file went away meanwhile.
    """
    if not source.is_dir():
        raise BadSetting(
            f"the firmware tree {source} is not a folder.",
            why="the build command runs in a copy of it.",
            cure="pass --karatos-source=DIR, or set [build] source in karatos.toml",
        )
    left_out = _Excluded(exclude)
    names = ((path, path.relative_to(source).as_posix()) for path in _files(source))
    found = ((name, _read(path)[0]) for path, name in names if name not in left_out)
    return {name: mark for name, mark in found if mark}


class _Excluded:
    """The relative paths that some patterns mean."""

    def __init__(self, patterns: Iterable[str]) -> None:
        kinds: tuple[list[str], list[str]] = ([], [])
        for pattern in patterns:
            kinds["/" in pattern].append(fnmatch.translate(pattern.removeprefix("./")))
        self._names, self._paths = (re.compile("|".join(kind) or r"(?!)") for kind in kinds)

    def __contains__(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return bool(self._names.match(name) or self._paths.match(path))


def digest_of(manifest: Manifest) -> str:
    """Condense a survey into one hex digest; any changed, added or removed file changes it."""
    text = json.dumps(sorted(manifest.items()), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sync(source: Path, manifest: Manifest, tree: Path, memory: Memory | None = None) -> None:
    """Make ``tree`` hold what ``manifest`` says; what builds left there besides stays.

    Memory templates are drawn with ``memory``; when that changes, the tree begins from nothing.
    A file that a build wrote over is copied again. Killed, it starts over next time: the record
    of what was copied is removed first.

    :raises SourcesChanged: when a file of ``source`` is no longer what ``manifest`` says.
    """
    record = tree.with_name(f"{tree.name}.manifest.json")
    known = _known(record)
    record.unlink(missing_ok=True)
    if memory is not None and memory.is_redrawn(source, manifest, tree):
        known = {}
        shutil.rmtree(tree)
    tree.mkdir(parents=True, exist_ok=True)
    for name in known.keys() - manifest.keys():
        _remove(tree / name)
    held = {name: known[name] for name in manifest if name in known}
    try:
        for name, mark in manifest.items():
            if held.pop(name, None) != (copied := [mark, *_stamp(tree / name)]):
                data = _wanted(source / name, mark)
                _put(data if memory is None else memory.drawn(name, data), mark, tree / name)
                copied = [mark, *_stamp(tree / name)]
            held[name] = copied
    finally:
        record.write_text(json.dumps(held))


def _files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda one: one.name)
    except FileNotFoundError:
        raise _changed(folder) from None
    for entry in found:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            yield path
        elif entry.name not in _NOT_SOURCES and not (path / "CACHEDIR.TAG").exists():
            yield from _files(path)


def _read(path: Path) -> tuple[str, bytes]:
    """Return a file's fingerprint and bytes, of the same moment; '' for what is no file."""
    try:
        if path.is_symlink():
            return f"{_LINK}{path.readlink()}", b""
        if not stat.S_ISREG(path.stat().st_mode):
            return "", b""  # opening a pipe would wait
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read()
    except FileNotFoundError:
        raise _changed(path) from None
    except PermissionError as error:
        raise BadSetting(
            f"the source file {path} cannot be read: {error.strerror}.",
            why="the build command runs in a copy of the tree.",
            cure=f"chmod u+r {path}, or move it out of the firmware tree",
        ) from error
    return f"{'x' if mode & stat.S_IXUSR else '-'}:{hashlib.sha256(data).hexdigest()}", data


def _wanted(source: Path, mark: str) -> bytes:
    found, data = _read(source)
    if found != mark:
        raise _changed(source)
    return data


def _holds(target: Path, mark: str, data: bytes) -> bool:
    if mark.startswith(_LINK) or target.is_symlink() or not target.is_file():
        return False
    held, bytes_held = _read(target)
    return held[:1] == mark[:1] and bytes_held == data


def _put(data: bytes, mark: str, target: Path) -> None:
    if _holds(target, mark, data):
        return  # other sources may draw the same: then its time stays, and nothing is built anew
    _remove(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if mark.startswith(_LINK):
        target.symlink_to(mark.removeprefix(_LINK))
        return
    target.write_bytes(data)
    target.chmod(0o755 if mark.startswith("x") else 0o644)


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when somebody writes to ``path``; nothing when it is not there."""
    try:
        found = path.lstat()
    except OSError:
        return ()
    return found.st_mode, found.st_size, found.st_mtime_ns


def _known(record: Path) -> dict[str, list[object]]:
    try:
        loaded = json.loads(record.read_text())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _changed(path: Path) -> SourcesChanged:
    return SourcesChanged(
        f"{path} changed while it was copied for a build.",
        why="a build is known by the sources it was made from, so it needs them to hold still.",
        cure="run again when nothing writes into the firmware tree (an editor, another build)",
    )
