"""Open a run's session: read the settings once, and register who listens to what happens."""

import os
from functools import partial
from importlib import import_module

import pytest

from pytest_karatos.errors import KaratosError
from pytest_karatos.roof import hooks
from pytest_karatos.roof.github import GitHubActions
from pytest_karatos.roof.recorder import Recorder
from pytest_karatos.roof.session import Session
from pytest_karatos.settings import Settings, load


def open_session(config: pytest.Config, typed: dict[str, object]) -> Session:
    """Read the settings and register the run's plugins; workers only do, the controller records.

    :raises pytest.UsageError: for whatever was typed or written wrong.
    """
    settings = read_settings(config, typed)
    session = Session(config, settings)
    config.pluginmanager.register(session, "karatos-session")
    if not hasattr(config, "workerinput"):
        recorder = Recorder(config, session)
        config.pluginmanager.register(recorder, "karatos-recorder")
        _illustrate(config, recorder)
        if os.environ.get("GITHUB_ACTIONS") == "true" and not config.option.collectonly:
            config.pluginmanager.register(GitHubActions(config, recorder), "karatos-github")
        _distribute(config, settings)
    return session


def _distribute(config: pytest.Config, settings: Settings) -> None:
    """Offer pytest-xdist our order of tests, where there are workers."""
    if config.getoption("dist", "no") != "no":
        # Imported by name: pytest-xdist need not be there.
        room = import_module("pytest_karatos.roof.distribution")
        config.pluginmanager.register(room.Distribution(settings), "karatos-distribution")


def _illustrate(config: pytest.Config, recorder: Recorder) -> None:
    """Join pytest-html, where it writes a page."""
    if config.getoption("htmlpath", None):
        # Imported by name: pytest-html, and what it brings for templates, need not be there.
        room = import_module("pytest_karatos.roof.html")
        config.pluginmanager.register(room.HtmlPages(config, recorder), "karatos-html")


def read_settings(config: pytest.Config, typed: dict[str, object]) -> Settings:
    """Read the settings of a run, the boards of its hooks included.

    :raises pytest.UsageError: for whatever was typed or written wrong.
    """
    boards = partial(hooks.boards, config)
    try:
        return load(root=config.rootpath, environ=os.environ, typed=typed, boards=boards)
    except KaratosError as error:
        raise pytest.UsageError(str(error)) from None
