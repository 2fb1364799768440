"""The run's ledger on the controller, handed to every report at the end."""

import platform
import re
import time
from collections.abc import Generator, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

import pytest

from pytest_karatos.artifacts import Run, safe_name
from pytest_karatos.board import Board
from pytest_karatos.builders import shared
from pytest_karatos.builders.host import now
from pytest_karatos.builders.repository import git_revision
from pytest_karatos.errors import KaratosError
from pytest_karatos.history import History
from pytest_karatos.pytest_plugin import hooks
from pytest_karatos.pytest_plugin.baselines import Gathered, end
from pytest_karatos.pytest_plugin.cases import case_reports
from pytest_karatos.pytest_plugin.outcome import origin, phase_of, short
from pytest_karatos.pytest_plugin.params import Target, names
from pytest_karatos.pytest_plugin.session import Session
from pytest_karatos.pytest_plugin.shards import shard_facts
from pytest_karatos.report import json as json_report
from pytest_karatos.report.cause import BAD
from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.explored import summed
from pytest_karatos.report.facts import boot_of_the_dead
from pytest_karatos.report.history import row_of
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import ItemFacts, OriginFacts, Phase, RunFacts
from pytest_karatos.report.text import table
from pytest_karatos.report.unjudged import is_unknown, unjudged
from pytest_karatos.settings import Settings
from pytest_karatos.watch_rules import WatchRules


def crash_facts(nodeid: str, settings: Settings, run: Run) -> ItemFacts:
    """Return the target that the id of a test names, and its last boot as far as it came."""
    return cast("ItemFacts", {**_origin(nodeid, settings), **_boots(nodeid, settings, run)})


def _origin(nodeid: str, settings: Settings) -> OriginFacts:
    target = _target(nodeid, settings)
    return origin(nodeid, target) if target else {}


def _target(nodeid: str, settings: Settings) -> Target | None:
    found = [one for one in _targets(settings) if names(nodeid, one.column)]
    # "arm" is in "arm-release" too: the longer one is meant.
    return max(found, key=lambda one: len(one.column), default=None)


def _targets(settings: Settings) -> list[Target]:
    profiles = settings.profiles
    return [
        Target(board=board, profile=profile, column=word)
        for board in settings.boards
        for profile in profiles
        for word in ({board.id} if profile == profiles[0] else set()) | {f"{board.id}-{profile}"}
    ]


def _boots(nodeid: str, settings: Settings, run: Run) -> ItemFacts:
    name = safe_name(nodeid)
    ours = re.compile(rf"{re.escape(name)}(?:\.(\d+))?")
    places = {
        int(found[1] or 1): place
        for place in (run.folder / "tests").glob(f"{name}*")
        if (found := ours.fullmatch(place.name))
    }
    if not places:
        return {}
    target = _target(nodeid, settings)
    rules = target.board.watch if target else WatchRules()
    reading = Reading(bad=rules.faults, faults=rules.known, dialects=settings.dialects)
    return {"boots": [boot_of_the_dead(places[max(places)], reading)]}


_PACKAGES = ("pytest-karatos", "pytest", "pytest-xdist", "pytest-html", "pexpect", "docker")
#: pytest-xdist reports a test whose worker died in none of these.
_PHASES = ("setup", "call", "teardown")


def _outcome_of(report: pytest.TestReport) -> tuple[str, bool]:
    return str(report.outcome), hasattr(report, "wasxfail")


