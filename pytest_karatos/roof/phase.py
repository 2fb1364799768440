"""Make plain values of a pytest report: what travels from a worker, and what the ledger takes."""

from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.report.outcome import Facts
from pytest_karatos.roof.target import Target, base_of
from pytest_karatos.text import printable

#: Characters of a failure's long text that the ledger keeps; its end says most.
_DETAILS = 20_000
_MESSAGE = 500


def origin_of(item: pytest.Item) -> Facts:
    """Say what an item runs on: ``test target board arch profile``; empty for any other test."""
    callspec = getattr(item, "callspec", None)
    target = callspec.params.get("karatos_target") if callspec else None
    return origin(item.nodeid, target) if isinstance(target, Target) else {}


def origin(nodeid: str, target: Target) -> Facts:
    """Say what the test of that id runs on, in the ledger's words."""
    return {
        "test": printable(base_of(nodeid, target.id)),
        "target": target.id,
        "board": target.board.name,
        "arch": target.board.arch,
        "profile": target.profile,
    }


def phase_of(report: pytest.TestReport, root: Path) -> Facts:
    """Return what :meth:`pytest_karatos.report.ledger.Ledger.take` wants of a report."""
    phase: Facts = {
        "id": printable(report.nodeid),
        "when": report.when,
        "outcome": report.outcome,
        "xfail": hasattr(report, "wasxfail"),
        "seconds": report.duration,
        "worker": worker_of(report),
        **(getattr(report, "karatos", None) or {}),
    }
    return {**phase, **_failure(report, root)}


def worker_of(report: pytest.TestReport) -> str:
    """Return the name of the worker that a report came from, "" without workers."""
    node = getattr(report, "node", None)  # set by pytest-xdist
    return str(node.gateway.id) if node is not None else ""


def _failure(report: pytest.TestReport, root: Path) -> Facts:
    if report.outcome == "passed" or not report.longrepr:
        return {}
    text = report.longreprtext
    crash = getattr(report.longrepr, "reprcrash", None)
    file, line = _place(report, crash, root)
    first = crash.message if crash is not None else _last_line(report, text)
    return {
        "message": printable(first.partition("\n")[0])[:_MESSAGE],
        "details": printable(text[-_DETAILS:]),
        "file": printable(file),
        "line": line,
    }


def _last_line(report: pytest.TestReport, text: str) -> str:
    if isinstance(report.longrepr, tuple):  # a skip: (path, line, reason)
        return str(report.longrepr[2])
    return text.strip().rpartition("\n")[2]


def _place(report: pytest.TestReport, crash: Any, root: Path) -> tuple[str, int | None]:  # noqa: ANN401 - pytest's private record
    """Return file (seen from the root) and line: of the failure, else of the test."""
    if crash is not None and crash.path:
        path = Path(crash.path)
        if path.is_relative_to(root):
            return str(path.relative_to(root)), int(crash.lineno)
    file, line, _ = report.location
    return str(file), None if line is None else line + 1
