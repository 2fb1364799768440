"""The plugin object of a run: settings at configure, a bench on first need, facts on reports.

On a worker of pytest-xdist the session joins the run of its controller (same folder, same choice
of builder); facts travel back as plain values on the reports, to the ``recorder``.
"""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_karatos.artifacts import Run, open_run
from pytest_karatos.baseline.judge import Judge
from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.firmwares import expected_output
from pytest_karatos.measure import take
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measure.measuring import Measuring
from pytest_karatos.measurement import Measurement, Verdict, When
from pytest_karatos.pytest_plugin import hooks, outcome, params
from pytest_karatos.pytest_plugin.baselines import open_judge
from pytest_karatos.pytest_plugin.boots import TALLY, VARIATION, begin_boots, run_boots
from pytest_karatos.pytest_plugin.cases import CASES, target_tests_of
from pytest_karatos.pytest_plugin.checks import (
    BOOTED,
    FIRMWARE,
    MACHINE,
    MEASURED,
    RECORDED,
    boot_told,
    check_boot,
    look_inside,
    run_checks,
)
from pytest_karatos.pytest_plugin.docket import Docket, Watched, add_to
from pytest_karatos.pytest_plugin.expected import noting_expected
from pytest_karatos.pytest_plugin.explore import boots_once, is_first_of_exploration, series_of
from pytest_karatos.pytest_plugin.orphan import end_with
from pytest_karatos.pytest_plugin.outcome import origin_of
from pytest_karatos.pytest_plugin.upcoming import Upcoming, surroundings
from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.facts import boot_facts, firmware_facts, measurement_facts, verdict_facts
from pytest_karatos.report.shape import BootFacts, ItemFacts, MeasurementFacts
from pytest_karatos.report.ticker import copy_of_stderr, ticking
from pytest_karatos.scheduler import Scheduler
from pytest_karatos.settings import FirmwareSpec, Settings
from pytest_karatos.target_tests import TargetTests


