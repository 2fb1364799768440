"""The errors that a test says it expects: ``pytest.raises`` names their very class."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import pytest

from pytest_karatos.errors import KaratosError, Misbehaved

_RAISES: type[Any] = pytest.RaisesExc


@contextmanager
def noting_expected() -> Iterator[None]:
    """Settle each error of ours that ``pytest.raises`` takes, as long as the block lasts.

    pytest tells nobody what its context manager swallows, so that is asked at its exit.
    """
    usual = _RAISES.__exit__

    def leave(
        self: Any,  # noqa: ANN401 - pytest.RaisesExc of any error
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        __tracebackhide__ = True
        taken = bool(usual(self, kind, error, trace))
        if taken and isinstance(error, KaratosError) and _names(self.expected_exceptions, error):
            error.settle()
        return taken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_RAISES, "__exit__", leave)
        yield


def _names(expected: tuple[type[BaseException], ...], error: KaratosError) -> bool:
    """Tell whether ``expected`` names what went wrong, and not just that something did."""
    return any(
        issubclass(one, Misbehaved) and one is not Misbehaved and isinstance(error, one)
        for one in expected
    )
