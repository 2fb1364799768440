"""Build firmware, boot it, and watch it on this terminal, without any test.

The console is on standard output, what you type goes to the guest; remarks are on
standard error. Ctrl-] or Ctrl-C ends the machine. The exit status is the machine's
(128 and the signal's number when a signal ended it), or 0 when you ended it.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pytest_karatos.artifacts import open_run
from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.commands.shell import Shell
from pytest_karatos.commands.terminal import connect, is_terminal
from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.errors import BadSetting, Misbehaved, UnknownName
from pytest_karatos.firmware import Firmware
from pytest_karatos.report.ticker import ticking
from pytest_karatos.settings import Settings, load

HELP = "build and boot a board and watch it here"
_SIGNALLED = 128


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("arch", metavar="ARCH", help="the arch, as arm; its default board is taken")
    parser.add_argument("--board", metavar="NAME", help="another board of that arch")
    parser.add_argument("--profile", metavar="P", help="debug (default), release ...")
    parser.add_argument("--elf", metavar="PATH", help="boot this ELF; nothing is built")
    parser.add_argument("--builder", metavar="WAY", help="auto, docker or local")
    parser.add_argument("--source", metavar="DIR", help="the firmware tree")


def run(options: Namespace, shell: Shell) -> int:
    """Build, boot, connect, and return the machine's status."""
    settings = load(root=shell.folder, environ=shell.environ, typed=_typed(options, shell))
    board = _board(settings, options)
    run = open_run(settings.artifacts)
    with Bench(settings=settings, environ=shell.environ, run=run) as bench:
        with ticking(run.journal, shell.err):
            firmware = bench.firmware(board)
        shell.remark(_headline(firmware, shell))
        with bench.boot(firmware, "by hand") as machine:
            status = connect(machine, shell, newline=settings.rules.newline)
        return _ended(machine, status, shell)


def _typed(options: Namespace, shell: Shell) -> dict[str, object]:
    typed = {word: getattr(options, word) for word in ("profile", "builder", "source")}
    if options.elf:
        typed["elf"] = [f"{options.board or options.arch}={shell.folder / Path(options.elf)}"]
    return typed


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
                    cure=f"python -m pytest_karatos run {board.arch} --board {board.name}",
                )
            return board
    raise UnknownName(
        f"there is no {'board' if options.board else 'arch'} '{wanted}'.",
        why=f"known archs: {', '.join(archs)}.",
        cure="python -m pytest_karatos boards",
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
