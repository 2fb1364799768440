"""What is shown each instruction of a boot that is repeated, or each moment of its interrupts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Observer(Protocol):
    """Somebody who looks at what a guest executes, and cannot change it."""

    def see(self, addresses: Sequence[int], before: int) -> None:
        """Take the ``addresses`` of the next instructions; so many had been executed ``before``."""


class Turn(Enum):
    """What may happen to interrupts between two instructions."""

    OFF = "turned off"
    ON = "turned on"
    ASKED = "asked for"
    CLEARED = "not asked for any more"
    TAKEN = "taken"
    #: The processor serves another interrupt than before, as behind the return of a nested one.
    OTHER = "another one is served"


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What happened to interrupts after so many ``instructions``, right before ``address``.

    ``number`` is the interrupt's; -1 where it is about all of them.
    """

    turn: Turn
    instructions: int
    address: int
    number: int = -1


class InterruptObserver(Protocol):
    """Somebody who looks at a guest's interrupts."""

    def see_moment(self, moment: Moment) -> None:
        """Take the next moment."""

    def see_end(self, instructions: int) -> None:
        """Hear that so many instructions were executed, and no moment is missing up to there."""
