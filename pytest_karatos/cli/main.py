"""The command line ``python -m pytest_karatos``: its commands, and errors as sentences."""

import argparse
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Protocol

from pytest_karatos.cli import (
    bisect,
    boards,
    ci,
    compare,
    dashboard,
    debug,
    dialect,
    doctor,
    history,
    init,
    merge,
    notify,
    release,
    run,
    size,
    timeline,
)
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import KaratosError


class Command(Protocol):
    """One subcommand of ``python -m pytest_karatos``; a module can be one."""

    #: One line for the list of commands.
    @property
    def HELP(self) -> str:  # noqa: N802 - a constant of the module
        """What it is for, in one line."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare its options."""

    def run(self, options: Namespace, shell: Shell) -> int:
        """Do it and return the exit status.

        :raises KaratosError: a sentence for the user; the command line prints it.
        """


#: Something that was typed, written or installed is not right.
USAGE = 2
#: The shell's own statuses for a command that was interrupted, or whose reader went away.
INTERRUPTED, NO_READER = 130, 141

COMMANDS: dict[str, Command] = {
    "doctor": doctor,
    "init": init,
    "boards": boards,
    "run": run,
    "dialect": dialect,
    "timeline": timeline,
    "debug": debug,
    "size": size,
    "compare": compare,
    "bisect": bisect,
    "history": history,
    "dashboard": dashboard,
    "merge": merge,
    "notify": notify,
    "release": release,
    "ci": ci,
}

_ABOUT = """\
Firmware gets the test loop that Python code has. Tests are run by pytest itself
(`pytest --arch=arm`); this is what there is besides:
"""
_FIRST_STEPS = """\
in a firmware tree of yours, begin with:
  python -m pytest_karatos init       write settings and a first test
  pytest --arch=arm                   build, boot, judge
  python -m pytest_karatos doctor     when something does not work
"""


def call(argv: Sequence[str], shell: Shell) -> int:
    """Run the command that ``argv`` names and return its exit status."""
    options = _parser().parse_args(argv)
    try:
        status = COMMANDS[options.command].run(options, shell)
        shell.out.flush()
    except KaratosError as error:
        shell.remark(f"karatos: {error}")
        return USAGE
    except BrokenPipeError:
        _forget(shell)
        return NO_READER
    except OSError as error:
        shell.remark(f"karatos: {error.strerror or error}: {error.filename or options.command}")
        return USAGE
    except KeyboardInterrupt:
        shell.remark("karatos: interrupted")
        return INTERRUPTED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_karatos",
        description=_ABOUT,
        epilog=_FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for word, command in COMMANDS.items():
        command.add_arguments(
            words.add_parser(
                word,
                help=command.HELP,
                description=command.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return parser


def _forget(shell: Shell) -> None:
    # Python flushes the stream once more at its end, and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), shell.out.fileno())
