"""A build in a private copy of the firmware's tree, by the tree's own command."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pytest_karatos.artifacts.beneath import Beneath, Found
from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.binaries import binaries_in, pattern_of
from pytest_karatos.builders.locks import Waiting, locked
from pytest_karatos.builders.memory_template import Memory
from pytest_karatos.builders.missing import missing_target, missing_tool, ways_out, ways_to_target
from pytest_karatos.builders.programs import Programs
from pytest_karatos.builders.protocol import Runner
from pytest_karatos.builders.repository import Repository, plant
from pytest_karatos.builders.sources import Manifest, project_word
from pytest_karatos.builders.workspace import sync
from pytest_karatos.choices import LOCAL
from pytest_karatos.errors import BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Progress
from pytest_karatos.text import printable, tail

_TAIL_LINES = 25
#: A shell reports the end by signal n as this plus n.
_SHELL_SIGNAL = 128
_ELF = b"\x7fELF"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """One private copy, claimed for one build."""

    folder: Path
    runner: Runner
    request: BuildRequest

    def fill(self, manifest: Manifest, history: tuple[Repository, ...] = ()) -> tuple[str, ...]:
        """Bring the copy in step with the sources that ``manifest`` names; return what changed.

        That are files that differ from those of the build before, or the one program that does:
        then the tree begins from nothing. Empty for the first build. With ``history`` the copy
        has repositories.

        :raises SourcesChanged: when they are no longer those.
        """
        other = self._other_program()
        if other != "" and self.folder.exists():
            with self._opened() as tree:
                tree.clear()
        changed = self._synced(manifest)
        plant(history, _histories(self.folder.parent), self.folder)
        return (other,) if other else changed

    def _synced(self, manifest: Manifest) -> tuple[str, ...]:
        memory = Memory(board=self.request.board, other_boards=self.request.other_boards)
        changed = sync(self.request.source, manifest, self.folder, memory)
        with self._opened() as tree:
            wanted = (pattern_of(self.request.elf), self.request.map)
            found = [tree.find(one) for one in wanted if one]
            for stale in sorted({name for one in found for name in one.files}):
                tree.unlink(stale)  # an ELF that this build did not make must never be taken
            if not any(one.escaping and not one.files for one in found):
                return changed
            tree.clear()  # the link that an earlier build left would be in the way for ever
        sync(self.request.source, manifest, self.folder, memory)
        return changed

    def _other_program(self) -> str | None:
        """Return what made this tree and is another one now; '' for nothing, None for no record.

        What other tools left would be taken for up to date by make.
        """
        known = self._ran_before()
        return None if known is None else known.changed(self.runner.search)

    def _ran_before(self) -> Programs | None:
        try:
            return Programs.of_plain(json.loads(self._record.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def _record(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.programs.json")

    def programs(self) -> Programs:
        """Return what has run in this tree since it began, and note it for the next build."""
        ran = self.runner.programs(self.folder)
        before = self._ran_before()
        together = ran if before is None else before.with_later(ran)
        write_whole(self._record, json.dumps(together.plain()).encode())
        return together

    def build(self, log: Path, progress: Progress) -> None:
        """Run the command in this tree.

        :raises BuildFailed: with the last lines of the log and its path.
        """
        status = self.runner.run(self.request, self.folder, log, progress)
        if status != 0:
            raise _failed(self.request, status, log, self.runner)

    def elves(self, log: Path) -> dict[str, BinaryIO]:
        """Open the ELFs that the build left, by the names of the binaries; '' for a single one.

        :raises BuildFailed: when there is none, or more than one where one was asked for, or it is
            a link out of the tree.
        """
        if not self.request.many:
            return {"": self._one(log)}
        with self._opened() as tree:
            files = self._files(tree, pattern_of(self.request.elf), "ELFs", log)
            names = binaries_in(self.request.elf, [one for one in files if _is_elf(tree, one)])
            if names:
                return {binary: tree.open(name) for binary, name in names.items()}
        raise self._not_one((), log)

    def _one(self, log: Path) -> BinaryIO:
        with self._opened() as tree:
            found = self._files(tree, self.request.elf, "ELF", log)
            if len(found) > 1:  # cargo writes kernel-<hash>.d beside kernel-<hash>
                found = tuple(name for name in found if _is_elf(tree, name)) or found
            if len(found) == 1:
                return tree.open(found[0])
        raise self._not_one(found, log)

    def map(self, log: Path) -> BinaryIO | None:
        """Open the linker's map that the build left, the last one it wrote; None without.

        :raises BuildFailed: when it is a link out of the tree.
        """
        with self._opened() as tree:
            found = self._files(tree, self.request.map, "map", log)
            return tree.open(max(found, key=lambda name: _written(tree, name))) if found else None

    def _opened(self) -> Beneath:
        return Beneath(self.folder, seen_as=self.runner.path_of(self.folder))

    def _files(self, tree: Beneath, pattern: str, word: str, log: Path) -> tuple[str, ...]:
        """Return what ``pattern`` matches; a link out of the tree is told of when nothing does."""
        found = tree.find(pattern) if pattern else Found(files=(), escaping=())
        if found.files or not found.escaping:
            return found.files
        raise BuildFailed(
            f"building '{self.request.title}' left a link in the way to its {word} '{pattern}', "
            f"and it leads out of the tree: {printable(', '.join(found.escaping))}.",
            why="what a build made is taken from its private tree, and nothing else is read.",
            fix=f"let the build copy the file to its place (cp -L), or link to one in the tree by "
            f"a relative path; the build's log is {log}",
        )

    def _not_one(self, found: tuple[str, ...], log: Path) -> BuildFailed:
        names = ", ".join(printable(name.rpartition("/")[2]) for name in found)
        what = f"{len(found)} files ({names}) match" if found else "no file matches"
        return BuildFailed(
            f"building '{self.request.title}' succeeded, but {what} '{self.request.elf}'.",
            why=f"that is where the ELF of `{printable(self.request.command)}` is looked for.",
            fix=f"set [build] elf in karatos.toml; the build's log is {log}",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Trees:
    """The private copies below ``folder``, and the place (``runner``) where commands run.

    All of them together take ``most_bytes``, or what those take that are in use.
    """

    folder: Path
    runner: Runner
    most_bytes: int = 8 * 1024**3

    @property
    def histories(self) -> Path:
        """The folder of what the copies' repositories are made of."""
        return _histories(self.folder)

    @contextmanager
    def claimed(self, request: BuildRequest, variant: str, waiting: Waiting) -> Iterator[Tree]:
        """Hand out the tree of ``request``, to one build at a time.

        ``variant`` condenses all that decides the build but the sources. Each variant has a tree
        of its own, so that it begins from the sources alone: what another one left there, a file
        or an object of other flags, would be taken for its own. So they build side by side too.
        """
        place = project_word(request.source)
        folder = self.folder / f"{place}-{self.runner.name}-{request.slot}-{variant[:12]}"
        text = "waiting for another build in the same tree"
        with locked(folder.with_name(f"{folder.name}.lock"), waiting, text):
            yield Tree(folder=folder, runner=self.runner, request=request)


