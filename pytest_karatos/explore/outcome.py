"""What became of a point of an exploration."""

from dataclasses import dataclass
from enum import StrEnum

from pytest_karatos.emulators.qemu.schedule import Schedule
from pytest_karatos.explore.points import Point


class State(StrEnum):
    """What became of a point."""

    GREEN = "green"
    RED = "red"
    OPEN = "not explored"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of ``point``; ``why`` says it of one that was not explored.

    ``schedule`` is the smallest that fails, of one that failed.
    """

    point: Point
    state: State
    schedule: Schedule
    why: str = ""
