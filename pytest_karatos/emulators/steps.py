"""What is shown each instruction of a boot that is repeated."""

from collections.abc import Sequence
from typing import Protocol


class Observer(Protocol):
    """Somebody who looks at what a guest executes, and cannot change it."""

    def see(self, addresses: Sequence[int], before: int) -> None:
        """Take the ``addresses`` of the next instructions; so many had been executed ``before``."""
