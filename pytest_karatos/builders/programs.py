"""The programs that a build really ran: noted at the build, compared before it is used again."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from pytest_karatos.artifacts.files import sha256_of
from pytest_karatos.containment import tracing

#: What runs a script whose name comes behind it.
_INTERPRETERS = ("sh", "bash", "dash", "python", "perl", "ruby", "node", "tclsh", "lua", "awk")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One program, as it was: its file, and whether a search of PATH by its name led there."""

    path: str
    size: int
    mtime_ns: int
    sha256: str
    named: bool

    @classmethod
    def at(cls, path: str, search: str) -> Self | None:
        """Return the program at ``path`` as it is; None when it is not there (any more)."""
        try:
            found = os.stat(path)  # noqa: PTH116 - as below
            digest = _digest(path, found.st_size, found.st_mtime_ns)
        except OSError:
            return None
        return cls(
            path=path,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            sha256=digest,
            named=shutil.which(os.path.basename(path), path=search) == path,  # noqa: PTH119
        )

    def is_still(self, search: str) -> bool:
        """Tell whether the same program is there, and a search of PATH still leads to it."""
        if self.named and shutil.which(os.path.basename(self.path), path=search) != self.path:  # noqa: PTH119
            return False
        try:
            found = os.stat(self.path)  # noqa: PTH116 - a Path would lose what a link's ".." means
        except OSError:
            return False
        if (found.st_size, found.st_mtime_ns) == (self.size, self.mtime_ns):
            return True
        return _digest(self.path, found.st_size, found.st_mtime_ns) == self.sha256


@cache
def _digest(path: str, _size: int, _mtime_ns: int) -> str:
    return sha256_of(Path(path))


@dataclass(frozen=True, kw_only=True, slots=True)
class Programs:
    """What a build ran outside of its tree; ``watched`` is whether anybody could see it.

    Where nobody could, ``search`` is the PATH by which it found them. In a container nothing is
    noted: its image decides.
    """

    watched: bool = True
    found: tuple[Program, ...] = ()
    search: str = ""

    def changed(self, search: str) -> str:
        """Return the first program that is another one now, where PATH is ``search``; '' for none.

        >>> Programs().changed("/bin")
        ''
        """
        if not self.watched:
            return "PATH" if self.search != search else ""
        return next((one.path for one in self.found if not one.is_still(search)), "")

    def with_later(self, later: "Programs") -> "Programs":
        """Return what ran in both: a build that goes on where an earlier one stopped rests on it.

        Of a program that ran in both ``later`` knows more.
        """
        found = {one.path: one for one in (*self.found, *later.found)}
        return Programs(
            watched=self.watched and later.watched,
            found=tuple(found.values()),
            search=later.search or self.search,
        )

    @property
    def digest(self) -> str:
        """What tells builds with other programs apart."""
        lines = [self.search, *sorted(f"{one.path} {one.sha256}" for one in self.found)]
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()

    def plain(self) -> dict[str, Any]:
        """Return the record as JSON has it."""
        return asdict(self)

    @classmethod
    def of_plain(cls, told: dict[str, Any]) -> Self:
        """Read the record again.

        :raises KeyError, TypeError: when it is none.
        """
        found = tuple(Program(**one) for one in told["found"])
        return cls(watched=bool(told["watched"]), found=found, search=str(told["search"]))


def traced(argv: list[str], note: Path) -> list[str]:
    """Return the command that runs ``argv`` and notes in ``note`` what it runs."""
    note.unlink(missing_ok=True)
    return [sys.executable, "-I", "-S", tracing.__file__, str(note), *argv]


def can_trace() -> bool:
    """Tell whether this is a system on which a command can be watched at all."""
    return sys.platform == "linux" and bool(sys.executable)


def noted(note: Path, tree: Path, search: str) -> Programs:
    """Return what ran, by a note of :func:`traced`, outside of ``tree``.

    What is in the tree is a source, or was made of sources by what ran before it.
    """
    try:
        told = json.loads(note.read_text())
    except (OSError, ValueError):
        told = None
    if told is None:
        return Programs(watched=False, search=search)
    inside = (str(tree.resolve()), str(tree.absolute()))
    files = sorted({os.path.normpath(one) for one in _files(told) if one.startswith("/")})
    outside = [one for one in files if not one.startswith(tuple(f"{top}/" for top in inside))]
    made = (Program.at(one, search) for one in outside)
    return Programs(found=tuple(one for one in made if one is not None))


def _files(told: Iterable[tuple[str, str]]) -> Iterable[str]:
    for file, script in told:
        yield file
        word = os.path.basename(file).rstrip("0123456789.")  # noqa: PTH119
        if word in _INTERPRETERS and os.path.isfile(script):  # noqa: PTH113
            yield script
