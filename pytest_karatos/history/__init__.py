"""The figures and verdicts of all runs, in one SQLite file: the only package that knows SQL.

``rows`` are what is kept, ``store`` writes and reads them, ``lines`` carries them from one place to
another as JSON lines.
"""

from pytest_karatos.history.lines import as_line, of_line
from pytest_karatos.history.rows import FigureRow, Point, RunRow, TestRow
from pytest_karatos.history.store import History

__all__ = ["FigureRow", "History", "Point", "RunRow", "TestRow", "as_line", "of_line"]