class Recorder:
    """Takes every report; writes the terminal's table, the JSON, and GitHub's summary."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self.ledger = Ledger()
        self._figures = Gathered()
        self._troubles: list[str] = []
        self._lines: list[str] = []
        self._config = config
        self._session = session
        self._began = time.monotonic()
        self._started = now()

    @property
    def drawn_with(self) -> tuple[Sequence[Board], Path]:
        """The boards whose firmware may be drawn, and where debug information is kept."""
        settings = self._session.settings
        return settings.boards, settings.cache / "symbols"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Fold a report into the ledger, before any other plugin looks there.

        Once more behind the others, where one of them has changed its outcome: pytest's own
        subtests do so when the terminal asks what to call it.
        """
        phase, before = phase_of(report, self._config.rootpath), _outcome_of(report)
        if report.when not in _PHASES:
            settings, run = self._session.settings, self._session.run
            phase = cast("Phase", {**phase, **crash_facts(report.nodeid, settings, run)})
        self.ledger.take(phase)
        self._figures.take(report, phase["worker"])
        done = yield
        self._tell_cases(report)
        if _outcome_of(report) != before:
            self.ledger.amend(phase_of(report, self._config.rootpath))
        return done

    def _tell_cases(self, report: pytest.TestReport) -> None:
        """Tell all plugins of the cases on the target, as of tests of their own."""
        reports = list(case_reports(report))
        if not reports:
            return
        session = self._config.pluginmanager.get_plugin("session")
        if isinstance(session, pytest.Session):
            session.testscollected += len({one.nodeid for one in reports})
        for one in reports:
            self._config.hook.pytest_runtest_logreport(report=one)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Complete the ledger (the header, the builds of all processes) and write its files.

        A file that cannot be written is no test's failure, but no success either.
        """
        if not self._session.opened:
            return
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._has_none_of_many():
            session.exitstatus = exitstatus = pytest.ExitCode.OK
        if exitstatus == pytest.ExitCode.OK and self._refuse_none():
            session.exitstatus = exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        exitstatus = self._pin(session, exitstatus)
        self._complete(int(exitstatus))
        for work in (self._sum_up_coverage, self._write_json, self._remember, self._hand_out):
            try:
                work()
            except KaratosError as error:
                self._troubles.append(str(error))
        self._conclude()
        if self._troubles and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _pin(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> int | pytest.ExitCode:
        """Let the baseline come to its end; figures that no test judged are judged here."""
        settings = self._session.settings
        if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            return exitstatus  # who was interrupted has not measured it all
        ending = end(settings, self.ledger, self._figures, part=self._is_part())
        self._lines += ending.lines
        self._troubles += ending.red
        if ending.red and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = exitstatus = pytest.ExitCode.TESTS_FAILED
        return exitstatus

    def _has_none_of_many(self) -> bool:
        """Tell whether there were more shards than tests, and this one is left without any."""
        shard = shard_facts(self._session.run.folder)
        return bool(shard and shard["all"] and not shard["tests"])

    def _refuse_none(self) -> bool:
        """Refuse a run that was asked for a board, and in which no test used one."""
        option = self._config.option
        # With --setup-only and --setup-plan no test runs, and nobody wants one to.
        asked = (option.karatos_arch or option.karatos_board) and not option.setuponly
        if not asked or self._session.settings.allow_none or self._used_board():
            return False
        shard = shard_facts(self._session.run.folder)
        if shard and shard["with_board"]:
            return False  # another shard has them; `merge` asks all of them together
        tests = self.ledger.tests
        skipped = sum(test["outcome"] == "skipped" for test in tests)
        ran = (test for test in tests if test["outcome"] != "skipped")
        what = "a firmware" if any(test["board"] for test in ran) else "a board"
        self._troubles.append(
            f"no test used {what}: 0 firmware tests of {len(tests)} ran ({skipped} skipped); "
            "--karatos-allow-none allows it."
        )
        return True

    def _used_board(self) -> bool:
        """Tell whether a test that ran had a firmware of a board, or booted one by the bench."""
        ran = (test for test in self.ledger.tests if test["outcome"] != "skipped")
        used = (test["firmware"] or test["boots"] or test["outcome"] == "crashed" for test in ran)
        return any(used)

    def _complete(self, exit_status: int) -> None:
        lines, _ = self._session.run.journal.read()
        self.ledger.add_journal(lines)
        self._lines += shared.told(lines)
        self.ledger.targets = [
            {"board": board.name, "arch": board.arch, "profile": profile}
            for board in self._session.settings.chosen
            for profile in self._session.settings.profiles
        ]
        self.ledger.run = self._header(exit_status)
        self.ledger.settings = self._session.facts()
        self.ledger.unjudged = unjudged(self.ledger, self._session.settings.budgets)
        self._troubles += _unseen_failures(self.ledger)
        if not self._is_part():
            self._troubles += [one["why"] for one in self.ledger.unjudged if is_unknown(one)]

    def _is_part(self) -> bool:
        """Tell whether tests were picked by hand: then a figure may be missing for that reason."""
        return self._session.settings.is_one_of_many or self._is_picked()

    def _is_picked(self) -> bool:
        picked = (
            getattr(self._config.option, word, None) for word in ("keyword", "markexpr", "lf")
        )
        return any(picked) or any("::" in one for one in self._config.args)

    def _header(self, exit_status: int) -> RunFacts:
        shard = shard_facts(self._session.run.folder)
        return {
            "id": self._session.run.folder.name,
            "started": self._started,
            "seconds": round(time.monotonic() - self._began, 3),
            "exit_status": exit_status,
            "workers": int(getattr(self._config.option, "numprocesses", None) or 0),
            "platform": platform.platform(),
            "versions": {"python": platform.python_version(), **_versions()},
            "revision": git_revision(self._config.rootpath),
            **({"picked": True} if self._is_picked() or self._config.option.deselect else {}),
            **({"shard": shard} if shard else {}),
        }

    def _sum_up_coverage(self) -> None:
        settings, folder = self._session.settings, self._session.run.folder / "coverage"
        if not settings.coverage.wanted:
            return
        # Imported by name: who does not ask for it need not wait for it at each start.
        coverage = import_module("pytest_karatos.report.coverage.judge")
        told = coverage.told_of(self.ledger.tests, settings)
        self.ledger.coverage = coverage.facts(told, folder)
        self._lines += coverage.lines(told)
        if not self._session.settings.is_one_of_many and (
            refusal := coverage.refused(told, settings.coverage)
        ):
            self._troubles.append(refusal)
        coverage.write(told, folder, settings.source, time.time())
        self._lines.append(coverage.place(folder, short(folder, self._config.rootpath)))

    def _write_json(self) -> None:
        if self._session.settings.json_path is not None:
            json_report.write(self.ledger, self._session.settings.json_path)

    def _remember(self) -> None:
        """Add the run to the history, where it used a firmware and was a whole one."""
        if self.ledger.firmwares and self._session.settings.shard is None:
            History(self._session.settings.history).add(row_of(self.ledger.as_json()))

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
        # Why one has failed stands there already; how often one has passed is told nowhere else.
        tallies = [f"{one['id']}: {one['tally']}" for one in self.ledger.tests if one["tally"]]
        for row in [*rows, *tallies, *summed(self.ledger.tests), *self._lines]:
            terminalreporter.line(row)
        for warning in self.ledger.warnings:
            terminalreporter.line(warning, yellow=True)
        for one in self.ledger.unjudged if not self._session.settings.is_one_of_many else ():
            if one["why"] not in self._troubles:
                terminalreporter.line(one["why"], yellow=True)
        for trouble in filter(None, [*self._troubles, self._session.run.lost()]):
            terminalreporter.line(trouble, red=True)
        if rows:
            place = short(self._session.run.folder, self._config.rootpath)
            terminalreporter.line(f"console transcripts and build logs: {place}")


def _unseen_failures(ledger: Ledger) -> list[str]:
    """Say that a build failed of which no test is red: all that asked got what it made before."""
    if any(test["outcome"] in BAD for test in ledger.tests):
        return []
    return [
        f"building '{one['title']}' failed, and no test is red for it: "
        "the command failed although it made the binaries that were asked for."
        for one in ledger.builds
        if not one["ok"]
    ]


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
