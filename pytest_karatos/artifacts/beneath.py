"""Reach files below a folder that a program nobody vouches for wrote in, and none outside of it.

A path is walked from the folder's descriptor, one component at a time, each with ``O_NOFOLLOW``;
what is found is used by descriptor, so nothing can be put in its place between look and use. There
are two ways to walk. What is *read* (an ELF) may be behind links, as long as each of them stays
below the folder: we follow them ourselves, as the kernel's ``RESOLVE_BENEATH`` would, which Python
does not offer. What is *written* (a copy of the sources) is never reached through a link: one that
lies in the way is removed.
"""

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

from pytest_karatos.errors import LinkEscapes

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: ``O_NONBLOCK``: opening a pipe would wait for its writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: As many links in one path as Linux follows.
_MOST_LINKS = 40
#: Each folder on the way down is one open descriptor.
_DEEPEST = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The files that a pattern means, and the links (``a -> b``) that were not followed."""

    files: tuple[str, ...]
    escaping: tuple[str, ...]


class Beneath:
    """An open folder whose content is not trusted; a context manager. Names are relative to it.

    ``seen_as`` is the folder's path for who wrote in it (``/src`` in a container): an absolute link
    that begins with it stays in the folder.

    :raises OSError: when ``folder`` is not a folder, or is itself a link.
    """

    def __init__(self, folder: Path, *, seen_as: str = "") -> None:
        self._root = os.open(folder, _FOLDER)
        self._seen_as = PurePosixPath(seen_as)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)

    # ---- reading: links that stay below are followed ----------------------------------------

    def find(self, pattern: str) -> Found:
        """Return the regular files that ``pattern`` (``*``, ``?``, ``[``, ``**``) means, sorted."""
        files, escaping = set[str](), set[str]()
        for name in self._expanded(pattern, escaping):
            # Not there, not readable, not a file: no match, as for a shell.
            with contextlib.suppress(OSError), _noting(escaping), self.open(name):
                files.add(name)
        return Found(files=tuple(sorted(files)), escaping=tuple(sorted(escaping)))

    def open(self, name: str) -> BinaryIO:
        """Open the regular file ``name`` for reading.

        :raises LinkEscapes: when a link on the way, or in its place, leads out of the folder.
        :raises OSError: when it is not there, or not a regular file.
        """
        with _Walk(self._root) as walk:
            last = self._resolved(name, walk)
            return os.fdopen(_regular(os.open(last, _FILE, dir_fd=walk.here), name), "rb")

    def unlink(self, name: str) -> None:
        """Remove the file or link ``name`` itself, if it is there, whatever it leads to."""
        above, _, last = name.rpartition("/")
        with contextlib.suppress(FileNotFoundError), self._entered(above) as here:
            os.unlink(last, dir_fd=here)

    def _expanded(self, pattern: str, escaping: set[str]) -> Iterator[str]:
        todo = [("", PurePosixPath(pattern).parts)]
        while todo:
            done, rest = todo.pop()
            if not rest:
                yield done
                continue
            head, tail = rest[0], rest[1:]
            with _noting(escaping):
                if head == "**":
                    todo.append((done, tail))
                    todo += [(_below(done, name), rest) for name in self._folders(done)]
                else:
                    todo += [(_below(done, name), tail) for name in self._names(done, head)]

    def _names(self, folder: str, pattern: str) -> list[str]:
        if not set(pattern) & set("*?["):
            return [pattern]
        return [name for name in self._entries(folder) if fnmatchcase(name, pattern)]

    def _folders(self, folder: str) -> list[str]:
        """List the folders in ``folder``; a link to one might lead in a circle."""
        return [name for name, is_folder in self._entries(folder).items() if is_folder]

    def _entries(self, folder: str) -> dict[str, bool]:
        with contextlib.suppress(OSError), self._entered(folder) as here:
            return _entries(here)
        return {}

    @contextlib.contextmanager
    def _entered(self, folder: str) -> Iterator[int]:
        with _Walk(self._root) as walk:
            if last := self._resolved(folder, walk):
                walk.down(last)
            yield walk.here

    def _resolved(self, name: str, walk: "_Walk") -> str:
        """Walk to the folder that holds ``name`` and return its last component, not a link.

        It is empty when ``name`` is a folder that was walked into already.
        """
        todo, links = list(PurePosixPath(name).parts), [name]
        while todo:
            part = todo.pop(0)
            target = _link_at(part, walk.here)
            if target is not None:
                links.append(f"{part} -> {target}")
                if len(links) > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
                todo = [*self._followed(target, walk, links), *todo]
            elif part == "..":
                walk.up(links)
            elif todo:
                walk.down(part)
            else:
                return part
        return ""

    def _followed(self, target: str, walk: "_Walk", links: list[str]) -> tuple[str, ...]:
        """Return the components that a link to ``target`` adds, from where ``walk`` is then."""
        way = PurePosixPath(target)
        if not way.is_absolute():
            return way.parts
        if not self._seen_as.is_absolute() or not way.is_relative_to(self._seen_as):
            raise LinkEscapes(links[-1])
        walk.to_top()
        return way.relative_to(self._seen_as).parts

    # ---- writing: links are never followed --------------------------------------------------

    def stat(self, name: str) -> os.stat_result | None:
        """Return what ``name`` is; None when it, or a real folder on the way, is not there."""
        with contextlib.suppress(OSError), self._straight(name) as (here, last):
            return os.stat(last, dir_fd=here, follow_symlinks=False)
        return None

    def holds(self, name: str, data: bytes) -> bool:
        """Tell whether ``name`` is a regular file of exactly these bytes."""
        found = self.stat(name)
        # Its size first: a file of terabytes that takes no room on the disk would take memory.
        if found is None or not stat.S_ISREG(found.st_mode) or found.st_size != len(data):
            return False
        with contextlib.suppress(OSError), self._straight(name) as (here, last):
            descriptor = os.open(last, _FILE, dir_fd=here)
            with os.fdopen(descriptor, "rb") as file:
                return file.read(len(data) + 1) == data
        return False

    def remove(self, name: str) -> None:
        """Remove ``name`` with all that is in it, if it is there; what a link leads to stays."""
        missing = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with missing, self._straight(name) as (here, last):
            _remove(last, here)

    def clear(self) -> None:
        """Remove everything in the folder."""
        for name in _entries(self._root):
            _remove(name, self._root)

    def write(self, name: str, data: bytes, mode: int) -> None:
        """Make ``name`` a new file, in place of whatever is there or lies in the way."""
        with self._straight(name, make=True) as (here, last):
            _remove(last, here)
            with os.fdopen(os.open(last, _NEW, mode, dir_fd=here), "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), mode)

    def link(self, name: str, target: str) -> None:
        """Make ``name`` a link to ``target``, in place of whatever is there."""
        with self._straight(name, make=True) as (here, last):
            _remove(last, here)
            os.symlink(target, last, dir_fd=here)

    @contextlib.contextmanager
    def _straight(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        *above, last = PurePosixPath(name).parts
        with _Walk(self._root) as walk:
            for part in above:
                if make:
                    _make_folder(part, walk.here)
                walk.down(part)
            yield walk.here, last


class _Walk:
    """A way down from a folder: an open descriptor for each one passed, for ``..`` to go back."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._passed: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.to_top()

    @property
    def here(self) -> int:
        """The descriptor of the folder where the way is now."""
        return self._passed[-1] if self._passed else self._root

    def down(self, name: str) -> None:
        """Enter the folder ``name``, which may not be a link."""
        if len(self._passed) == _DEEPEST:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), name)
        self._passed.append(os.open(name, _FOLDER, dir_fd=self.here))

    def up(self, links: list[str]) -> None:
        """Go back to the folder above; there is none above the first, where ``links`` led."""
        if not self._passed:
            raise LinkEscapes(links[-1])
        os.close(self._passed.pop())

    def to_top(self) -> None:
        """Go back to the first folder."""
        while self._passed:
            os.close(self._passed.pop())


