"""The file of all runs. Several may write at once, and one that is killed leaves nothing half done.

Each run is one transaction in WAL mode: readers never wait, writers wait for each other.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from statistics import median
from typing import Any

from pytest_karatos.errors import BadSetting
from pytest_karatos.history.rows import FigureRow, Point, RunRow, TestRow

#: Raised when the tables would have to change.
_VERSION = 1
#: Seconds that one writer waits for another: a run's rows take milliseconds.
_PATIENCE = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, started TEXT NOT NULL, seconds REAL, exit_status INTEGER, revision TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS figures (
    run TEXT NOT NULL REFERENCES runs, board TEXT, profile TEXT, firmware TEXT, test TEXT,
    name TEXT NOT NULL, value REAL NOT NULL, unit TEXT, toolchain TEXT
);
CREATE TABLE IF NOT EXISTS tests (
    run TEXT NOT NULL REFERENCES runs, test TEXT NOT NULL, target TEXT, outcome TEXT,
    seconds REAL, reruns INTEGER
);
CREATE INDEX IF NOT EXISTS figures_by_name ON figures (name, board, profile, firmware, test);
CREATE INDEX IF NOT EXISTS figures_by_run ON figures (run);
CREATE INDEX IF NOT EXISTS tests_by_run ON tests (run);
"""

_FIGURE = "board, profile, firmware, test, name, value, unit, toolchain"
_TEST = "test, target, outcome, seconds, reruns"
_POINTS = """
SELECT board, profile, firmware, test, name, id, started, revision, value, unit
FROM figures JOIN (SELECT * FROM runs ORDER BY started DESC, id DESC LIMIT ?) ON run = id
ORDER BY started, id, figures.rowid
"""
_DURATIONS = """
SELECT test, target, tests.seconds
FROM tests JOIN (SELECT id FROM runs ORDER BY started DESC, id DESC LIMIT ?) ON run = id
WHERE tests.seconds IS NOT NULL
"""


class History:
    """The runs in the file at ``path``, which is made when a run is first added.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> history = History(Path(folder.name) / "history.sqlite")
    >>> history.add(RunRow(id="a", started="2026-01-02T03:04:05Z", seconds=1.5, exit_status=0))
    True
    >>> [run.id for run in history.runs()]
    ['a']
    >>> folder.cleanup()
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, run: RunRow) -> bool:
        """Add a run; one that is there already stays as it is, and False is returned.

        :raises BadSetting: when the file cannot be written, or is none of ours.
        """
        with self._opened(writes=True) as base, base:
            known = base.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone()
            if known:
                return False
            head = (run.id, run.started, run.seconds, run.exit_status, run.revision)
            base.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", head)
            figures = ((run.id, *astuple(one)) for one in run.figures)
            base.executemany("INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", figures)
            tests = ((run.id, *astuple(one)) for one in run.tests)
            base.executemany("INSERT INTO tests VALUES (?, ?, ?, ?, ?, ?)", tests)
        return True

    def runs(self, last: int = 0) -> list[RunRow]:
        """Return the ``last`` runs, or all, the oldest first, with all that is known of them.

        :raises BadSetting: when the file cannot be read.
        """
        limit = last if last > 0 else -1
        with self._opened() as base:
            heads = base.execute(
                "SELECT id, started, seconds, exit_status, revision FROM runs "
                "ORDER BY started DESC, id DESC LIMIT ?",
                (limit,),
            ).fetchall()
            return [self._whole(base, head) for head in reversed(heads)]

    def _whole(self, base: sqlite3.Connection, head: Sequence[object]) -> RunRow:
        run = head[:1]
        figures = base.execute(f"SELECT {_FIGURE} FROM figures WHERE run = ?", run).fetchall()  # noqa: S608
        tests = base.execute(f"SELECT {_TEST} FROM tests WHERE run = ?", run).fetchall()  # noqa: S608
        return RunRow(
            **_named("id, started, seconds, exit_status, revision", head),
            figures=tuple(FigureRow(**_named(_FIGURE, one)) for one in figures),
            tests=tuple(TestRow(**_named(_TEST, one)) for one in tests),
        )

    def series(self, last: int = 0) -> dict[tuple[str, ...], list[Point]]:
        """Return each figure through the ``last`` runs, the oldest first.

        Its key is board, profile, firmware, test and name.

        :raises BadSetting: when the file cannot be read.
        """
        found: dict[tuple[str, ...], list[Point]] = {}
        with self._opened() as base:
            rows = base.execute(_POINTS, (last if last > 0 else -1,)).fetchall()
        for *key, run, started, revision, value, unit in rows:
            point = Point(run=run, started=started, revision=revision, value=value, unit=unit)
            found.setdefault(tuple(key), []).append(point)
        return found

    def durations(self, last: int = 10) -> dict[tuple[str, str], float]:
        """Return the median of the seconds that each test took in the ``last`` runs.

        Its key is the test's id without its target, and the target.

        :raises BadSetting: when the file cannot be read.
        """
        found: dict[tuple[str, str], list[float]] = {}
        with self._opened() as base:
            rows = base.execute(_DURATIONS, (last,)).fetchall()
        for test, target, seconds in rows:
            found.setdefault((test, target), []).append(seconds)
        return {key: median(seconds) for key, seconds in found.items()}

    @contextmanager
    def _opened(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        if not writes and not self._path.is_file():
            raise BadSetting(
                f"there is no history at {self._path}.",
                why="each run of pytest with firmware adds to it.",
                fix="run pytest once, or name the file: --file PATH",
            )
        try:
            if writes:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as base:
                self._prepare(base)
                yield base
        except (sqlite3.Error, OSError, UnicodeError) as error:
            raise BadSetting(
                f"the history {self._path} cannot be {'written' if writes else 'read'}: {error}.",
                why="figures and verdicts of all runs are kept there.",
                fix="move the file away, then a new one is begun, or name another: "
                "[artifacts] history",
            ) from error

    def _prepare(self, base: sqlite3.Connection) -> None:
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:
            return
        if version:
            raise sqlite3.DatabaseError(f"it is of version {version}, and this is {_VERSION}")
        base.execute("PRAGMA journal_mode = WAL")
        base.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")


def _named(columns: str, values: Sequence[object]) -> dict[str, Any]:
    return dict(zip(columns.split(", "), values, strict=True))
