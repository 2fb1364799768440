"""pytest-html's page made the one that reviewers need: our top, our rows, no text as markup."""

import copy
import os
from collections.abc import Generator
from html import escape
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.pytest_plugin.outcome import part_of, worker_of
from pytest_karatos.pytest_plugin.recorder import Recorder
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.page import page, title
from pytest_karatos.report.html.row import more_captured, row_block
from pytest_karatos.report.html.sizes import size_maps
from pytest_karatos.report.shape import TestRecord
from pytest_karatos.text import printable

#: Characters of rows that open (failures, captured text); behind that each gets a part of it.
_ROWS = 450_000
_PART = 0.15
_END = "<!--karatos-->"
_BOARD_HEAD = '<th class="sortable" data-column-type="board">Board</th>'


class HtmlPages:
    """Answers pytest-html's hooks on the controller. The ledger is always ahead of them."""

    def __init__(self, config: pytest.Config, recorder: Recorder) -> None:
        self._config = config
        self._recorder = recorder
        place = Path.cwd() / Path(os.path.expandvars(config.option.htmlpath)).expanduser()
        self._links = Links(folder=place.parent)
        self._data: Any = None  # pytest-html's ReportData, known when the session starts
        self._usual_title = ""
        self._called: set[str] = set()
        self._written = 0

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_report_title(self, report: Any) -> None:  # noqa: ANN401 - not typed
        """Keep pytest-html's data; escape the environment variables that it shows as they are."""
        self._data = report
        self._usual_title = report.title
        short_repr = report.data["environment"]
        report.set_data(
            "environment",
            {
                key: escape(printable(value)) if os.environ.get(key) == value else value
                for key, value in short_repr.items()
            },
        )

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Add a column for the board."""
        cells.insert(2, _BOARD_HEAD)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Escape the test's id, which pytest-html does not, and say the board."""
        if part_of(report) and not report.failed:
            cells.clear()  # as pytest counts: only the test itself passes
            return
        name = report.nodeid if report.when == "call" else f"{report.nodeid}::{report.when}"
        record = self._record(report)
        board = f"{record['board']} {record['profile']}" if record and record["board"] else ""
        cells[1] = f'<td class="col-testId">{escape(printable(name))}</td>'
        cells.insert(2, f'<td class="col-board">{escape(board)}</td>')

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Put the failure, bounded, and the way to the console in the place of everything."""
        share = 1.0 if self._written < _ROWS else _PART
        record = self._record(report)
        said = report.longreprtext
        if record and record["details"] and report.failed and report.longrepr == said:
            said = record["details"]  # "contains 1 failed subtest" is no cause
        block = row_block(record, said, report.sections, self._links, share)
        self._written += len(block)
        data[:] = [block]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Give a test whose worker died a row, and bound what teardowns printed."""
        done = yield
        if report.when == "call":
            self._called.add(report.nodeid)
        elif report.when == "teardown":
            self._bound(report.nodeid)
        elif report.when != "setup":
            self._crashed(report)
        return done

    def _bound(self, nodeid: str) -> None:
        # pytest-html adds what the teardown printed, all of it, behind the block of the last row.
        rows = self._data.data["tests"].get(nodeid) if self._data else None
        if rows:
            block, end, added = rows[-1]["log"].rpartition(_END)
            if added.strip():
                rows[-1]["log"] = f"{block}{more_captured(added)}{end}"

    def _crashed(self, report: pytest.TestReport) -> None:
        """Tell pytest-html, which makes a row at a teardown only, of a test without one."""
        failure, ending = copy.copy(report), copy.copy(report)
        failure.when = "teardown" if report.nodeid in self._called else "call"
        vars(ending).update(when="teardown", outcome="passed", longrepr=None, sections=[])
        parts = [failure] if failure.when == "teardown" else [failure, ending]
        for plugin in self._config.pluginmanager.get_plugins():
            if type(plugin).__module__.startswith("pytest_html."):
                for part in parts:
                    plugin.pytest_runtest_logreport(report=part)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Write the top of the page, when the ledger is complete."""
        ledger = self._recorder.ledger
        if not ledger.run:
            return
        usual = self._data.title == self._usual_title
        heading = "" if usual else self._data.title
        maps = size_maps(ledger, *self._recorder.drawn_with)
        prefix.append(page(ledger, self._links, heading=heading, maps=maps))
        if usual:
            self._data.title = title(ledger)

    def _record(self, report: pytest.TestReport) -> TestRecord | None:
        return self._recorder.ledger.test(printable(report.nodeid), worker_of(report))
