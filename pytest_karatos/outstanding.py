"""The errors that a boot has raised in a test, until somebody is known to have heard of them."""

from collections.abc import Iterable
from types import TracebackType
from typing import TypeVar

from pytest_karatos.errors import (
    Forbidden,
    MachineEnded,
    Misbehaved,
    Stuck,
    UnexpectedReset,
    WrongExit,
)

#: More of them would only repeat the first ones.
_MOST = 64
_WHY = "the test caught this error and went on, which excuses nothing."
_EXPECTED = "a test that expects this error says pytest.raises({name})"
_Error = TypeVar("_Error", bound=Misbehaved)
_MAY_COME = "; one in which the text need not come has pexpect.TIMEOUT in its list"


class Outstanding:
    """A context manager that notes each :class:`Misbehaved` that leaves its block.

    An error is settled when pytest has reported it or the test has said that it expects it; one
    that was waited for in vain also when it has come after all.

    >>> outstanding = Outstanding()
    >>> try:
    ...     with outstanding:
    ...         raise Misbehaved("The console printed 'panicked at main.rs:7'.")
    ... except Misbehaved:
    ...     pass
    >>> outstanding.first()
    Misbehaved("The console printed 'panicked at main.rs:7'.")
    """

    def __init__(self) -> None:
        self._noted: list[Misbehaved] = []
        #: How often something was asked for: who has not asked has not used what this is of.
        self.uses = 0
        #: How often something that is no text was taken of the machine: memory, registers, figures.
        self.looks = 0

    def __enter__(self) -> None:
        self.uses += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Misbehaved):
            self.note(error)

    def note(self, error: Misbehaved) -> None:
        """Note ``error``, once."""
        self.forget(error)
        if len(self._noted) >= _MOST:
            self._noted = [one for one in self._noted if not one.settled or _tells_the_end(one)]
        if len(self._noted) < _MOST:
            self._noted.append(error)

    def look(self) -> None:
        """Note that somebody takes something of the machine that is no text."""
        self.looks += 1
        self.uses += 1

    def forget(self, error: Misbehaved) -> None:
        """Take ``error`` back: it was an answer to who asked, and not for a test."""
        self._noted = [one for one in self._noted if one is not error]

    def came(self, names: Iterable[str]) -> None:
        """Settle what waited in vain for one of ``names``: it has come after all."""
        found = set(names)
        for error in self._noted:
            if not found.isdisjoint(error.awaited):
                error.settle()

    def first(self) -> Misbehaved | None:
        """Return the first error that is not settled."""
        return next((one for one in self._noted if not one.settled), None)

    @property
    def tells_anything(self) -> bool:
        """Whether somebody has heard of anything that was wrong."""
        return any(one.settled for one in self._noted)

    @property
    def tells_the_end(self) -> bool:
        """Whether somebody has heard how the machine ended, or of a crash, which ends it so."""
        return any(one.settled and _tells_the_end(one) for one in self._noted)

    @property
    def tells_of_resets(self) -> bool:
        """Whether somebody has heard that the machine resets, or of a crash, which may end so."""
        kinds = (Forbidden, Stuck, UnexpectedReset)
        return any(one.settled and isinstance(one, kinds) for one in self._noted)


def excuse_nothing(error: _Error) -> _Error:
    """Return ``error``, which a test has caught, with what can be done about that.

    >>> print(excuse_nothing(Misbehaved("The console printed 'panicked at main.rs:7'.")))
    The console printed 'panicked at main.rs:7'.
      why: the test caught this error and went on, which excuses nothing.
      fix: a test that expects this error says pytest.raises(Misbehaved)
    """
    if not error.why.startswith(_WHY):
        error.why = f"{_WHY} {error.why}".strip()
        may_come = _MAY_COME if error.awaited else ""
        error.fix = _EXPECTED.format(name=type(error).__name__) + may_come
    return error


def _tells_the_end(error: Misbehaved) -> bool:
    return isinstance(error, (Forbidden, MachineEnded, WrongExit))
