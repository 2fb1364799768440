"""Keep a private, writable copy of a firmware tree in step with the user's, which is never written.

A build may write caches, logs and ``memory.x`` into its tree, and two archs in one tree race. So
each board and profile builds in its own copy; only files whose *content* changed are touched, so
that cargo and make stay incremental, and a touched file gets the present as its time, so that a
checkout of an older file is still seen as a change.
"""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_karatos.errors import BadSetting

#: Folders that are never sources. Any folder with a ``CACHEDIR.TAG`` is left out as well: cargo,
#: pytest, mypy and ruff mark their caches with one (https://bford.info/cachedir/).
_NOT_SOURCES = frozenset({".git", ".hg", ".karatos", ".venv", "__pycache__", "node_modules"})

Manifest = Mapping[str, str]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif entry.name not in _NOT_SOURCES and not Path(entry.path, "CACHEDIR.TAG").exists():
                yield from _entries(Path(entry.path))


def _fingerprint(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return f"link:{Path(entry.path).readlink()}"
    mode = entry.stat().st_mode
    if not stat.S_ISREG(mode):
        return ""
    digest = hashlib.sha256(Path(entry.path).read_bytes()).hexdigest()
    return f"{'x' if mode & stat.S_IXUSR else '-'}:{digest}"


def survey(source: Path) -> dict[str, str]:
    """Map each source file's relative path to a fingerprint of its content and executable bit.

    :raises BadSetting: when ``source`` is no folder.
    """
    if not source.is_dir():
        raise BadSetting(
            f"the firmware tree {source} is not a folder.",
            why="the build command runs in a copy of it.",
            cure="pass --karatos-source=DIR, or set [build] source in karatos.toml",
        )
    found = ((Path(entry.path), _fingerprint(entry)) for entry in _entries(source))
    return {str(path.relative_to(source)): mark for path, mark in found if mark}


def digest_of(manifest: Manifest) -> str:
    """Condense a survey into one hex digest; any changed, added or removed file changes it."""
    text = json.dumps(sorted(manifest.items()), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sync(source: Path, manifest: Manifest, tree: Path) -> None:
    """Make ``tree`` hold what ``manifest`` says; what builds left there besides stays.

    Interrupted, it starts over next time: the record of what was copied is removed first.
    """
    record = tree.with_name(f"{tree.name}.manifest.json")
    known = _known(record)
    record.unlink(missing_ok=True)
    tree.mkdir(parents=True, exist_ok=True)
    for name in known.keys() - manifest.keys():
        _remove(tree / name)
    for name, mark in manifest.items():
        target = tree / name
        if known.get(name) != mark or not (target.exists() or target.is_symlink()):
            _copy(source / name, target)
    record.write_text(json.dumps(manifest))


def _known(record: Path) -> dict[str, str]:
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


def _copy(source: Path, target: Path) -> None:
    _remove(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644)
