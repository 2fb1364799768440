"""The ledger: what a run found out, from all its processes, as plain values.

Workers send one *phase* for each of set-up, call and teardown; the ledger folds them into one
record a test. Everything in it is a str, int, float, bool, None, list or dict: it can cross
processes and become JSON as it is. The shape is ``resources/ledger.schema.json``.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_karatos.report.shape import (
    BoardFacts,
    BuildFacts,
    CoverageFacts,
    FirmwareFacts,
    LedgerFacts,
    Phase,
    RunFacts,
    TargetFacts,
    TestRecord,
    UnjudgedFacts,
)


def outcome_of(before: str, phase: Phase) -> str:
    """Return the outcome after ``phase``, where ``before`` is the outcome up to now.

    One of passed, failed, error, skipped, xfailed, xpassed, crashed, rerun; empty before the call.

    >>> outcome_of("", {"when": "setup", "outcome": "failed"})
    'error'
    >>> outcome_of("passed", {"when": "teardown", "outcome": "passed"})
    'passed'
    >>> outcome_of("", {"when": "???", "outcome": "failed"})
    'crashed'
    >>> outcome_of("", {"when": "call", "outcome": "failed", "part": "[first]"})
    'failed'
    """
    when, outcome = phase["when"], phase["outcome"]
    if outcome == "rerun":
        return "rerun"
    if "part" in phase:
        return "failed" if outcome == "failed" else before
    if when not in ("setup", "call", "teardown"):
        return "crashed"
    if outcome == "skipped":
        return "xfailed" if phase.get("xfail") else "skipped"
    if when == "call":
        return "xpassed" if phase.get("xfail") and outcome == "passed" else str(outcome)
    is_worse = outcome == "failed" and before not in ("failed", "crashed")
    return "error" if is_worse else before


#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 2
#: What a board's row counts; outcomes that are none of these stand for themselves in the tests.
_COUNTED: dict[str, Literal["passed", "failed", "errors", "skipped", "xfailed", "xpassed"]] = {
    "passed": "passed",
    "xfailed": "xfailed",
    "failed": "failed",
    "xpassed": "xpassed",
    "crashed": "failed",
    "error": "errors",
    "skipped": "skipped",
}


@dataclass(slots=True)
class Ledger:
    """All facts of a run. ``run`` and ``settings`` are the header, set by whoever opens it."""

    run: RunFacts = field(default_factory=RunFacts)
    settings: dict[str, str] = field(default_factory=dict)
    #: The boards and profiles of the run, so that one without a test has a row too.
    targets: list[TargetFacts] = field(default_factory=list)
    builds: list[BuildFacts] = field(default_factory=list)
    firmwares: dict[str, FirmwareFacts] = field(default_factory=dict)
    #: The budgets of which no test asked anything.
    unjudged: list[UnjudgedFacts] = field(default_factory=list)
    #: A row for each target, and for all of them; empty where nobody asked.
    coverage: list[CoverageFacts] = field(default_factory=list)
    _tests: dict[tuple[str, str], TestRecord] = field(default_factory=dict)
    #: What each test was before its last phase, and those of which a subtest has failed.
    _before: dict[tuple[str, str], str] = field(default_factory=dict)
    _broken: set[tuple[str, str]] = field(default_factory=set)

    def take(self, phase: Phase) -> None:
        """Fold in one phase of a test."""
        # With --dist=each one id runs on each worker; a rerun takes the place of the run before.
        place = (phase["id"], phase.get("worker", ""))
        record = self._tests.get(place)
        if record is None:
            record = self._tests[place] = _empty(phase)
        if record["outcome"] == "rerun" and phase["when"] == "setup":
            reruns, record = record["reruns"], _empty(phase)
            record["reruns"] = reruns
            self._tests[place] = record
            self._broken.discard(place)
        if "part" not in phase:
            self._before[place] = record["outcome"]
        if outcome_of(record["outcome"], phase) == "rerun" and record["outcome"] != "rerun":
            record["reruns"] += 1
        self._judge(record, phase, place)
        self._gather(record, phase)

    def amend(self, phase: Phase) -> None:
        """Take the last phase of a test once more: its outcome was changed after it was reported.

        pytest's own subtests do so, and plugins may.
        """
        place = (phase["id"], phase.get("worker", ""))
        record = self._tests[place]
        record["outcome"] = self._before.get(place, "")
        if place not in self._broken:
            record["message"] = record["details"] = record["file"] = ""
            record["line"] = None
        self._judge(record, phase, place)

    def _judge(self, record: TestRecord, phase: Phase, place: tuple[str, str]) -> None:
        outcome = outcome_of(record["outcome"], phase)
        if "part" in phase and outcome == "failed":
            self._broken.add(place)
        is_told = record["message"] and (outcome == record["outcome"] or place in self._broken)
        if phase.get("message") and not is_told:
            record["message"] = phase.get("message", "")
            record["details"] = phase.get("details", "")
            record["file"] = phase.get("file", "")
            record["line"] = phase.get("line")
        # The subtests of an older plugin leave their test green.
        record["outcome"] = "failed" if outcome == "passed" and place in self._broken else outcome

    def _gather(self, record: TestRecord, phase: Phase) -> None:
        if "part" not in phase:
            record["when"] = phase["when"]
            record["seconds"] = round(record["seconds"] + float(phase["seconds"]), 3)
        record["tally"] = phase.get("tally") or record["tally"]
        if "explored" in phase:
            record["explored"] = phase["explored"]
        record["boots"] += phase.get("boots", ())
        record["measurements"] += phase.get("measurements", ())
        record["verdicts"] += phase.get("verdicts", ())
        record["test"] = phase.get("test") or record["test"]
        record["target"] = phase.get("target") or record["target"]
        record["board"] = phase.get("board") or record["board"]
        record["arch"] = phase.get("arch") or record["arch"]
        record["profile"] = phase.get("profile") or record["profile"]
        firmware = phase.get("firmware")
        if firmware:
            record["firmware"] = firmware["key"]
            self._know(firmware)

    def _know(self, firmware: FirmwareFacts) -> None:
        """Keep a firmware once, with all that was measured of it in any process."""
        known = self.firmwares.setdefault(firmware["key"], {**firmware})
        named = {one["name"]: one for one in known.get("measurements", ())}
        named |= {one["name"]: one for one in firmware.get("measurements", ())}
        known["measurements"] = list(named.values())

    def add(self, record: TestRecord) -> None:
        """Take a whole record, out of the ledger of another run."""
        self._tests[record["id"], record["worker"]] = record

    def add_journal(self, lines: list[dict[str, Any]]) -> None:
        """Take the builds out of the journal: exact even when the process that built has died."""
        self.builds += [
            {
                "title": str(line.get("title")),
                "ok": bool(line.get("ok")),
                "seconds": line.get("seconds"),
                "by": str(line.get("writer")),
                "watched": bool(line.get("watched", True)),
                "changed": str(line.get("changed") or "").splitlines(),
                "changes": int(line.get("changes") or 0),
            }
            for line in lines
            if line.get("kind") == "build-ended"
        ]

    @property
    def warnings(self) -> list[str]:
        """What may not work of each firmware on its board, once."""
        texts = (text for one in self.firmwares.values() for text in one.get("warnings", ()))
        return list(dict.fromkeys(texts))

    @property
    def tests(self) -> list[TestRecord]:
        """One record a test, in the order in which they began."""
        return list(self._tests.values())

    def test(self, name: str, worker: str = "") -> TestRecord | None:
        """Find one test's record."""
        return self._tests.get((name, worker))

    def boards(self) -> list[BoardFacts]:
        """Sum up each target, those without a test included, in order of arch, board, profile."""
        rows: dict[tuple[str, str, str], BoardFacts] = {}
        tests = [test for test in self.tests if test["board"]]
        names = [
            *((one["arch"], one["board"], one["profile"]) for one in self.targets),
            *((one["arch"], one["board"], one["profile"]) for one in tests),
        ]
        for name in names:
            rows.setdefault(name, _empty_row(*name))
        for test in tests:
            self._count(rows[(test["arch"], test["board"], test["profile"])], test)
        for row in rows.values():
            row["verdict"] = _verdict(row)
        return [rows[name] for name in sorted(rows)]

    def _count(self, row: BoardFacts, test: TestRecord) -> None:
        word = _COUNTED.get(test["outcome"])
        if word:
            row[word] += 1
        key = test["firmware"]
        # The plain firmware speaks for the board; one with features is a variation of it.
        if not key or key in row["firmwares"]:
            return
        plain = not self.firmwares[key]["features"]
        if plain and row["firmware"] and self.firmwares[row["firmware"]]["features"]:
            row["firmwares"] = []
        if plain or not row["firmwares"]:
            row["firmwares"] = [*row["firmwares"], key]
            row["firmware"] = row["firmwares"][0]

    def as_json(self) -> LedgerFacts:
        """Return everything as one object, with the version of its shape."""
        return {
            "schema": SCHEMA_VERSION,
            "run": self.run,
            "settings": self.settings,
            "builds": self.builds,
            "firmwares": self.firmwares,
            "boards": self.boards(),
            "tests": self.tests,
            "unjudged": self.unjudged,
            "coverage": self.coverage,
        }


