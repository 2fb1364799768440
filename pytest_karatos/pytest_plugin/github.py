"""GitHub Actions: summary and annotations of a run, and a runner that firmware cannot command.

Until the run's last line is out the runner is told to obey nothing: a test may print what the
firmware said, and pytest shows that as it is.
"""

import os
import secrets
from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_karatos.pytest_plugin.recorder import Recorder
from pytest_karatos.report import github


class GitHubActions:
    """The plugin object of a controller that runs in a step of GitHub Actions."""

    def __init__(self, config: pytest.Config, recorder: Recorder) -> None:
        self._config = config
        self._recorder = recorder
        self._token = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Pause commands once nothing can stop the session from ending in order."""
        self._token = secrets.token_hex(16)
        self._line(github.pause(self._token))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None]:
        """Behind everything that others print, pytest's own summary included, come our words."""
        yield
        self._resume()
        ledger = self._recorder.ledger.as_json()
        if ledger["run"]:
            self._summarise(github.summary(ledger))
            for line in github.annotations(ledger, folder=self._folder()):
                self._line(line)

    def pytest_unconfigure(self) -> None:
        """Leave the runner as it was, whatever happened."""
        self._resume()

    def _resume(self) -> None:
        if self._token:
            self._line(github.resume(self._token))
            self._token = ""

    def _summarise(self, text: str) -> None:
        try:
            with Path(os.environ.get("GITHUB_STEP_SUMMARY", "")).open(
                "a", encoding="utf-8"
            ) as file:
                file.write(text)
        except OSError as error:
            self._line(f"karatos: the step summary cannot be written: {error}.")

    def _folder(self) -> str:
        """Return where pytest's root is in the repository."""
        top, root = Path(os.environ.get("GITHUB_WORKSPACE", "")), self._config.rootpath
        inside = top.is_absolute() and root.is_relative_to(top) and root != top
        return str(root.relative_to(top)) if inside else ""

    def _line(self, text: str) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(text)
