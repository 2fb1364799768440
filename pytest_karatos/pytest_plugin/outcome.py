"""Test reports: errors as what a person reads, phases as plain values for the ledger."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from _pytest._code.code import (
    ReprEntryNative,
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTraceback,
    TerminalRepr,
)

from pytest_karatos.choices import OFF, QEMU
from pytest_karatos.debug.where import Where
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import KaratosError, Misbehaved
from pytest_karatos.pytest_plugin.params import TARGET, Target, base_of, whole
from pytest_karatos.report.shape import Failure, ItemFacts, OriginFacts, Part, Phase
from pytest_karatos.text import in_order, printable, tail

_HOUSE = Path(__file__).parent.parent
_TAIL_LINES = 60
_DEBUG = ("python", "-m", "pytest_karatos", "debug", "--replay")


def shorten(call: pytest.CallInfo[None]) -> None:
    """Cut our own frames off a failure, so that the arrow points at the test's line."""
    if call.excinfo is None or not call.excinfo.errisinstance(Misbehaved):
        return
    for entry in call.excinfo.traceback:
        if _HOUSE in Path(entry.path).parents:
            # pytest's own word for it; a filtered traceback would be rebuilt whole by pytest.
            entry.frame.f_globals["__tracebackhide__"] = True


def speak(
    report: pytest.TestReport, call: pytest.CallInfo[None], where: Where | None = None
) -> None:
    """Replace a traceback by our sentence where the traceback would only show our own code.

    The summary at the end gets the first line only: in CI pytest does not shorten it, and the
    compiler's last words, or the console's, would stand there a second time. Where the machine was
    in a fault, a failure that is none of ours says so in that line.
    """
    error = call.excinfo.value if call.excinfo is not None else None
    if not isinstance(error, KaratosError):
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and where is not None and where.headline:
            crash.message = f"{where.headline}; {crash.message}"
        return
    if not (isinstance(error, Misbehaved) and call.when == "call" and _has_test_frame(call)):
        report.longrepr = _as_repr(str(error))
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"{type(error).__name__}: {error.what.partition(chr(10))[0]}"


def as_failure(text: str) -> ReprExceptionInfo:
    """Return ``text`` as pytest shows a failure, in the summary at the end too."""
    shown = _as_repr(text)
    if shown.reprcrash is not None:
        shown.reprcrash.message = text.partition("\n")[0]
    return shown


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
    """Add the end of the console where the test failed without showing it, and how to go on."""
    if machine is None or report.when != "call" or not report.failed:
        return
    if "transcript: " not in report.longreprtext:
        lines = tail(machine.console.transcript, _TAIL_LINES)
        title = f"console of {machine.board.name}: {machine.console.transcript}"
        report.sections.append((title, "\n".join(f"| {line}" for line in lines)))
    if machine.board.kind == QEMU and machine.board.icount != OFF:
        folder = short(machine.console.transcript.parent, Path.cwd())
        again = shlex.join([*_DEBUG, str(folder)])
        report.sections.append(("the same boot with a debugger, at this failure", again))


def keep_in_order(report: pytest.TestReport) -> None:
    """Let no character of the firmware turn the text around it, where a test printed or quotes it.

    pytest shows captured output and compared texts as they are.
    """
    report.sections[:] = [(in_order(title), in_order(text)) for title, text in report.sections]
    report.longrepr = _in_order(report.longrepr)


def _in_order(shown: Any) -> Any:  # noqa: ANN401 - texts, lists of them, pytest's records of them
    """Return what pytest shows of a failure with its texts in order; its records are changed."""
    if isinstance(shown, str):
        return in_order(shown)
    if type(shown) in {list, tuple}:
        return type(shown)(map(_in_order, shown))
    if isinstance(shown, TerminalRepr):
        for name, value in vars(shown).items():
            object.__setattr__(shown, name, _in_order(value))
    return shown


