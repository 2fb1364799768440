"""The registration of a run's plugins: settings read once, then who listens to what happens."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from pytest_karatos.errors import KaratosError
from pytest_karatos.pytest_plugin import hooks
from pytest_karatos.pytest_plugin.github import GitHubActions
from pytest_karatos.pytest_plugin.recorder import Recorder
from pytest_karatos.pytest_plugin.session import Session
from pytest_karatos.pytest_plugin.shards import Shards
from pytest_karatos.settings import Settings, load


def register_session(config: pytest.Config, typed: dict[str, object]) -> Session:
    """Read the settings and register the run's plugins; workers only do, the controller records.

    :raises pytest.UsageError: for whatever was typed or written wrong.
    """
    settings = read_settings(config, typed)
    session = Session(config, settings)
    config.pluginmanager.register(session, "karatos-session")
    config.pluginmanager.register(session.upcoming, "karatos-upcoming")
    if settings.shard is not None:
        config.pluginmanager.register(Shards(config, session, settings.shard), "karatos-shards")
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
        module = import_module("pytest_karatos.pytest_plugin.xdist")
        config.pluginmanager.register(module.Distribution(settings), "karatos-distribution")


def _illustrate(config: pytest.Config, recorder: Recorder) -> None:
    """Join pytest-html, where it writes a page."""
    if config.getoption("htmlpath", None):
        # Imported by name: pytest-html, and what it brings for templates, need not be there.
        module = import_module("pytest_karatos.pytest_plugin.html")
        config.pluginmanager.register(module.HtmlPages(config, recorder), "karatos-html")


def read_settings(config: pytest.Config, typed: dict[str, object]) -> Settings:
    """Read the settings of a run, the boards of its hooks included.

    :raises pytest.UsageError: for whatever was typed or written wrong.
    """
    boards = partial(hooks.boards, config)
    try:
        settings = load(root=config.rootpath, environ=os.environ, typed=typed, boards=boards)
    except KaratosError as error:
        raise pytest.UsageError(str(error)) from None
    return replace(settings, written=tuple(_written(config, settings)))


#: Where pytest, and plugins that many use, put what they write, by the names of their options.
_OUTPUTS = (
    *("htmlpath", "xmlpath", "log_file", "report_log", "json_report_file", "allure_report_dir"),
    *("basetemp", "csvpath", "md_report_output", "ctrf", "template_html", "pastebin_file"),
)


def _written(config: pytest.Config, settings: Settings) -> Iterator[Path]:
    """Yield what this run writes: reports, logs, artifacts; relative ones are the caller's."""
    yield settings.artifacts
    yield from (settings.baseline.path, settings.baseline.symbols_path)
    if settings.json_path is not None:
        yield settings.json_path
    for ending in ("", "-wal", "-shm"):  # SQLite's own files beside it
        yield settings.history.with_name(f"{settings.history.name}{ending}")
    named = [getattr(config.option, word, None) for word in _OUTPUTS]
    for one in [*named, config.getini("log_file")]:
        if isinstance(one, str | Path) and str(one):
            yield config.invocation_params.dir / Path(os.path.expandvars(one)).expanduser()
    if getattr(config.option, "htmlpath", None):
        yield (config.invocation_params.dir / config.option.htmlpath).parent / "assets"
    for kind, place in (getattr(config.option, "cov_report", None) or {}).items():
        yield config.invocation_params.dir / (place or _COVERAGE.get(kind, ".coverage"))


#: Where pytest-cov writes when only the kind of report is said.
_COVERAGE = {"html": "htmlcov", **{kind: f"coverage.{kind}" for kind in ("xml", "json", "lcov")}}
