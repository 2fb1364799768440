"""Keep the run's ledger on the controller, and hand it to every rendering at the end."""

import platform
import time
from importlib.metadata import PackageNotFoundError, version

import pytest

from pytest_karatos.build.local import now
from pytest_karatos.errors import KaratosError
from pytest_karatos.report import json as json_report
from pytest_karatos.report.cause import BAD
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.text import table
from pytest_karatos.roof import hooks
from pytest_karatos.roof.crash import crash_facts
from pytest_karatos.roof.outcome import short
from pytest_karatos.roof.phase import phase_of
from pytest_karatos.roof.session import Session

_PACKAGES = ("pytest-karatos", "pytest", "pytest-xdist", "pytest-html", "pexpect", "docker")
#: pytest-xdist reports a test whose worker died in none of these.
_PHASES = ("setup", "call", "teardown")


class Recorder:
    """Takes every report; writes the terminal's table, the JSON, and GitHub's summary."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self.ledger = Ledger()
        self._troubles: list[str] = []
        self._lines: list[str] = []
        self._config = config
        self._session = session
        self._began = time.monotonic()
        self._started = now()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Fold a report into the ledger, before any other plugin looks there."""
        phase = phase_of(report, self._config.rootpath)
        if report.when not in _PHASES:
            phase |= crash_facts(report.nodeid, self._session.settings, self._session.run)
        self.ledger.take(phase)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Complete the ledger (the header, the builds of all processes) and write its files.

        A file that cannot be written is no test's failure, but no success either.
        """
        if not self._session.opened:
            return
        self._complete(int(exitstatus))
        for work in (self._write_json, self._hand_out):
            try:
                work()
            except KaratosError as error:
                self._troubles.append(str(error))
        self._conclude()
        if self._troubles and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _complete(self, exit_status: int) -> None:
        lines, _ = self._session.run.journal.read()
        self.ledger.add_journal(lines)
        self.ledger.targets = [
            {"board": board.name, "arch": board.arch, "profile": profile}
            for board in self._session.settings.chosen
            for profile in self._session.settings.profiles
        ]
        self.ledger.run = self._header(exit_status)
        self.ledger.settings = self._session.facts()

    def _header(self, exit_status: int) -> dict[str, object]:
        return {
            "id": self._session.run.folder.name,
            "started": self._started,
            "seconds": round(time.monotonic() - self._began, 3),
            "exit_status": exit_status,
            "workers": int(getattr(self._config.option, "numprocesses", None) or 0),
            "platform": platform.platform(),
            "versions": {"python": platform.python_version(), **_versions()},
        }

    def _write_json(self) -> None:
        if self._session.settings.json_path is not None:
            json_report.write(self.ledger, self._session.settings.json_path)

    def _hand_out(self) -> None:
        """Ask the users' hooks; lines of those before one that raises are kept."""
        for line in hooks.report(self._config, self.ledger.as_json()):
            self._lines.append(line)

    def _conclude(self) -> None:
        """Write down how the run went, which decides how long its files are kept."""
        failed = sum(test["outcome"] in BAD for test in self.ledger.tests)
        run = self._session.run
        run.conclude(exit_status=int(self.ledger.run["exit_status"]), failed=failed)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of boards and where the files are."""
        if not self._session.opened:
            return
        self._session.quiet()
        rows = table(self.ledger)
        if rows or self._troubles or self._lines:
            terminalreporter.section("karatos")
        for row in [*rows, *self._lines]:
            terminalreporter.line(row)
        for trouble in filter(None, [*self._troubles, self._session.run.lost()]):
            terminalreporter.line(trouble, red=True)
        if rows:
            place = short(self._session.run.folder, self._config.rootpath)
            terminalreporter.line(f"console transcripts and build logs: {place}")


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
