"""Consoles over a line whose other end is the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.console.guest import Guest


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Guest]]:
    guests: list[Guest] = []

    def make_one(**rules: object) -> Guest:
        guests.append(Guest(tmp_path, **rules))
        return guests[-1]

    yield make_one
    for guest in guests:
        guest.console.close()
        guest.hang_up()
        guest.pump.forget()


@pytest.fixture
def guest(make: Callable[..., Guest]) -> Guest:
    return make()
