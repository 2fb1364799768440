"""Open a run's session: read the settings once, and register who listens to what happens."""

import os
from importlib import import_module

import pytest

from pytest_karatos.errors import KaratosError
from pytest_karatos.roof.github import GitHubActions
from pytest_karatos.roof.recorder import Recorder
from pytest_karatos.roof.session import Session
from pytest_karatos.settings import load


def open_session(config: pytest.Config, typed: dict[str, object]) -> Session:
    """Read the settings and register the run's plugins; workers only do, the controller records.

    :raises pytest.UsageError: for whatever was typed or written wrong.
    """
    try:
        settings = load(root=config.rootpath, environ=os.environ, typed=typed)
    except KaratosError as error:
        raise pytest.UsageError(str(error)) from None
    session = Session(config, settings)
    config.pluginmanager.register(session, "karatos-session")
    if not hasattr(config, "workerinput"):
        recorder = Recorder(config, session)
        config.pluginmanager.register(recorder, "karatos-recorder")
        _illustrate(config, recorder)
        if os.environ.get("GITHUB_ACTIONS") == "true" and not config.option.collectonly:
            config.pluginmanager.register(GitHubActions(config, recorder), "karatos-github")
    return session


def _illustrate(config: pytest.Config, recorder: Recorder) -> None:
    """Join pytest-html, where it writes a page."""
    if config.getoption("htmlpath", None):
        # Imported by name: pytest-html, and what it brings for templates, need not be there.
        room = import_module("pytest_karatos.roof.html")
        config.pluginmanager.register(room.HtmlPages(config, recorder), "karatos-html")
