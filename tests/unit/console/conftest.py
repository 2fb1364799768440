"""Consoles over a line whose other end is the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.console.guest import Guest, guests


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    with guests(tmp_path) as make_one:
        yield make_one


@pytest.fixture
def guest(make: Callable[..., Guest]) -> Guest:
    return make()
