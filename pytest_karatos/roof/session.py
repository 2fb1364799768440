"""Hold one pytest run together: settings at configure, a bench on first need, a ledger at the end.

On a worker of pytest-xdist the session joins the run of its controller (same folder, same choice
of builder); facts travel back as plain values on the reports.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.artifacts import Run, open_run
from pytest_karatos.bench import Bench
from pytest_karatos.console import Console
from pytest_karatos.emulate.choose import check_word
from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.ending import judge
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.report import json as json_report
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.text import table
from pytest_karatos.roof import outcome, target
from pytest_karatos.roof.ticker import Ticker
from pytest_karatos.scheduler import Scheduler
from pytest_karatos.settings import Settings, load

MACHINE: pytest.StashKey[Machine] = pytest.StashKey()
FIRMWARE: pytest.StashKey[Firmware] = pytest.StashKey()


class Session:
    """The plugin object of a run that is about firmware."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        self._told: dict[str, str] = getattr(config, "workerinput", {}).get("karatos", {})
        self._ledger = Ledger()
        self._ticker: Ticker | None = None

    @cached_property
    def run(self) -> Run:
        """This run's folder; a worker joins its controller's."""
        if self._told:
            worker = str(os.environ.get("PYTEST_XDIST_WORKER", "worker"))
            return Run(folder=Path(self._told["folder"]), writer=worker)
        run = open_run(self.settings.artifacts)
        self._ticker = Ticker(run.journal, self._config)
        return run

    @cached_property
    def bench(self) -> Bench:
        """The bench of this process, opened when a test first needs firmware."""
        return Bench(
            settings=self.settings,
            environ=dict(os.environ),
            run=self.run,
            builder=self._told.get("builder", ""),
        )

    @cached_property
    def budgets(self) -> Budgets:
        """The limits of the settings."""
        return Budgets(self.settings.budgets)

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Give a test its boards."""
        target.parametrize(metafunc, self.settings)

    def firmware(self, item: pytest.Item, where: target.Target) -> Firmware:
        """Return the firmware that ``item`` asks for by its marker."""
        words = target.words_of(item)
        features = target.as_words(words.get("features"))
        firmware = self.bench.firmware(where.board, where.profile, features)
        item.stash[FIRMWARE] = firmware
        return firmware

    @contextmanager
    def boot(self, item: pytest.Item, firmware: Firmware) -> Iterator[Machine]:
        """Boot for one test."""
        words = target.words_of(item)
        with self.bench.boot(firmware, item.nodeid) as machine:
            machine.console.timeout = words.get("timeout", self.settings.timeout_seconds)
            item.stash[MACHINE] = machine
            yield machine

    def scheduler(self, console: Console) -> Scheduler:
        """Return the scheduler's voice on ``console``, in the dialect of the settings."""
        word, known = self.settings.dialect, self.settings.dialects
        dialects = known if word == "auto" else tuple(one for one in known if one.name == word)
        return Scheduler(console, dialects, timeout=self.settings.timeout_seconds)

    # ---- what pytest calls ------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Find the folder and the builder before anything else: what is wrong is said once.

        :raises pytest.UsageError: for a daemon that is down, a folder that cannot be written ...
        """
        if self._told or self._config.option.collectonly:
            return
        try:
            check_word(self.settings.emulator)
            _ = self.run, self.bench.chosen
        except KaratosError as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Say what is tested and by what means; silent where nothing will be run."""
        if config.option.collectonly or self._told:
            return []
        boards = ", ".join(f"{board.name} ({board.arch})" for board in self.settings.chosen)
        source = outcome.short(self.settings.source, config.rootpath)
        return [
            f"karatos: {boards}; {'/'.join(self.settings.profiles)}; source {source}",
            f"karatos: builder {self.bench.chosen.builder.name} ({self.bench.chosen.why})",
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401  # xdist may be absent
        """Tell a worker which run it belongs to, and what was chosen for all."""
        node.workerinput["karatos"] = {
            "folder": str(self.run.folder.absolute()),
            "builder": self.bench.chosen.builder.name,
        }

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[Any]) -> None:
        """Deselect the tests that no chosen board fits; pytest counts them."""
        unfit = [item for item in items if not target.is_fit(item)]
        if unfit:
            items[:] = [item for item in items if target.is_fit(item)]
            config.hook.pytest_deselected(items=unfit)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Make the builder image before the first test: it takes longer than a test may.

        On each worker, since only workers know the tests; one of them makes it, the others wait.
        """
        if not self._config.option.collectonly and any(map(target.is_ours, session.items)):
            self.bench.prepare()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Judge the end of a test's machine as part of the test: a late panic is a failure."""
        yield
        machine = item.stash.get(MACHINE, None)
        if machine is not None:
            words = target.words_of(item)
            judge(machine, words.get("expect_exit"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show our errors as sentences, attach what the console said, send facts along."""
        outcome.shorten(call)
        report = yield
        outcome.speak(report, call)
        outcome.attach(report, item.stash.get(MACHINE, None), item.config)
        vars(report)["karatos"] = outcome.facts(item.stash.get(FIRMWARE, None))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter a test's outcome in the ledger; only the controller's ledger is read."""
        if report.when == "call" or report.outcome != "passed":
            firmware = getattr(report, "karatos", None)
            fact = {"id": report.nodeid, "outcome": report.outcome, "when": report.when}
            self._ledger.tests.append(
                {**fact, "seconds": round(report.duration, 3), "firmware": firmware}
            )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of boards and where the files are."""
        if self._told or "run" not in vars(self):
            return
        self._stop_ticker()
        lines, _ = self.run.journal.read()
        self._ledger.add_journal(lines)
        rows = table(self._ledger)
        if rows:
            terminalreporter.section("karatos")
            for row in rows:
                terminalreporter.line(row)
            place = outcome.short(self.run.folder, self._config.rootpath)
            terminalreporter.line(f"console transcripts and build logs: {place}")
        if self.settings.json_path is not None:
            json_report.write(self._ledger, self.settings.json_path)

    def pytest_unconfigure(self) -> None:
        """End what is warm."""
        self._stop_ticker()
        if "bench" in vars(self):
            self.bench.close()

    def _stop_ticker(self) -> None:
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None


def open_session(config: pytest.Config, typed: dict[str, object]) -> Session:
    """Read the settings once and return the run's session.

    :raises pytest.UsageError: for whatever was typed or written wrong.
    """
    try:
        settings = load(root=config.rootpath, environ=os.environ, typed=typed)
    except KaratosError as error:
        raise pytest.UsageError(str(error)) from None
    return Session(config, settings)
