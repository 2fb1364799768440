"""What a contained QEMU may reach: its pipes and logs, the ELF, what its arguments name."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.board import Board
from pytest_karatos.containment import Access
from pytest_karatos.emulators.protocol import Boot, Launcher
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.errors import NotContained

#: QEMU refuses itself what it needs no more once it runs: to start programs above all.
SANDBOX = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
#: Options whose word is a file that QEMU makes.
_MAKES = ("-D", "-pidfile")
#: Options whose files QEMU writes to as well.
_WRITES = (
    *("-drive", "-blockdev", "-chardev", "-serial", "-object", "-trace", "-pflash", "-sd"),
    *("-mtdblock", "-hda", "-hdb", "-hdc", "-hdd"),
)


def sandbox(board: Board, launcher: Launcher) -> tuple[str, ...]:
    """Return QEMU's own sandbox as arguments, if it was built with one."""
    if not board.contained:
        return ()
    return SANDBOX if launcher.first_line_of([board.emulator, *SANDBOX, "-version"]) else ()


def require_containment(board: Board, launcher: Launcher) -> None:
    """Raise NotContained when ``board`` has semihosting and nothing there can hold it.

    Semihosting lets firmware read, write and remove files, and run commands.
    """
    if not (board.contained and board.semihosting):
        return
    trouble = launcher.cannot_contain()
    if trouble:
        raise NotContained(
            f"board '{board.name}' has semihosting, which lets its firmware use the files of this "
            "machine, and nothing here can hold it back.",
            why=f"{trouble}.",
            fix="use Linux 5.13 or later with Landlock, or apt-get install bubblewrap, or boot in "
            "the container: --karatos-launcher=docker. For firmware that you trust like your own "
            f"programs: contained = false in [boards.{board.name}]",
        )


def access(boot: Boot, files: BootFiles, elf: Path, launcher: Launcher) -> Access | None:
    """Return what QEMU may reach in this boot, ``elf`` too; None: all that this user may."""
    board = boot.board
    if not board.contained or launcher.cannot_contain():
        return None
    named = named_files((*board.qemu, *boot.arguments), files.scratch)
    for path in named.made:
        if path.parent.is_dir():
            path.touch()  # nobody may make a file there, QEMU neither
    private = (files.scratch,) if board.semihosting_files else ()
    return Access(
        runs=board.readable,
        reads=(elf, *named.read),
        uses=(files.pipes, files.logs, *named.written, *named.made),
        writes=(*private, *board.writable),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedFiles:
    """The files that QEMU's arguments name: it reads some, writes some, and makes some."""

    read: tuple[Path, ...]
    written: tuple[Path, ...]
    made: tuple[Path, ...]


def named_files(words: Sequence[str], cwd: Path) -> NamedFiles:
    """Find the files in QEMU's arguments; relative ones are in ``cwd``.

    >>> named_files(["-device", "loader,file=/bin/sh", "-D", "log"], Path("/x"))
    ... # doctest: +NORMALIZE_WHITESPACE
    NamedFiles(read=(PosixPath('/bin/sh'),), written=(), made=(PosixPath('/x/log'),))
    """
    read: list[Path] = []
    written: list[Path] = []
    made: list[Path] = []
    for option, word in _with_option(words):
        if option in _MAKES:
            made.append(cwd / word)
        there = [cwd / value for value in _values(word) if os.path.exists(cwd / value)]  # noqa: PTH110 - never raises
        (written if option in _WRITES else read).extend(there)
    return NamedFiles(read=tuple(read), written=tuple(written), made=tuple(made))


def _with_option(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    option = ""
    for word in words:
        if word.startswith("-"):
            option = word
        else:
            yield option, word


def _values(word: str) -> Iterator[str]:
    """Yield what may be a path: the word itself, and the value of each of its parts."""
    yield word
    for part in word.replace(",,", "\0").split(","):
        value = part.partition("=")[2] or part.partition(":")[2]
        if value:
            yield value.replace("\0", ",")
