"""Collect what a run found out, from all its processes, as plain values; formats come later."""

from dataclasses import dataclass, field
from typing import Any

#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1

Facts = dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """All facts of a run. ``tests`` are one per finished test, ``builds`` one per build made."""

    tests: list[Facts] = field(default_factory=list)
    builds: list[Facts] = field(default_factory=list)
    header: Facts = field(default_factory=dict)

    def add_journal(self, lines: list[Facts]) -> None:
        """Take the builds out of the journal: exact even when the process that built has died."""
        for line in lines:
            if line.get("kind") == "build-ended":
                fact = {"title": line.get("title"), "ok": line.get("ok")}
                self.builds.append({**fact, "by": line.get("writer")})

    def boards(self) -> list[Facts]:
        """Sum up each board and profile that tests ran on, in order of name."""
        rows: dict[str, Facts] = {}
        for test in self.tests:
            facts = test.get("firmware")
            if facts is None:
                continue
            empty = {"passed": 0, "failed": 0, "other": 0}
            row = rows.setdefault(f"{facts['board']} {facts['profile']}", {**empty})
            outcome = test["outcome"] if test["outcome"] in row else "other"
            row[outcome] += 1
            # The plain firmware speaks for the board; one with features is a variation of it.
            if "flash_bytes" not in row or not facts["features"]:
                row.update(facts)
        return [rows[name] for name in sorted(rows)]

    def as_json(self) -> Facts:
        """Return everything as one object, with the version of its shape."""
        return {
            "schema": SCHEMA_VERSION,
            **self.header,
            "builds": self.builds,
            "boards": self.boards(),
            "tests": self.tests,
        }
