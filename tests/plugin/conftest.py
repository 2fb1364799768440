"""Give inner pytest runs a firmware tree whose build takes no time, and one settings file."""

from pathlib import Path

import pytest

from tests.plugin.guests import Guests
from tests.plugin.tree import Tree

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def apart(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with its own cache, of which the run around it is not seen."""
    for name in ("GITHUB_ACTIONS", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KARATOS_CACHE", str(pytester.path / "cache"))
    return pytester


@pytest.fixture
def tree(apart: pytest.Pytester) -> Tree:
    """A project whose build copies an ELF of the reference firmware."""
    return Tree(apart)


@pytest.fixture
def guests(apart: pytest.Pytester) -> Guests:
    """A project whose firmware are guests of a few instructions."""
    return Guests(apart)
