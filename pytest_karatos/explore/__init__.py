"""Exploration: a test under many timings of its firmware's interrupts, and the one that breaks it.

What a boot executed becomes ``points``; ``exploration`` names a boot for each of them, notes its
``outcome``, what became of it and judges; ``facts`` are for the ledger.
"""

from pytest_karatos.explore.exploration import Exploration
from pytest_karatos.explore.outcome import Outcome
from pytest_karatos.explore.points import Point, points_of

__all__ = ["Exploration", "Outcome", "Point", "points_of"]
