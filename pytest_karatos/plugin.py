"""Be what the ``pytest11`` entry point names: cheap to import, invisible until it is used.

This module is loaded in every pytest run of an environment, so it imports nothing but pytest and
registers the rest only where a run has something to do with firmware.
"""

import pytest

from pytest_karatos.roof import hookspec
from pytest_karatos.roof.options import add_options, print_settings, session_of, typed_of

pytest_plugins = ["pytest_karatos.roof.fixtures"]

_FILES = ("karatos.toml", "build/configs/global.toml")
_MARKER = (
    "karatos(arch=, board=, profile=, features=, timeout=, expect_exit=): narrow or vary the "
    "firmware of one test."
)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that users may implement."""
    pluginmanager.add_hookspecs(hookspec)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the flags and their ini keys."""
    add_options(parser)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Answer ``--karatos-settings`` instead of running tests."""
    if not config.getoption("karatos_settings"):
        return None
    return print_settings(config)


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a board one run per chosen board and profile."""
    if "karatos_target" in metafunc.fixturenames:
        session_of(metafunc.config).parametrize(metafunc)