def properties(facts: ItemFacts) -> list[tuple[str, object]]:
    """Return what JUnit gets of a test's facts, as ``karatos.board`` and the like.

    >>> properties({"board": "virt", "measurements": [{"name": "stack", "value": 9, "unit": "B",
    ...            "limit": None, "limit_origin": "", "room": None}]})
    ... # doctest: +NORMALIZE_WHITESPACE
    [('karatos.board', 'virt'), ('karatos.measurement.stack', 9),
     ('karatos.measurement.stack.unit', 'B')]
    """
    words: list[tuple[str, object]] = [
        ("board", facts.get("board")),
        ("arch", facts.get("arch")),
        ("profile", facts.get("profile")),
    ]
    words.append(("tally", facts.get("tally")))
    firmware, boots = facts.get("firmware"), facts.get("boots", [])
    measured = [*facts.get("measurements", [])]
    if firmware:
        words.append(("firmware", firmware["key"]))
        measured = [*firmware["measurements"], *measured]
    for boot in boots:
        words += [("exit_status", boot["exit_status"]), ("folder", boot["folder"])]
        measured += boot["measurements"]
    for one in measured:
        word = f"measurement.{one['name']}"
        words += [(word, one["value"]), (f"{word}.unit", one["unit"] or None)]
    return [(f"karatos.{key}", value) for key, value in words if value is not None]


def short(path: Path, root: Path) -> str:
    """Return ``path`` as seen from ``root`` where that is shorter.

    >>> short(Path("/a/b/c"), Path("/a/b"))
    'c'
    """
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


#: Characters of a failure's long text that the ledger keeps; its end says most.
_DETAILS = 20_000
_MESSAGE = 500


def origin_of(item: pytest.Item) -> OriginFacts:
    """Say what an item runs on: ``test target board arch profile``; empty for any other test."""
    callspec = getattr(item, "callspec", None)
    target = callspec.params.get("karatos_target") if callspec else None
    target = target or item.stash.get(TARGET, None)
    return origin(item.nodeid, target) if isinstance(target, Target) else {}


def origin(nodeid: str, target: Target) -> OriginFacts:
    """Say what the test of that id runs on, in the ledger's words."""
    return {
        "test": printable(base_of(whole(nodeid, target), target.column)),
        "target": target.column,
        "board": target.board.name,
        "arch": target.board.arch,
        "profile": target.profile,
    }


def phase_of(report: pytest.TestReport, root: Path) -> Phase:
    """Return what :meth:`pytest_karatos.report.ledger.Ledger.take` wants of a report."""
    ours = cast("ItemFacts", getattr(report, "karatos", None) or {})
    return {
        "id": printable(report.nodeid),
        "when": str(report.when),
        "outcome": report.outcome,
        "xfail": hasattr(report, "wasxfail"),
        "seconds": report.duration,
        "worker": worker_of(report),
        **ours,
        **_failure(report, root),
        **_part(report),
    }


def part_of(report: pytest.TestReport) -> str:
    """Return the name of the subtest that a report is of; empty for a test.

    pytest 9 has subtests itself, before it the plugin pytest-subtests.
    """
    describe = getattr(report, "_sub_test_description", None) or getattr(
        report, "sub_test_description", None
    )
    return str(describe()) if callable(describe) else ""


def _part(report: pytest.TestReport) -> Part:
    name = part_of(report)
    return {"part": printable(name)} if name else {}


def worker_of(report: pytest.TestReport) -> str:
    """Return the name of the worker that a report came from, "" without workers."""
    node = getattr(report, "node", None)  # set by pytest-xdist
    return str(node.gateway.id) if node is not None else ""


def _failure(report: pytest.TestReport, root: Path) -> Failure:
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


@contextmanager
def usage_error() -> Iterator[None]:
    """Let pytest end with our sentence, instead of a traceback."""
    try:
        yield
    except KaratosError as error:
        raise pytest.UsageError(str(error)) from None