class Session:
    """The plugin object of a run that is about firmware."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        self._told: dict[str, str] = getattr(config, "workerinput", {}).get("karatos", {})
        self._progress = ExitStack()
        self._run: Run | None = None
        self._bench: Bench | None = None
        #: Those that no report has carried away yet.
        self._verdicts: list[Verdict] = []
        self._docket = Docket()
        self._expected = ExitStack()
        self._expected.enter_context(noting_expected())
        self.upcoming = Upcoming(settings, lambda: self.bench)

    @property
    def only_asked(self) -> bool:
        """Whether pytest shall only show something: then nothing is looked for or made."""
        options = vars(self._config.option)
        asking = ("collectonly", "showfixtures", "show_fixtures_per_test")
        return any(options.get(one) for one in asking)

    @property
    def opened(self) -> bool:
        """Whether this run has a folder: not when tests are only collected."""
        return self._run is not None

    @property
    def run(self) -> Run:
        """This run's folder; a worker joins its controller's."""
        if self._run is None:
            self._run = self._open_run()
        return self._run

    def _open_run(self) -> Run:
        if self._told:
            worker = str(os.environ.get("PYTEST_XDIST_WORKER", "worker"))
            return Run(folder=Path(self._told["folder"]), writer=worker)
        run = open_run(self.settings.artifacts)
        quiet = self._config.get_verbosity() < 0
        stream = self._progress.enter_context(copy_of_stderr())
        self._progress.enter_context(ticking(run.journal, stream, quiet=quiet))
        return run

    @property
    def bench(self) -> Bench:
        """The bench of this process, opened when a test first needs firmware."""
        if self._bench is None:
            self._bench = Bench(
                settings=self.settings,
                environ=dict(os.environ),
                run=self.run,
                builder=self._told.get("builder", ""),
                emulators=hooks.emulators(self._config),
                surroundings=surroundings,
                watch=self._docket.watch,
            )
        return self._bench

    @cached_property
    def budgets(self) -> Budgets:
        """The limits of the settings; each verdict goes into the ledger."""
        note = self._verdicts.extend
        return Budgets(
            self.settings.budgets, self._take, note, self._docket.others, memory=self.judge
        )

    @cached_property
    def judge(self) -> Judge | None:
        """The judge of the baseline, as that is when the run begins."""
        return open_judge(self.settings)

    def _take(self, firmware: Firmware, name: str) -> Measurement:
        return self.bench.measure(firmware, name)

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Give a test its boards."""
        workers = getattr(self._config, "workerinput", {}).get("workercount", 1)
        params.parametrize(metafunc, self.settings, self._binaries, workers)

    def _binaries(self, spec: FirmwareSpec, board: Board, profile: str) -> tuple[str, ...]:
        """List the binaries of a firmware; a folder for a build is only made if one is due."""
        found = spec.listed(self.settings.source)
        return found or self.bench.binaries(board, profile, spec.name)

    @cached_property
    def only_target(self) -> params.Target:
        """The target of a test that asks for its machine only while it runs.

        :raises BadSetting: where there is not exactly one.
        """
        return params.only_target(self.settings)

    def firmware(self, item: pytest.Item, where: params.Target) -> Firmware:
        """Return the firmware that ``item`` asks for by its marker."""
        params.require_given(item)
        item.stash[params.TARGET] = where
        firmware = self.bench.wished(params.wish_of(item, where))
        item.stash[FIRMWARE] = firmware
        if self.judge is not None:
            self.judge.see(firmware)
        return firmware

    def expected_output(self, firmware: Firmware) -> str:
        """Return the text that is expected of a binary."""
        return expected_output(firmware)

    @contextmanager
    def boot(self, item: pytest.Item, firmware: Firmware) -> Iterator[Machine]:
        """Boot for one test."""
        board = params.varied(self.settings, item, firmware.board)
        more = hooks.arguments(item, firmware)
        with self.bench.boot_started(
            firmware,
            item.nodeid,
            arguments=more,
            board=board,
            variation=item.stash.get(VARIATION, ""),
            covered=is_first_of_exploration(item, self.settings),
        ) as machine:
            item.stash[MACHINE] = machine
            # A QEMU needs longer to start than most tests need: the next one's starts right now.
            if boots_once(item, self.settings):
                self.upcoming.start(more)
            yield machine
        check_boot(item, self.budgets)

    def scheduler(self, machine: Machine) -> Scheduler:
        """Return what the scheduler of ``machine`` says, read in the dialect of its board."""
        watch = machine.board.watch
        known = [one for one in self.settings.dialects if not one.tells_of_cases]
        named = tuple(one for one in known if one.name == watch.dialect)
        scheduler = Scheduler(
            machine.console, named or known, timeout=watch.timeout_seconds, machine=machine
        )
        self._docket.judge_by(scheduler, machine)
        return scheduler

    def target_tests(self, item: pytest.Item, machine: Machine) -> Iterator[TargetTests]:
        """Give the tests that the firmware of ``machine`` runs itself."""
        return target_tests_of(item, machine, self.settings)

    def measuring(self, item: pytest.Item, machine: Machine, firmware: Firmware) -> Measuring:
        """Return what measures ``machine``; what it records is of ``item``."""
        recorded: list[Measurement] = []
        item.stash[RECORDED] = recorded
        return Measuring(machine, firmware, recorded.append)

    # ---- what pytest calls ------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Find the folder and the builder before anything else: what is wrong is said once.

        A builder that cannot work stops the run only when a test needs it; workers are told of
        the choice before anybody knows their tests.

        :raises pytest.UsageError: for a daemon that is down, a folder that cannot be written ...
        """
        if self._told:
            end_with(self.run)
        with outcome.usage_error():
            _ = self.judge
        if self._told or self.only_asked:
            return
        with outcome.usage_error():
            _ = self.run
            for board in self.settings.chosen:
                self.bench.emulator_for(board)
            if getattr(self._config.option, "dist", "no") != "no":
                _ = self.bench.chosen

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Say what is tested and by what means; silent where nothing will be run."""
        if self.only_asked or self._told:
            return []
        boards = ", ".join(f"{board.name} ({board.arch})" for board in self.settings.chosen)
        source = outcome.short(self.settings.source, config.rootpath)
        first = f"karatos: {boards}; {'/'.join(self.settings.profiles)}; source {source}"
        try:
            chosen = self.bench.chosen
        except KaratosError as error:
            return [first, f"karatos: builder {self.settings.builder} cannot work: {error.what}"]
        warning = f"; {chosen.warning}" if chosen.warning else ""
        return [first, f"karatos: builder {chosen.builder.name} ({chosen.why}){warning}"]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401  # xdist may be absent
        """Tell a worker which run it belongs to, and what was chosen for all."""
        node.workerinput["karatos"] = {
            "folder": str(self.run.folder.absolute()),
            "builder": self.bench.chosen.builder.name,
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Tell the workers that it is over: pytest-xdist would wait for their tests first."""
        self._docket.abandon()
        if self.opened:
            self.run.let_go()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[Any]) -> None:
        """Deselect the tests that no chosen board fits; pytest counts them."""
        unfit = [item for item in items if not params.fits_a_board(item)]
        if unfit:
            items[:] = [item for item in items if params.fits_a_board(item)]
            config.hook.pytest_deselected(items=unfit)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Make the builder image before the first test: it takes longer than a test may.

        On each worker, since only workers know the tests; one of them makes it, the others wait.
        """
        if not self.only_asked and any(map(params.uses_board, session.items)):
            with outcome.usage_error():
                self.bench.prepare()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin the time of a test; one that is run again has no machine yet."""
        self._docket.begin(item)
        if MACHINE in item.stash:
            del item.stash[MACHINE]
        begin_boots(item, self.settings)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Judge the end of a test's machines as part of the test: a late panic is a failure."""
        series = series_of(item, self.settings, lambda: self.bench)
        checks = partial(run_checks, item, self._docket, self.budgets)
        if series is None:
            yield from checks()
        else:
            yield from run_boots(item, series, self._docket, checks=checks)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """Note whose machine it is that is booted in here."""
        return (yield from self._docket.set_up(fixturedef))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Judge what machines did since, and those whose tests came to no call."""
        try:
            yield
        except Exception as error:
            add_to(error, self._docket.found())
            raise
        self._docket.raise_found()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show our errors as sentences, attach what the console said, send facts along."""
        outcome.shorten(call)
        if call.excinfo is not None and isinstance(call.excinfo.value, KaratosError):
            call.excinfo.value.settle()
        where = look_inside(item, call)
        report = yield
        outcome.speak(report, call, where)
        used = self._docket.used_by(item)
        # Of several boots each failure has said what is to be seen of its own.
        one = used[0].machine if used and TALLY not in item.stash else None
        outcome.attach(report, one)
        if item.stash.get(FIRMWARE, None) is not None:
            outcome.keep_in_order(report)
        facts = self._facts_of(item, report.when)
        vars(report)["karatos"] = facts
        if report.when == "teardown":
            report.user_properties.extend(outcome.properties(facts))
        return report

    def _facts_of(self, item: pytest.Item, when: str | None) -> ItemFacts:
        """Return what the ledger gets of an item's phase, as plain values."""
        facts = cast("ItemFacts", {**origin_of(item)})
        facts["verdicts"] = [verdict_facts(one) for one in self._verdicts]
        self._verdicts.clear()
        if self.judge is not None:
            facts["figures"] = [*self.judge.figures]
            self.judge.figures.clear()
        firmware = item.stash.get(FIRMWARE, None)
        if firmware is not None:
            further = self.bench.measured(firmware)
            facts["firmware"] = firmware_facts(firmware, self.budgets, further)
        facts["cases"] = item.stash.get(CASES, []) if when == "call" else []
        if when == "teardown":
            facts["measurements"] = self._described(item.stash.get(MEASURED, []), firmware)
            tally, used = item.stash.get(TALLY, None), self._docket.used_by(item)
            if tally is not None:
                facts.update(tally.facts)
                used = [one for one in used if one.machine in tally.shown]
            if used:
                facts["boots"] = [self._boot(one, item, firmware) for one in used]
        return facts

    def _described(
        self, measured: list[Measurement], firmware: Firmware | None
    ) -> list[MeasurementFacts]:
        return [measurement_facts(one, firmware, self.budgets) for one in measured]

    def _boot(self, one: Watched, item: pytest.Item, firmware: Firmware | None) -> BootFacts:
        told = boot_told(one.machine)
        own = one.machine is item.stash.get(MACHINE, None)
        booted = item.stash.get(BOOTED, []) if own else take(When.BOOT, told)
        known, told_of = self.settings.dialects, one.console.watched
        reading = Reading(bad=told_of, patterns=self._ticks, dialects=known, broken=one.broken)
        measured = self._described(list(booted), firmware if own else None)
        return boot_facts(told, measured, one.console.transcript, reading)

    @cached_property
    def _ticks(self) -> tuple[re.Pattern[str], ...]:
        """The patterns of the dialects that find the guest's own clock in a line."""
        rules = [rule for dialect in self.settings.dialects for rule in dialect.rules]
        found = (rule.pattern for rule in rules if "(?P<tick>" in rule.pattern)
        return tuple(map(re.compile, found))

    def facts(self) -> dict[str, str]:
        """Return what the ledger's header says of the settings in use."""
        facts = {"source": str(self.settings.source), "builder": "", "builder_why": ""}
        with suppress(KaratosError):
            chosen = self.bench.chosen
            facts |= {"builder": chosen.builder.name, "builder_why": chosen.why}
        return facts

    def pytest_unconfigure(self) -> None:
        """End what is warm."""
        self.quiet()
        self._expected.close()
        if self._bench is not None:
            self._bench.close()

    def quiet(self) -> None:
        """End the live line of progress, before anything else is printed."""
        self._progress.close()
