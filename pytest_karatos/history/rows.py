"""What is kept of a run: its header, each figure, and each test's outcome."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureRow:
    """A figure in its ``unit``: of a firmware, or of a test's boot, where ``test`` says which."""

    board: str
    profile: str
    firmware: str
    test: str
    name: str
    value: float
    unit: str
    toolchain: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TestRow:
    """How a test ended, after how many seconds and reruns."""

    #: It looks like a test to pytest, which would collect it.
    __test__ = False

    test: str
    target: str
    outcome: str
    seconds: float
    reruns: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    """A run: ``started`` in UTC (ISO 8601), the ``revision`` of the sources, empty when unknown."""

    id: str
    started: str
    seconds: float
    exit_status: int
    revision: str = ""
    figures: tuple[FigureRow, ...] = ()
    tests: tuple[TestRow, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A figure in one run of many."""

    run: str
    started: str
    revision: str
    value: float
    unit: str
