r"""Patterns that tell whether more text could change what they match.

A console's text grows, and where a read ended must not decide what ``n=(\d+)`` matches. So a
pattern is made of the user's in which each item may also match nothing at the end of the text, and
then a group says so: what it matches first is what the user's would match first if the right text
came. The engine is ``re`` itself, and so are priorities, flags and groups; only its parser's tree
is changed, which has no public name.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

_ITEMS = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
#: What is true or false of a place only when the next character is known.
_OPEN_PLACES = (
    _constants.AT_END,
    _constants.AT_END_STRING,
    _constants.AT_BOUNDARY,
    _constants.AT_NON_BOUNDARY,
)


class Growing:
    r"""A pattern that knows when it has not seen enough.

    >>> number = Growing(re.compile(r"n=(\d+)"))
    >>> number.search("n=4", 0), number.search("n=42\n", 0), number.search("n", 0)
    ((0, True), (0, False), (0, True))
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        tree = _parser.parse(pattern.pattern, pattern.flags)
        self._marker = tree.state.opengroup()
        tree.state.closegroup(self._marker, _parser.SubPattern(tree.state, []))
        changed = _Change(tree.state, self._marker).all_of(tree)
        self._pattern: re.Pattern[str] = _compiler.compile(changed, pattern.flags)

    def search(self, text: str, start: int) -> tuple[int, bool] | None:
        """Return where the first match begins, and whether more text could make it another."""
        found = self._pattern.search(text, start)
        return found and (found.start(), found.start(self._marker) >= 0)


class _Change:
    """The change of one tree: what may end with the text says so by the group ``marker``."""

    def __init__(self, state: Any, marker: int) -> None:  # noqa: ANN401 - the parser has no types
        self._state = state
        self._end = (_constants.AT, _constants.AT_END_STRING)
        self._marked_end = [(_constants.SUBPATTERN, (marker, 0, 0, self._tree([self._end])))]
        unmarked = self._tree([(_constants.FAILURE, ())])
        self._must_be_marked = (_constants.GROUPREF_EXISTS, (marker, self._tree([]), unmarked))

    def all_of(self, tree: Iterable[Any]) -> Any:  # noqa: ANN401
        return self._tree([self._one(operation, value) for operation, value in tree])

    def _one(self, operation: Any, value: Any) -> Any:  # noqa: ANN401
        if operation in _ITEMS:
            return self._either([(operation, value)], self._marked_end)
        if operation is _constants.AT and value in _OPEN_PLACES:
            return self._either(self._marked_end, [(operation, value)])
        if operation in _REPEATS:
            return self._repeat(operation, *value)
        if operation is _constants.BRANCH:
            return operation, (value[0], [self.all_of(one) for one in value[1]])
        return self._group(operation, value)

    def _repeat(self, operation: Any, least: Any, most: Any, item: Any) -> Any:  # noqa: ANN401
        if len(item) != 1 or item[0][0] not in _ITEMS:
            return operation, (least, most, self.all_of(item))
        # One character many times stays the engine's fast loop.
        fewer = most if most is _constants.MAXREPEAT else most - 1
        whole = [(operation, (least, most, item))]
        up_to_end = [(_constants.POSSESSIVE_REPEAT, (0, fewer, item)), *self._marked_end]
        if operation is _constants.MIN_REPEAT:
            return self._either(whole, up_to_end)
        return self._either(up_to_end, whole)

    def _group(self, operation: Any, value: Any) -> Any:  # noqa: ANN401, PLR0911 - one for a kind
        if operation is _constants.SUBPATTERN:
            return operation, (*value[:-1], self.all_of(value[-1]))
        if operation is _constants.ATOMIC_GROUP:
            return operation, self.all_of(value)
        if operation is _constants.GROUPREF_EXISTS:
            group, then, otherwise = value
            return operation, (group, self.all_of(then), otherwise and self.all_of(otherwise))
        if operation is _constants.ASSERT and value[0] > 0:
            return operation, (value[0], self.all_of(value[1]))
        if operation is _constants.ASSERT_NOT and value[0] > 0:
            undecided = self._tree([*self.all_of(value[1]), self._must_be_marked])
            return self._either([(_constants.ASSERT, (1, undecided))], [(operation, value)])
        if operation in (_constants.GROUPREF, _constants.GROUPREF_IGNORE):
            # Whether the rest of the text begins the group's is not worth a pattern: it may.
            any_rest = (_constants.MAX_REPEAT, (0, _constants.MAXREPEAT, self._tree([_ANYTHING])))
            return self._either([(operation, value)], [any_rest, *self._marked_end])
        return operation, value

    def _either(self, *choices: list[Any]) -> Any:  # noqa: ANN401
        return _constants.BRANCH, (None, [self._tree(choice) for choice in choices])

    def _tree(self, items: list[Any]) -> Any:  # noqa: ANN401
        return _parser.SubPattern(self._state, items)


_ANYTHING = (_constants.IN, [(_constants.RANGE, (0, 0x10FFFF))])


@lru_cache(maxsize=256)
def growing(pattern: re.Pattern[str]) -> Growing:
    """Return the growing form of ``pattern``; made once in a process."""
    return Growing(pattern)
