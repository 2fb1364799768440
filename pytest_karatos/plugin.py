"""The ``pytest11`` entry point: cheap to import, invisible until a run is about firmware.

This module is loaded in every pytest run of an environment, so it imports next to nothing and
registers the rest only where a run has something to do with firmware.
"""

from importlib import import_module

import pytest

from pytest_karatos.nearest import folder_with_settings
from pytest_karatos.pytest_plugin import hookspec
from pytest_karatos.pytest_plugin.options import add_options, cli_values, print_settings, session_of

pytest_plugins = ["pytest_karatos.pytest_plugin.fixtures"]

#: What pytest counts of the tests that it found.
_OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "deselected")
_MARKER = (
    "karatos(arch=, board=, profile=, features=, firmware=, binary=, elf=, timeout=, "
    "expect_exit=, boots=, must_pass=): narrow or vary the firmware of one test."
)
_EXPLORE = (
    "karatos_explore(at='all', stall=1, limit=0): run the test under each timing of the timer "
    "interrupt, before each executed instruction of these functions or files."
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
    config.addinivalue_line("markers", _EXPLORE)
    if _concerned(config):
        session_of(config)


def _concerned(config: pytest.Config) -> bool:
    typed = any(value is not None for value in cli_values(config).values())
    told = "karatos" in getattr(config, "workerinput", {})
    return typed or told or folder_with_settings(config.rootpath) is not None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Tell where to begin, where pytest found no test at all and the tree is firmware."""
    asked = config.option.collectonly or any(map(terminalreporter.stats.get, _OUTCOMES))
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not asked:
        # Imported by name: it looks through the tree, which no other run has to pay for.
        module = import_module("pytest_karatos.pytest_plugin.beginning")
        for line in module.advice(config.rootpath):
            terminalreporter.line(line, yellow=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a board one run per chosen board and profile."""
    if "karatos_target" in metafunc.fixturenames:
        session_of(metafunc.config).parametrize(metafunc)
