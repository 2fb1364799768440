"""Give inner pytest runs a firmware tree whose build takes no time, and one settings file."""

from pathlib import Path

import pytest

from tests.plugin.tree import Tree

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def tree(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A project with its own cache, whose build copies an ELF of the reference firmware."""
    for name in ("GITHUB_ACTIONS", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KARATOS_CACHE", str(pytester.path / "cache"))
    return Tree(pytester)