@contextlib.contextmanager
def _noting(escaping: set[str]) -> Iterator[None]:
    try:
        yield
    except LinkEscapes as error:
        escaping.add(error.what)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _link_at(name: str, here: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=here)
    except OSError as error:
        if error.errno == errno.EINVAL:  # it is there, and not a link
            return None
        raise


def _regular(descriptor: int, name: str) -> int:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "is not a regular file", name)


def _entries(here: int) -> dict[str, bool]:
    """Map the names in a folder to whether each is a folder, and not a link to one."""
    with os.scandir(here) as entries:
        return {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}


def _make_folder(name: str, here: int) -> None:
    """Make a real folder of ``name``, whatever else bears the name."""
    try:
        os.mkdir(name, dir_fd=here)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=here)
            os.mkdir(name, dir_fd=here)


def _remove(name: str, here: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
            _remove_folder(name, here)
        else:
            os.unlink(name, dir_fd=here)


def _remove_folder(name: str, here: int) -> None:
    """Remove a folder of any depth; ``shutil.rmtree`` gives up where it is deep, or read-only.

    Each folder in it is first moved up to ``here``, so that two descriptors are enough.
    """
    todo = [name]
    while todo:
        folder = todo.pop()
        os.chmod(folder, 0o700, dir_fd=here)
        inside = os.open(folder, _FOLDER, dir_fd=here)
        try:
            for entry, is_folder in _entries(inside).items():
                if is_folder:
                    todo.append(f".removed-{uuid.uuid4().hex}")
                    # A folder that may not be written cannot be moved: its ``..`` would change.
                    os.chmod(entry, 0o700, dir_fd=inside)
                    os.rename(entry, todo[-1], src_dir_fd=inside, dst_dir_fd=here)
                else:
                    os.unlink(entry, dir_fd=inside)
        finally:
            os.close(inside)
        os.rmdir(folder, dir_fd=here)
