"""The examples in docstrings run, and say what they show."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import pytest_karatos

PACKAGE = Path(pytest_karatos.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    done = doctest.testmod(import_module(name))
    assert done.failed == 0
    assert (
        done.attempted
        or "+SKIP" in Path(PACKAGE.parent, *name.split(".")).with_suffix(".py").read_text()
    )
