"""Turn an error into what a person reads in a report, and add what the console said."""

import html
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.errors import KaratosError, Misbehaved
from pytest_karatos.firmware import Firmware
from pytest_karatos.text import tail

_HOUSE = Path(__file__).parent.parent
_TAIL_LINES = 60


def shorten(call: pytest.CallInfo[None]) -> None:
    """Cut our own frames off a failure, so that the arrow points at the test's line."""
    if call.excinfo is None or not call.excinfo.errisinstance(Misbehaved):
        return
    for entry in call.excinfo.traceback:
        if _HOUSE in Path(entry.path).parents:
            # pytest's own word for it; a filtered traceback would be rebuilt whole by pytest.
            entry.frame.f_globals["__tracebackhide__"] = True


def speak(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Replace a traceback by our sentence where the traceback would only show our own rooms.

    The summary at the end gets the first line only: in CI pytest does not shorten it, and the
    compiler's last words, or the console's, would stand there a second time.
    """
    error = call.excinfo.value if call.excinfo is not None else None
    if not isinstance(error, KaratosError):
        return
    if not (isinstance(error, Misbehaved) and call.when == "call" and _has_test_frame(call)):
        report.longrepr = _as_repr(str(error))
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"{type(error).__name__}: {error.what.partition(chr(10))[0]}"


def _as_repr(text: str) -> ReprExceptionInfo:
    # pytest's own shape of a failure: unlike a plain text it has a place for the summary's line,
    # and pytest-xdist carries it over.
    entry = ReprEntryNative([f"{text}\n"])
    return ReprExceptionInfo(
        reprtraceback=ReprTraceback([entry], None, style="native"),
        reprcrash=ReprFileLocation(path="", lineno=0, message=""),
    )


def _has_test_frame(call: pytest.CallInfo[None]) -> bool:
    if call.excinfo is None:
        return False
    paths = [Path(entry.path) for entry in call.excinfo.traceback]
    return any(not _is_machinery(path) for path in paths)


def _is_machinery(path: Path) -> bool:
    return _HOUSE in path.parents or {"_pytest", "pluggy"} & set(path.parts) != set()


def attach(report: pytest.TestReport, machine: Machine | None, config: pytest.Config) -> None:
    """Add the end of the console: a section where the test failed, an extra to its HTML row."""
    if machine is None or report.when != "call":
        return
    lines = tail(machine.console.transcript, _TAIL_LINES)
    title = f"console of {machine.board.name}: {machine.console.transcript}"
    if report.failed and not _says_console(report):
        report.sections.append((title, "\n".join(f"| {line}" for line in lines)))
    if config.pluginmanager.hasplugin("html"):
        text = html.escape("\n".join(lines))
        extra = {"name": "console", "format_type": "html", "mime_type": None, "extension": None}
        block = f"<details><summary>{html.escape(title)}</summary><pre>{text}</pre></details>"
        # pytest-html reads this attribute; pytest-xdist carries it over as it is.
        earlier = getattr(report, "extras", [])
        vars(report)["extras"] = [*earlier, {**extra, "content": block}]


def _says_console(report: pytest.TestReport) -> bool:
    return "transcript" in report.longreprtext


def facts(firmware: Firmware | None) -> dict[str, Any] | None:
    """Return what the ledger keeps of a firmware, as plain values that can cross processes."""
    if firmware is None:
        return None
    return {
        "board": firmware.board.name,
        "arch": firmware.board.arch,
        "profile": firmware.profile,
        "features": list(firmware.features),
        "key": firmware.key,
        **asdict(firmware.sizes),
        "build_seconds": firmware.provenance.seconds,
        "fresh": firmware.provenance.fresh,
        "builder": firmware.provenance.builder,
        "revision": firmware.provenance.source_revision,
    }


def short(path: Path, root: Path) -> str:
    """Return ``path`` as seen from ``root`` where that is shorter.

    >>> short(Path("/a/b/c"), Path("/a/b"))
    'c'
    """
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
