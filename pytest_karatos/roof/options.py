"""Know the flags, and open the run's session when, and only when, something is about firmware.

It imports nothing but pytest: the house below is fetched by name on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from pytest_karatos.roof.session import Session

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
        {"metavar": "PATH", "help": "the settings file, instead of karatos.toml in the rootdir."},
    ),
    ("--karatos-source", {"metavar": "DIR", "help": "the firmware tree (default: settings)."}),
    (
        "--karatos-builder",
        {"metavar": "WAY", "help": "where to build: auto, docker, local or prebuilt."},
    ),
    ("--karatos-image", {"metavar": "IMAGE", "help": "builder image, or a Dockerfile's folder."}),
    ("--karatos-emulator", {"metavar": "WAY", "help": "where QEMU runs: auto, host or docker."}),
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
        "--karatos-timeout",
        {"metavar": "SECONDS", "help": "how long a wait on the console lasts by default."},
    ),
    ("--karatos-artifacts", {"metavar": "DIR", "help": "where files are kept (.karatos)."}),
    ("--karatos-json", {"metavar": "PATH", "help": "write the run's ledger as JSON."}),
)


SETTINGS_FLAG = "--karatos-settings"


def word_of(flag: str) -> str:
    """Return the settings' word for a flag.

    >>> word_of("--arch"), word_of("--karatos-elf")
    ('arch', 'elf')
    """
    return flag.removeprefix("--").removeprefix("karatos-")


def add_options(parser: pytest.Parser) -> None:
    """Declare the flags, and an ini key ``karatos_*`` for each of them.

    Their values are judged by the settings, which know the boards. An ini key is text, or lines of
    text for a flag that may be repeated, so that it means the same in every kind of ini file.
    """
    group = parser.getgroup("karatos", "firmware under test (pytest-karatos)")
    for flag, facts in FLAGS:
        word = word_of(flag)
        group.addoption(flag, dest=f"karatos_{word}", default=None, **facts)
        kind: Literal["linelist", "string"] = "linelist" if "action" in facts else "string"
        parser.addini(f"karatos_{word}", f"as {flag}: {facts['help']}", kind, None)
    group.addoption(
        SETTINGS_FLAG,
        dest="karatos_settings",
        action="store_true",
        help="print every setting with its value and where that came from, and end.",
    )


def typed_of(config: pytest.Config) -> dict[str, object]:
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
        # Imported by name: a run without firmware pays nothing for the house below.
        room = import_module("pytest_karatos.roof.opening")
        found = room.open_session(config, typed_of(config))
    session: Session = found
    return session


def print_settings(config: pytest.Config) -> int:
    """Print each setting as ``key = value  # where it came from`` and return the exit status."""
    opening = import_module("pytest_karatos.roof.opening")
    settings = import_module("pytest_karatos.settings")
    for key, value, origin in settings.explain(opening.read_settings(config, typed_of(config))):
        sys.stdout.write(f"{key} = {value}  # {origin}\n")
    return 0
