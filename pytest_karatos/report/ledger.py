"""Keep what a run found out, from all its processes, as plain values; formats come later.

Workers send one *phase* for each of set-up, call and teardown; the ledger folds them into one
record a test. Everything in it is a str, int, float, bool, None, list or dict: it can cross
processes and become JSON as it is. The shape is ``resources/ledger.schema.json``.
"""

from dataclasses import dataclass, field

from pytest_karatos.report.outcome import Facts, outcome_of

#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1
#: What a board's row counts; outcomes that are none of these stand for themselves in the tests.
_COUNTED = {
    "passed": "passed",
    "xfailed": "passed",
    "failed": "failed",
    "xpassed": "passed",
    "crashed": "failed",
    "error": "errors",
    "skipped": "skipped",
}
#: A test belongs to a target: these come with its phases.
_OF_TARGET = ("test", "target", "board", "arch", "profile")


@dataclass(slots=True)
class Ledger:
    """All facts of a run. ``run`` and ``settings`` are the header, set by whoever opens it."""

    run: Facts = field(default_factory=dict)
    settings: Facts = field(default_factory=dict)
    #: The boards and profiles of the run, so that one without a test has a row too:
    #: ``board``, ``arch``, ``profile``.
    targets: list[Facts] = field(default_factory=list)
    builds: list[Facts] = field(default_factory=list)
    firmwares: dict[str, Facts] = field(default_factory=dict)
    _tests: dict[tuple[str, str], Facts] = field(default_factory=dict)

    def take(self, phase: Facts) -> None:
        """Fold in one phase of a test.

        A phase has ``id when outcome seconds worker``; optional are ``xfail`` (bool), ``message``,
        ``details``, ``file``, ``line``, and what our own tests add: ``test target board arch
        profile``, ``firmware`` (facts with a ``key``), ``boots`` and ``measurements``.
        """
        # With --dist=each one id runs on each worker; a rerun takes the place of the run before.
        place = (str(phase["id"]), str(phase.get("worker", "")))
        record = self._tests.setdefault(place, _empty(phase))
        if record["outcome"] == "rerun" and phase["when"] == "setup":
            record = self._tests[place] = {**_empty(phase), "reruns": record["reruns"]}
        self._fold(record, phase)

    def _fold(self, record: Facts, phase: Facts) -> None:
        outcome = outcome_of(record["outcome"], phase)
        if outcome == "rerun" and record["outcome"] != "rerun":
            record["reruns"] += 1
        if phase.get("message") and (outcome != record["outcome"] or not record["message"]):
            record.update({key: phase.get(key) for key in ("message", "details", "file", "line")})
        record["outcome"] = outcome
        record["when"] = phase["when"]
        record["seconds"] = round(record["seconds"] + float(phase["seconds"]), 3)
        for word in ("boots", "measurements"):
            record[word] = [*record[word], *phase.get(word, ())]
        record.update({key: phase[key] for key in _OF_TARGET if phase.get(key)})
        firmware = phase.get("firmware")
        if firmware:
            record["firmware"] = firmware["key"]
            self.firmwares.setdefault(firmware["key"], dict(firmware))

    def add_journal(self, lines: list[Facts]) -> None:
        """Take the builds out of the journal: exact even when the process that built has died."""
        for line in lines:
            if line.get("kind") == "build-ended":
                facts = {key: line.get(key) for key in ("title", "ok", "seconds")}
                self.builds.append({**facts, "by": line.get("writer")})

    @property
    def tests(self) -> list[Facts]:
        """One record a test, in the order in which they began."""
        return list(self._tests.values())

    def test(self, name: str, worker: str = "") -> Facts | None:
        """Find one test's record."""
        return self._tests.get((name, worker))

    def boards(self) -> list[Facts]:
        """Sum up each target, those without a test included, in order of arch, board, profile."""
        rows: dict[tuple[str, str, str], Facts] = {}
        for target in [*self.targets, *(test for test in self.tests if test["board"])]:
            name = (target["arch"], target["board"], target["profile"])
            rows.setdefault(name, _empty_row(*name))
        for test in self.tests:
            if test["board"]:
                self._count(rows[(test["arch"], test["board"], test["profile"])], test)
        return [{**rows[name], "verdict": _verdict(rows[name])} for name in sorted(rows)]

    def _count(self, row: Facts, test: Facts) -> None:
        word = _COUNTED.get(test["outcome"])
        if word:
            row[word] += 1
        key = test["firmware"]
        # The plain firmware speaks for the board; one with features is a variation of it.
        if key and (not row["firmware"] or not self.firmwares[key]["features"]):
            row["firmware"] = key

    def as_json(self) -> Facts:
        """Return everything as one object, with the version of its shape."""
        return {
            "schema": SCHEMA_VERSION,
            "run": self.run,
            "settings": self.settings,
            "builds": self.builds,
            "firmwares": self.firmwares,
            "boards": self.boards(),
            "tests": self.tests,
        }


def _empty(phase: Facts) -> Facts:
    return {
        "id": phase["id"],
        "test": phase["id"],
        **dict.fromkeys(("target", "board", "arch", "profile", "firmware"), ""),
        "outcome": "",
        "when": "",
        "seconds": 0.0,
        "worker": phase.get("worker", ""),
        "reruns": 0,
        "message": "",
        "details": "",
        "file": "",
        "line": None,
        "boots": [],
        "measurements": [],
    }


def _empty_row(arch: str, board: str, profile: str) -> Facts:
    counts = dict.fromkeys(("passed", "failed", "errors", "skipped"), 0)
    return {"board": board, "arch": arch, "profile": profile, **counts, "firmware": ""}


def _verdict(row: Facts) -> str:
    bad = [f"{row['failed']} failed"] if row["failed"] else []
    if row["errors"]:
        bad.append(f"{row['errors']} error{'s' if row['errors'] > 1 else ''}")
    if bad:
        return ", ".join(bad)
    if row["passed"]:
        return "passed"
    return "skipped" if row["skipped"] else "no test ran"