def _empty(phase: Phase) -> TestRecord:
    return {
        "id": phase["id"],
        "test": phase["id"],
        "target": "",
        "board": "",
        "arch": "",
        "profile": "",
        "firmware": "",
        "outcome": "",
        "when": "",
        "seconds": 0.0,
        "worker": phase.get("worker", ""),
        "reruns": 0,
        "tally": "",
        "message": "",
        "details": "",
        "file": "",
        "line": None,
        "boots": [],
        "measurements": [],
        "verdicts": [],
    }


def _empty_row(arch: str, board: str, profile: str) -> BoardFacts:
    return {
        "board": board,
        "arch": arch,
        "profile": profile,
        "passed": 0,
        "failed": 0,
        "errors": 0,
        "skipped": 0,
        "xfailed": 0,
        "xpassed": 0,
        "firmware": "",
        "firmwares": [],
        "verdict": "",
    }


def _verdict(row: BoardFacts) -> str:
    bad = [f"{row['failed']} failed"] if row["failed"] else []
    if row["errors"]:
        bad.append(f"{row['errors']} error{'s' if row['errors'] > 1 else ''}")
    if bad:
        return ", ".join(bad)
    words = (word for word in _WORDS if row[word])
    return next(words, "no test ran")


_WORDS: tuple[Literal["passed", "xfailed", "xpassed", "skipped"], ...] = (
    "passed",
    "xfailed",
    "xpassed",
    "skipped",
)


def tests_of(row: BoardFacts) -> str:
    """Say how many tests of a board passed, in pytest's words.

    >>> tests_of({**_empty_row("arm", "b", "debug"), "passed": 2, "failed": 1, "xfailed": 1})
    '2 of 4 passed, 1 xfailed'
    """
    total = sum(row[word] for word in dict.fromkeys(_COUNTED.values()))
    if not total:
        return "none"
    more = [f"{row[word]} {word}" for word in _WORDS[1:3] if row[word]]
    return ", ".join([f"{row['passed']} of {total} passed", *more])
