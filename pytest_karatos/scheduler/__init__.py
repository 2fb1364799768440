"""Read what an RTOS says it did, and assert on it without regexes."""

from pytest_karatos.scheduler.dialect import Parser, detect
from pytest_karatos.scheduler.scheduler import Scheduler

__all__ = ["Parser", "Scheduler", "detect"]
