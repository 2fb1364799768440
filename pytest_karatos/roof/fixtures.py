"""Hand the house to tests: one fixture per noun of the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_karatos.roof.options import session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_karatos.bench import Bench
    from pytest_karatos.board import Board
    from pytest_karatos.console import Console
    from pytest_karatos.emulate.protocol import Machine
    from pytest_karatos.firmware import Firmware
    from pytest_karatos.measure.budget import Budgets
    from pytest_karatos.roof.session import Session
    from pytest_karatos.roof.target import Target
    from pytest_karatos.scheduler import Scheduler


@pytest.fixture(scope="session")
def karatos_target(request: pytest.FixtureRequest) -> Target:
    """Return the board and profile that a test runs on; the other fixtures ask this one."""
    target: Target = request.param
    return target


@pytest.fixture(scope="session")
def karatos_session(request: pytest.FixtureRequest) -> Session:
    """Return the run's session: settings, bench, artifacts."""
    return session_of(request.config)


@pytest.fixture(scope="session")
def karatos_bench(karatos_session: Session) -> Bench:
    """Return the bench itself, for tests that build or boot more than one firmware."""
    return karatos_session.bench


@pytest.fixture(scope="session")
def board(karatos_target: Target) -> Board:
    """Return the board under test: ``.name``, ``.arch``, ``.regions``."""
    return karatos_target.board


@pytest.fixture
def firmware(
    request: pytest.FixtureRequest, karatos_target: Target, karatos_session: Session
) -> Firmware:
    """Return the built firmware: ``.elf``, ``.sizes``, ``.provenance``; built once, then kept."""
    return karatos_session.firmware(request.node, karatos_target)


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, firmware: Firmware, karatos_session: Session
) -> Iterator[Machine]:
    """Boot the firmware on a fresh machine that ends with the test."""
    with karatos_session.boot(request.node, firmware) as running:
        yield running


@pytest.fixture
def console(machine: Machine) -> Console:
    """Return the machine's console, a pexpect object: ``expect``, ``forbid``, ``send`` ..."""
    return machine.console


@pytest.fixture
def scheduler(console: Console, karatos_session: Session) -> Scheduler:
    """Return what the RTOS says it does, for assertions without regexes."""
    return karatos_session.scheduler(console)


@pytest.fixture(scope="session")
def budget(karatos_session: Session) -> Budgets:
    """Return the size limits of the settings; ``budget.check(firmware)`` judges."""
    return karatos_session.budgets
