"""Say what a command is: a word, its options, and what it does."""

from argparse import ArgumentParser, Namespace
from typing import Protocol

from pytest_karatos.commands.shell import Shell


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
