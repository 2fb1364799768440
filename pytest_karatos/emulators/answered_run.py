"""A guest's run that knows whether a test has looked at what came of it."""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, Self

from pytest_karatos.emulators.protocol import GuestRun


class AnsweredRun(GuestRun):
    """What :meth:`Machine.run_for` answers: each look at it is told to ``look``.

    >>> looks = []
    >>> run = AnsweredRun.of(GuestRun(seconds=0.5, idle=True), lambda: looks.append("a look"))
    >>> len(looks), run.idle, len(looks)
    (0, True, 1)
    """

    __slots__ = ("_look",)
    _look: Callable[[], object]

    @classmethod
    def of(cls, run: GuestRun, look: Callable[[], object]) -> Self:
        """Return ``run`` as one whose looks are noted."""
        answered = cls(**asdict(run))
        object.__setattr__(answered, "_look", look)
        return answered

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - what each attribute is
        """Note that a fact was looked at."""
        look = getattr(self, "_look", None) if name in _FACTS else None
        if look is not None:
            look()
        return object.__getattribute__(self, name)


_FACTS = frozenset(field.name for field in fields(GuestRun))
