"""An exit status that knows whether a test has judged it."""

import operator
from collections.abc import Callable
from typing import Any


class ExitStatus(int):
    """An exit status, a whole number that notes by what it was compared with.

    It is judged by a comparison that holds for it and would not for 0, the status of success:
    ``== 3``, ``in (1, 3)``, ``!= 0``. To be printed, or ``is not None``, is no judgement.

    >>> status = ExitStatus(3)
    >>> status == 0, status >= 0, status.judged
    (False, True, False)
    >>> status in (1, 3), status.judged
    (True, True)
    """

    judged = False

    def _note(self, compare: Callable[[Any, Any], bool], other: object) -> bool:
        holds = compare(int(self), other)
        self.judged = self.judged or (holds and not compare(0, other))
        return holds

    def __eq__(self, other: object) -> bool:
        return self._note(operator.eq, other)

    def __ne__(self, other: object) -> bool:
        return self._note(operator.ne, other)

    def __gt__(self, other: int) -> bool:
        return self._note(operator.gt, other)

    def __ge__(self, other: int) -> bool:
        return self._note(operator.ge, other)

    def __lt__(self, other: int) -> bool:
        return self._note(operator.lt, other)

    def __le__(self, other: int) -> bool:
        return self._note(operator.le, other)

    __hash__ = int.__hash__
