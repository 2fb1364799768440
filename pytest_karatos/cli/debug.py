"""Take a boot to the moment of its failure once more, and wait there for a gdb.

The folder is that of a boot, as a failure names it. The console is on standard output; what
you type goes to the guest, once gdb lets it go on. Ctrl-] or Ctrl-C ends the machine.
"""

import shlex
import shutil
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from pytest_karatos.artifacts.run import Run
from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.choices import QEMU
from pytest_karatos.cli.run import Leave, connect, endable
from pytest_karatos.cli.shell import Shell
from pytest_karatos.debug.archs import arch_of
from pytest_karatos.debug.relay import Relay
from pytest_karatos.elf import read
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.machine import QemuMachine
from pytest_karatos.emulators.qemu.replay import Moment, Past, replayed
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import DebugFailed, NotPossible
from pytest_karatos.settings import load, rules_for

HELP = "take a boot to its failure again, and wait for gdb"
_ANY = "gdb-multiarch"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--replay", metavar="FOLDER", required=True, help="the folder of the boot, below .karatos/"
    )


def run(options: Namespace, shell: Shell) -> int:
    """Boot, stand, wait for gdb; 0 when the person ended it."""
    past = Past(shell.folder / Path(options.replay))
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    with private_folder() as folder:
        # Not a run of its own among the others: nothing of it is kept, and nobody is disturbed.
        run = Run(folder=folder)
        with Bench(settings=settings, environ=shell.environ, run=run) as bench:
            board = _board(bench, past)
            boot = Boot(
                board=board,
                elf=past.elf,
                folder=folder / "boot",
                rules=rules_for(board, past.elf),
                variation=past.variation,
            )
            shell.remark("karatos: booting it again; this may take a while")
            remark = partial(_remark, shell)
            with replayed(past, boot, bench.launcher_for(board), remark=remark) as replay:
                return _wait(*replay, boot, shell)


def _remark(shell: Shell, text: str) -> None:
    shell.remark(f"karatos: {text}")


def _board(bench: Bench, past: Past) -> Board:
    board = bench.board(past.board)
    if board.kind != QEMU:
        raise NotPossible(
            f"board '{board.name}' is of kind '{board.kind}', which no boot repeats.",
            why="only QEMU can take a boot to the same instruction once more.",
        )
    return board


def _wait(machine: QemuMachine, moment: Moment, boot: Boot, shell: Shell) -> int:
    """Let a gdb have the machine until it ends, or the person ends it."""
    with Relay(machine.gdb_socket) as relay, endable():
        try:
            shell.remark(
                f"karatos: board '{machine.board.name}' stands after {moment.instructions:,} "
                f"instructions, {moment.what}; Ctrl-C ends it"
            )
            shell.remark(_how(boot.elf, relay.address))
            return connect(machine, shell, newline=machine.board.watch.newline) or 0
        except Leave:
            return 0


def _how(elf: Path, address: str) -> str:
    """Say how to attach a gdb, and what to install where there is none."""
    programs = _gdbs(elf)
    found = next((one for one in programs if shutil.which(one)), "")
    command = shlex.join([found or programs[0], str(elf), "-ex", f"target remote {address}"])
    missing = f"karatos: none of {', '.join(programs)} is on PATH; apt-get install {_ANY}\n"
    return f"{'' if found else missing}  {command}"


def _gdbs(elf: Path) -> tuple[str, ...]:
    try:
        return arch_of(read(elf)).gdb
    except DebugFailed:
        return (_ANY,)
