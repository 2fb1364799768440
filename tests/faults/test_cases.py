"""The list of what may go wrong: each case has a test that is there, or a reason why not."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.faults.cases import ALL

_TESTS = Path(__file__).parents[1]
CASES = {case: tests for table in ALL for case, tests in table.items()}


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((_TESTS / file).read_text())
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))


@pytest.mark.parametrize("case", CASES)
def test_it_has_a_test_or_a_reason(case: str) -> None:
    assert bool(CASES[case]) != case.startswith("not here: ")
    for test in CASES[case]:
        file, _, name = test.partition("::")
        assert name.startswith("test_")
        assert name in names_in(file), test


def test_none_is_lost() -> None:
    assert sum(map(len, ALL)) == len(CASES) == 76