def _histories(trees: Path) -> Path:
    return trees.with_name("git")  # beside the trees: no build writes there


def _is_elf(tree: Beneath, name: str) -> bool:
    with tree.open(name) as file:
        return file.read(len(_ELF)) == _ELF


def _written(tree: Beneath, name: str) -> int:
    with tree.open(name) as file:
        return os.fstat(file.fileno()).st_mtime_ns


def _signal(status: int) -> str:
    """Name the signal that an exit status stands for, as a host and as a shell tell it.

    >>> _signal(137), _signal(-9), _signal(1)
    (' (killed, SIGKILL)', ' (killed, SIGKILL)', '')
    """
    number = -status if status < 0 else status - _SHELL_SIGNAL
    names = {one.value: f" (killed, {one.name})" for one in signal.Signals}
    return names.get(number, "")


def _failed(request: BuildRequest, status: int, log: Path, runner: Runner) -> BuildFailed:
    lines, place = tail(log, _TAIL_LINES), runner.place
    last = "\n".join(f"    | {line}" for line in lines)
    tool, triple, on_host = missing_tool(lines), missing_target(lines), runner.name == LOCAL
    offline = "" if request.network else " It had no network ([build] network = false)."
    why, fix = f"a test needs this firmware.{offline}", ""
    if tool:
        why = f"'{tool}' is not there: it was looked for {place}."
        fix = ways_out(tool, on_host=on_host)
    elif triple:
        why = f"Rust's core for '{triple}' is not there: it was looked for {place}."
        fix = ways_to_target(triple, on_host=on_host)
    return BuildFailed(
        f"building '{request.title}' failed with exit status {status}{_signal(status)} {place}: "
        f"{printable(request.command)}\n{last}",
        why=why,
        fix=f"{fix}the whole log is {log}",
    )
