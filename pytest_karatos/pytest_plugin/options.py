"""The flags, and the run's session, opened when, and only when, something is about firmware.

It imports pytest and the table of words alone: all else is imported by name on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_karatos.choices import BUILDERS, LAUNCHERS

if TYPE_CHECKING:
    from pytest_karatos.pytest_plugin.session import Session

FLAGS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "--arch",
        {
            "action": "append",
            "metavar": "ARCH",
            "help": "architecture to build and test: arm, riscv, or all; may be repeated.",
        },
    ),
    (
        "--karatos-config",
        {
            "metavar": "PATH",
            "help": "the settings file, instead of karatos.toml in the rootdir or above.",
        },
    ),
    ("--karatos-source", {"metavar": "DIR", "help": "the firmware tree (default: settings)."}),
    ("--karatos-builder", {"metavar": "WAY", "help": f"where to build: {BUILDERS}."}),
    ("--karatos-image", {"metavar": "IMAGE", "help": "builder image, or a Dockerfile's folder."}),
    ("--karatos-launcher", {"metavar": "WAY", "help": f"where emulators run: {LAUNCHERS}."}),
    (
        "--karatos-elf",
        {
            "action": "append",
            "metavar": "ARCH=PATH",
            "help": "boot this ELF instead of building; may be repeated.",
        },
    ),
    (
        "--karatos-profile",
        {
            "action": "append",
            "metavar": "PROFILE",
            "help": "build profile: debug, release; may be repeated.",
        },
    ),
    (
        "--karatos-board",
        {"action": "append", "metavar": "NAME", "help": "a further board, by name; repeatable."},
    ),
    (
        "--karatos-firmware",
        {
            "action": "append",
            "metavar": "NAME",
            "help": "only this firmware, a [firmware.NAME] of the settings; may be repeated.",
        },
    ),
    (
        "--karatos-binary",
        {
            "action": "append",
            "metavar": "NAME",
            "help": "only this binary of a firmware that has many; a pattern; may be repeated.",
        },
    ),
    (
        "--karatos-timeout",
        {"metavar": "SECONDS", "help": "how long a wait on the console lasts by default."},
    ),
    (
        "--karatos-boots",
        {"metavar": "N", "help": "boot N times for each test; the boots differ, by name."},
    ),
    (
        "--karatos-vary",
        {"metavar": "NAME", "help": "boot as one of several boots did, by what it is called."},
    ),
    (
        "--karatos-shard",
        {"metavar": "N/OF", "help": "run one part of the tests: 2/5, or auto/5 on a cluster."},
    ),
    (
        "--karatos-explore",
        {
            "metavar": "AT[,stall=N][,limit=N]",
            "help": "each test under many timings: at 'all', functions, files; 'off': at none.",
        },
    ),
    ("--karatos-artifacts", {"metavar": "DIR", "help": "where files are kept (.karatos)."}),
    ("--karatos-history", {"metavar": "PATH", "help": "the file of all runs' figures."}),
    ("--karatos-json", {"metavar": "PATH", "help": "write the run's ledger as JSON."}),
    (
        "--karatos-coverage",
        {"action": "store_true", "help": "note which lines of the firmware the tests execute."},
    ),
    (
        "--karatos-line-tables",
        {
            "action": "store_true",
            "help": "build an ELF without line tables again with them, where no byte changes.",
        },
    ),
    (
        "--karatos-update-baseline",
        {
            "action": "store_true",
            "help": "pin what is better than the baseline, and, with a reason, what is worse.",
        },
    ),
    (
        "--karatos-baseline-reason",
        {"metavar": "TEXT", "help": "why figures may be worse; it stays in the baseline."},
    ),
    (
        "--karatos-allow-none",
        {
            "action": "store_true",
            "help": "let a run with --arch succeed although no test in it used a board.",
        },
    ),
)


SETTINGS_FLAG = "--karatos-settings"


def word_of(flag: str) -> str:
    """Return the settings' word for a flag.

    >>> word_of("--arch"), word_of("--karatos-allow-none")
    ('arch', 'allow_none')
    """
    return flag.removeprefix("--").removeprefix("karatos-").replace("-", "_")


def add_options(parser: pytest.Parser) -> None:
    """Declare the flags, and an ini key ``karatos_*`` for each of them.

    Their values are judged by the settings, which know the boards. An ini key is text, or lines of
    text for a flag that may be repeated, so that it means the same in every kind of ini file.
    """
    group = parser.getgroup("karatos", "firmware under test (pytest-karatos)")
    for flag, facts in FLAGS:
        word = word_of(flag)
        group.addoption(flag, dest=f"karatos_{word}", default=None, **facts)
        kind: Literal["linelist", "string"] = (
            "linelist" if facts.get("action") == "append" else "string"
        )
        parser.addini(f"karatos_{word}", f"as {flag}: {facts['help']}", kind, None)
    group.addoption(
        SETTINGS_FLAG,
        dest="karatos_settings",
        action="store_true",
        help="print every setting with its value and where that came from, and end.",
    )


def cli_values(config: pytest.Config) -> dict[str, object]:
    """Return what was typed, by the flag's word, and what the ini file says, ``karatos_`` before.

    A relative path in an ini file is meant from the rootdir, as are those of the command line.
    """
    words = [word_of(flag) for flag, _ in FLAGS]
    typed = {word: config.getoption(f"karatos_{word}") for word in words}
    return typed | {f"karatos_{word}": config.getini(f"karatos_{word}") or None for word in words}


def session_of(config: pytest.Config) -> Session:
    """Return the run's session, opening it on first use."""
    found = config.pluginmanager.get_plugin("karatos-session")
    if found is None:
        # Imported by name: a run without firmware pays nothing for the rest of the package.
        module = import_module("pytest_karatos.pytest_plugin.register")
        found = module.register_session(config, cli_values(config))
    session: Session = found
    return session


def print_settings(config: pytest.Config) -> int:
    """Print each setting as ``key = value  # where it came from`` and return the exit status."""
    opening = import_module("pytest_karatos.pytest_plugin.register")
    settings = import_module("pytest_karatos.settings")
    for key, value, origin in settings.explain(opening.read_settings(config, cli_values(config))):
        sys.stdout.write(f"{key} = {value}  # {origin}\n")
    return 0
