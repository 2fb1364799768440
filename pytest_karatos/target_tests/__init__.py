"""Tests that run on the target: cases, as the firmware's console tells of them.

A console's text becomes events (``scheduler.parser``, by the rules of a dialect) -> ``cases`` (what
became of each) -> ``target_tests`` (waits until they are over, and judges).
"""

from pytest_karatos.target_tests.cases import Case, Cases, State
from pytest_karatos.target_tests.target_tests import TargetTests

__all__ = ["Case", "Cases", "State", "TargetTests"]
