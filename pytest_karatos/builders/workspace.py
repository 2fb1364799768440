"""A private, writable copy of a firmware tree; the user's own tree is never written.

A build may write caches, logs and ``memory.x`` into its tree, and two archs in one tree race. So
each board and profile builds in its own copy; only files whose *content* changed are touched, so
that cargo and make stay incremental, and a touched file gets the present as its time, so that a
checkout of an older file is still seen as a change.

The survey that names a build is the one that is copied: a file that changed in between is an
error, never a build under another one's name.

What a build left in its copy is not trusted: a link that it put in place of a source folder is
removed, never followed.
"""

import json
import stat
from pathlib import Path

from pytest_karatos.artifacts.beneath import Beneath
from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.builders.memory_template import Memory
from pytest_karatos.builders.sources import LINK, Manifest, changed, read


def sync(
    source: Path, manifest: Manifest, tree: Path, memory: Memory | None = None
) -> tuple[str, ...]:
    """Make ``tree`` hold what ``manifest`` says; what builds left there besides stays.

    Memory templates are drawn with ``memory``; when that changes, the tree begins from nothing.
    A file that a build wrote over is copied again. Killed, it starts over next time: the record
    of what was copied is removed first. The names of the sources that are others than those of the
    build before are returned; none when there was none.

    :raises SourcesChanged: when a file of ``source`` is no longer what ``manifest`` says.
    """
    record = tree.with_name(f"{tree.name}.manifest.json")
    known = _known(record)
    before = {name: held[0] for name, held in known.items() if held}
    record.unlink(missing_ok=True)
    tree.mkdir(parents=True, exist_ok=True)
    with Beneath(tree) as copy:
        if memory is not None and memory.needs_rerender(source, manifest, copy):
            known = {}
            copy.clear()
        for name in known.keys() - manifest.keys():
            copy.remove(name)
        held = {name: known[name] for name in manifest if name in known}
        try:
            for name, mark in manifest.items():
                if held.pop(name, None) != (copied := [mark, *_stamp(copy, name)]):
                    data = _wanted(source, name, mark)
                    _put(data if memory is None else memory.rendered(name, data), mark, copy, name)
                    copied = [mark, *_stamp(copy, name)]
                held[name] = copied
        finally:
            write_whole(record, json.dumps(held).encode())
    names = before.keys() | manifest.keys() if before else ()
    return tuple(sorted(name for name in names if before.get(name) != manifest.get(name)))


def _wanted(source: Path, name: str, mark: str) -> bytes:
    found, data = read(source, name)
    if found != mark:
        raise changed(source / name)
    return data


def _put(data: bytes, mark: str, copy: Beneath, name: str) -> None:
    if mark.startswith(LINK):
        copy.link(name, mark.removeprefix(LINK))
        return
    held, executable = copy.stat(name), mark.startswith("x")
    same_mode = held is not None and bool(held.st_mode & stat.S_IXUSR) == executable
    if same_mode and copy.holds(name, data):
        return  # other sources may draw the same: then its time stays, and nothing is built anew
    copy.write(name, data, 0o755 if executable else 0o644)


def _stamp(copy: Beneath, name: str) -> tuple[int, ...]:
    """Return what changes when somebody writes to ``name``; nothing when it is not there."""
    found = copy.stat(name)
    return () if found is None else (found.st_mode, found.st_size, found.st_mtime_ns)


def _known(record: Path) -> dict[str, list[object]]:
    try:
        loaded = json.loads(record.read_text())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
