"""Hold one pytest run together: settings at configure, a bench on first need, facts on reports.

On a worker of pytest-xdist the session joins the run of its controller (same folder, same choice
of builder); facts travel back as plain values on the reports, to ``roof.recorder``.
"""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.artifacts import Run, open_run
from pytest_karatos.bench import Bench
from pytest_karatos.console import Console
from pytest_karatos.emulate.choose import check_word
from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.facts import boot_facts, firmware_facts
from pytest_karatos.report.ticker import copy_of_stderr, ticking
from pytest_karatos.roof import hooks, outcome, target
from pytest_karatos.roof.judging import FIRMWARE, MACHINE, MEASURED, judged
from pytest_karatos.roof.phase import origin_of
from pytest_karatos.scheduler import Scheduler
from pytest_karatos.settings import Settings


class Session:
    """The plugin object of a run that is about firmware."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        self._told: dict[str, str] = getattr(config, "workerinput", {}).get("karatos", {})
        self._progress = ExitStack()

    @property
    def _only_asked(self) -> bool:
        """Whether pytest shall only show something: then nothing is looked for or made."""
        options = vars(self._config.option)
        asking = ("collectonly", "showfixtures", "show_fixtures_per_test")
        return any(options.get(one) for one in asking)

    @property
    def opened(self) -> bool:
        """Whether this run has a folder: not when tests are only collected."""
        return "run" in vars(self)

    @cached_property
    def run(self) -> Run:
        """This run's folder; a worker joins its controller's."""
        if self._told:
            worker = str(os.environ.get("PYTEST_XDIST_WORKER", "worker"))
            return Run(folder=Path(self._told["folder"]), writer=worker)
        run = open_run(self.settings.artifacts)
        quiet = self._config.get_verbosity() < 0
        stream = self._progress.enter_context(copy_of_stderr())
        self._progress.enter_context(ticking(run.journal, stream, quiet=quiet))
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
        more = hooks.arguments(item, firmware)
        with self.bench.boot(firmware, item.nodeid, arguments=more) as machine:
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

        A builder that cannot work stops the run only when a test needs it; workers are told of
        the choice before anybody knows their tests.

        :raises pytest.UsageError: for a daemon that is down, a folder that cannot be written ...
        """
        if self._told or self._only_asked:
            return
        with _usage_error():
            check_word(self.settings.emulator)
            _ = self.run
            if getattr(self._config.option, "dist", "no") != "no":
                _ = self.bench.chosen

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Say what is tested and by what means; silent where nothing will be run."""
        if self._only_asked or self._told:
            return []
        boards = ", ".join(f"{board.name} ({board.arch})" for board in self.settings.chosen)
        source = outcome.short(self.settings.source, config.rootpath)
        first = f"karatos: {boards}; {'/'.join(self.settings.profiles)}; source {source}"
        try:
            chosen = self.bench.chosen
        except KaratosError as error:
            return [first, f"karatos: builder {self.settings.builder} cannot work: {error.what}"]
        return [first, f"karatos: builder {chosen.builder.name} ({chosen.why})"]

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
        if not self._only_asked and any(map(target.is_ours, session.items)):
            with _usage_error():
                self.bench.prepare()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Judge the end of a test's machine as part of the test: a late panic is a failure."""
        yield from judged(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show our errors as sentences, attach what the console said, send facts along."""
        outcome.shorten(call)
        report = yield
        outcome.speak(report, call)
        outcome.attach(report, item.stash.get(MACHINE, None))
        facts = self._facts_of(item, report.when)
        vars(report)["karatos"] = facts
        if report.when == "teardown":
            report.user_properties.extend(outcome.properties(facts))
        return report

    def _facts_of(self, item: pytest.Item, when: str | None) -> dict[str, Any]:
        """Return what the ledger gets of an item's phase, as plain values."""
        facts = origin_of(item)
        firmware, machine = item.stash.get(FIRMWARE, None), item.stash.get(MACHINE, None)
        if firmware is not None:
            facts["firmware"] = firmware_facts(firmware, self.budgets)
        if when != "teardown":
            return facts
        facts["measurements"] = hooks.as_facts(item.stash.get(MEASURED, []))
        if machine is not None:
            reading = Reading(bad=machine.console.watched, patterns=self._ticks)
            facts["boots"] = [boot_facts(machine.console.transcript.parent, reading)]
        return facts

    @cached_property
    def _ticks(self) -> tuple[re.Pattern[str], ...]:
        """The patterns of the dialects that find the guest's own clock in a line."""
        rules = [rule for dialect in self.settings.dialects for rule in dialect.rules]
        found = (rule.pattern for rule in rules if "(?P<tick>" in rule.pattern)
        return tuple(map(re.compile, found))

    def facts(self) -> dict[str, Any]:
        """Return what the ledger's header says of the settings in use."""
        facts = {"source": str(self.settings.source), "builder": "", "builder_why": ""}
        with suppress(KaratosError):
            chosen = self.bench.chosen
            facts |= {"builder": chosen.builder.name, "builder_why": chosen.why}
        return facts

    def pytest_unconfigure(self) -> None:
        """End what is warm."""
        self.quiet()
        if "bench" in vars(self):
            self.bench.close()

    def quiet(self) -> None:
        """End the live line of progress, before anything else is printed."""
        self._progress.close()


@contextmanager
def _usage_error() -> Iterator[None]:
    """Let pytest end with our sentence, instead of a traceback."""
    try:
        yield
    except KaratosError as error:
        raise pytest.UsageError(str(error)) from None
