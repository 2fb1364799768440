"""Build firmware, boot it, and watch it on this terminal, without any test.

The console is on standard output, what you type goes to the guest; remarks are on
standard error. Ctrl-] or Ctrl-C ends the machine. The exit status is the machine's
(128 and the signal's number when a signal ended it), or 0 when you ended it.
"""

import contextlib
import os
import signal
import termios
import threading
import tty
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pytest_karatos.artifacts import open_run
from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.choices import BUILDERS
from pytest_karatos.cli.shell import Shell
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import BadSetting, Misbehaved, UnknownName
from pytest_karatos.firmware import Firmware
from pytest_karatos.report.ticker import ticking
from pytest_karatos.settings import Settings, load

#: Ctrl-], telnet's old way out.
ESCAPE = b"\x1d"
_CHUNK = 64 * 1024
#: How long the guest's words may wait for being shown, in seconds: below what a person notices.
_LATENCY = 0.02


class Leave(BaseException):
    """The person wants to leave: Ctrl-C, or SIGTERM."""


def connect(machine: Machine, shell: Shell, *, newline: str) -> int | None:
    """Show and type until the machine ends; its status, or None when the person ended it.

    :raises BrokenPipeError: when nobody reads our output any more.
    """
    keys = _Keys(machine, shell.stdin, newline.encode())
    with _keyboard(shell.stdin), endable():
        try:
            _show(machine, shell, keys)
        except Leave:
            return None
    if keys.escaped:
        return None
    machine.settle(0.0)
    return machine.exit_status


def _show(machine: Machine, shell: Shell, keys: "_Keys") -> None:
    """Copy the transcript to our output as it grows."""
    shell.out.flush()
    out, offset, ended = shell.out.fileno(), 0, False
    with Path(machine.console.transcript).open("rb") as transcript:
        while not (ended or keys.escaped):
            # The last byte's end wakes us at once; text is looked for in between.
            ended = machine.console.wait_for_last_byte(_LATENCY)
            while chunk := os.pread(transcript.fileno(), _CHUNK, offset):
                offset += len(chunk)
                _write(out, chunk)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


class _Keys:
    """A thread that types what comes in. It may still wait for a key when everything is over."""

    def __init__(self, machine: Machine, descriptor: int, newline: bytes) -> None:
        self.escaped = False
        self._machine = machine
        self._descriptor = descriptor
        self._newline = newline
        threading.Thread(target=self._run, name="karatos-keys", daemon=True).start()

    def _run(self) -> None:
        # A closed standard input, or a guest that takes nothing any more: then nothing is typed.
        with contextlib.suppress(OSError, Misbehaved):
            while data := os.read(self._descriptor, 4096):
                typed, escape, _ = data.partition(ESCAPE)
                if typed:
                    self._machine.console.send(typed.replace(b"\n", self._newline))
                if escape:
                    self.escaped = True
                    return


@contextlib.contextmanager
def _keyboard(descriptor: int) -> Iterator[None]:
    """Hand over each key as it is pressed, without echo: echoing is the guest's business."""
    if not is_terminal(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def is_terminal(descriptor: int) -> bool:
    """Tell whether a person sits there; a closed descriptor is nobody."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


@contextlib.contextmanager
def endable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the machine in order, also where a shell had us ignore them."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Leave

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


HELP = "build and boot a board and watch it here"
_SIGNALLED = 128


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("arch", metavar="ARCH", help="the arch, as arm; its default board is taken")
    parser.add_argument("--board", metavar="NAME", help="another board of that arch")
    parser.add_argument("--firmware", metavar="NAME", help="a [firmware.NAME] of the settings")
    parser.add_argument("--binary", metavar="NAME", help="one of the binaries of its build")
    parser.add_argument("--profile", metavar="P", help="debug (default), release ...")
    parser.add_argument("--elf", metavar="PATH", help="boot this ELF; nothing is built")
    parser.add_argument("--builder", metavar="WAY", help=str(BUILDERS))
    parser.add_argument("--source", metavar="DIR", help="the firmware tree")


def run(options: Namespace, shell: Shell) -> int:
    """Build, boot, connect, and return the machine's status."""
    settings = load(root=shell.folder, environ=shell.environ, typed=_typed(options, shell))
    board = _board(settings, options)
    run = open_run(settings.artifacts)
    with Bench(settings=settings, environ=shell.environ, run=run) as bench:
        with ticking(run.journal, shell.err):
            firmware = bench.firmware(
                board, name=_name(settings, options), binary=options.binary or ""
            )
        shell.remark(_headline(firmware, shell))
        with bench.boot(firmware, "by hand") as machine:
            status = connect(machine, shell, newline=firmware.board.watch.newline)
        return _ended(machine, status, shell)


def _typed(options: Namespace, shell: Shell) -> dict[str, object]:
    typed = {word: getattr(options, word) for word in ("profile", "builder", "source")}
    if options.elf:
        whose = options.firmware or options.board or options.arch
        typed["elf"] = [f"{whose}={shell.folder / Path(options.elf)}"]
    return typed


def _name(settings: Settings, options: Namespace) -> str:
    """Return the firmware that was named, or the only one that there is.

    :raises BadSetting: when there are several and none was named.
    """
    if not options.firmware and len(settings.by_default) > 1:
        raise BadSetting(
            f"there are {len(settings.by_default)} firmwares, and none was named: "
            f"{', '.join(settings.by_default)}.",
            fix=f"python -m pytest_karatos run {options.arch} --firmware {settings.by_default[0]}",
        )
    return options.firmware or settings.by_default[0]


def _board(settings: Settings, options: Namespace) -> Board:
    """Find the board that ARCH and --board mean.

    :raises UnknownName: when there is none. :raises BadSetting: when they contradict each other.
    """
    wanted = options.board or options.arch
    archs = sorted({board.arch for board in settings.boards})
    for board in settings.boards:
        if wanted == board.name or (wanted == board.arch and board.default):
            if options.arch not in {board.arch, board.name}:
                raise BadSetting(
                    f"board '{board.name}' is {board.arch}, not {options.arch}.",
                    fix=f"python -m pytest_karatos run {board.arch} --board {board.name}",
                )
            return board
    raise UnknownName(
        f"there is no {'board' if options.board else 'arch'} '{wanted}'.",
        why=f"known archs: {', '.join(archs)}.",
        fix="python -m pytest_karatos boards",
    )


def _headline(firmware: Firmware, shell: Shell) -> str:
    keys = "Ctrl-] or Ctrl-C" if is_terminal(shell.stdin) else "Ctrl-C"
    return f"karatos: {firmware.elf} on {firmware.board.name}; {keys} ends it"


def _ended(machine: Machine, status: int | None, shell: Shell) -> int:
    try:
        machine.console.check()
    except Misbehaved as error:
        shell.remark(f"karatos: {error.what.partition(chr(10))[0]}")
    if status is None:
        shell.remark("karatos: ended by you")
        return 0
    shell.remark(f"karatos: the machine ended with exit status {status}")
    return status if status >= 0 else _SIGNALLED - status
