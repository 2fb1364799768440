"""Turn an error into what a person reads in a report, and add what the console said."""

from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.errors import KaratosError, Misbehaved
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


def attach(report: pytest.TestReport, machine: Machine | None) -> None:
    """Add the end of the console as a section where the test failed without showing it."""
    if machine is None or report.when != "call" or not report.failed:
        return
    if "transcript" not in report.longreprtext:
        lines = tail(machine.console.transcript, _TAIL_LINES)
        title = f"console of {machine.board.name}: {machine.console.transcript}"
        report.sections.append((title, "\n".join(f"| {line}" for line in lines)))


def properties(facts: dict[str, Any]) -> list[tuple[str, object]]:
    """Return what JUnit gets of a test's facts, as ``karatos.board`` and the like.

    >>> properties({"board": "virt", "firmware": {"key": "ab", "flash_bytes": 9, "ram_bytes": 1}})
    ... # doctest: +NORMALIZE_WHITESPACE
    [('karatos.board', 'virt'), ('karatos.firmware', 'ab'), ('karatos.flash_bytes', 9),
     ('karatos.ram_bytes', 1)]
    """
    words = [(key, facts.get(key)) for key in ("board", "arch", "profile")]
    firmware = facts.get("firmware") or {}
    words += [("firmware", firmware.get("key"))]
    words += [(key, firmware.get(key)) for key in ("flash_bytes", "ram_bytes")]
    for boot in facts.get("boots", ()):
        words += [(key, boot.get(key)) for key in ("exit_status", "instructions", "folder")]
    for one in facts.get("measurements", ()):
        word = f"measurement.{one['name']}"
        words += [(word, one["value"]), (f"{word}.unit", one["unit"] or None)]
    return [(f"karatos.{key}", value) for key, value in words if value is not None]


def short(path: Path, root: Path) -> str:
    """Return ``path`` as seen from ``root`` where that is shorter.

    >>> short(Path("/a/b/c"), Path("/a/b"))
    'c'
    """
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
