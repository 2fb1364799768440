"""Be what the ``pytest11`` entry point names: cheap to import, invisible until it is used.

This module is loaded in every pytest run of an environment, so it imports nothing but pytest and
registers the rest only where a run has something to do with firmware.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_karatos.roof.session import Session

pytest_plugins = ["pytest_karatos.roof.fixtures"]

_FLAGS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "--arch",
        {
            "action": "append",
            "metavar": "ARCH",
            "help": "architecture to build and test: arm, riscv, or all; may be repeated.",
        },
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
_FILES = ("karatos.toml", "build/configs/global.toml")
_MARKER = (
    "karatos(arch=, board=, profile=, features=, timeout=, expect_exit=): narrow or vary the "
    "firmware of one test."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the flags; their values are judged by the settings, which know the boards."""
    group = parser.getgroup("karatos", "firmware under test (pytest-karatos)")
    for flag, facts in _FLAGS:
        word = flag.removeprefix("--").replace("karatos-", "")
        group.addoption(flag, dest=f"karatos_{word}", default=None, **facts)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; open a session when something here is about firmware."""
    config.addinivalue_line("markers", _MARKER)
    if _concerned(config):
        session_of(config)


def _concerned(config: pytest.Config) -> bool:
    typed = any(value is not None for value in typed_of(config).values())
    told = "karatos" in getattr(config, "workerinput", {})
    return typed or told or _has_settings(config)


def _has_settings(config: pytest.Config) -> bool:
    if any((config.rootpath / name).is_file() for name in _FILES):
        return True
    try:
        text = (config.rootpath / "pyproject.toml").read_text(errors="replace")
    except OSError:
        return False
    return "[tool.karatos" in text


def typed_of(config: pytest.Config) -> dict[str, object]:
    """Return what was typed, by the flag's word."""
    words = [flag.removeprefix("--").replace("karatos-", "") for flag, _ in _FLAGS]
    return {word: config.getoption(f"karatos_{word}") for word in words}


def session_of(config: pytest.Config) -> Session:
    """Return the run's session, opening it on first use."""
    found = config.pluginmanager.get_plugin("karatos-session")
    if found is None:
        # Imported by name: a run without firmware pays nothing for the house below.
        room = import_module("pytest_karatos.roof.session")
        found = room.open_session(config, typed_of(config))
        config.pluginmanager.register(found, "karatos-session")
    session: Session = found
    return session


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a board one run per chosen board and profile."""
    if "karatos_target" in metafunc.fixturenames:
        session_of(metafunc.config).parametrize(metafunc)
