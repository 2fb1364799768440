"""The fixtures: one per noun of the bench."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from pytest_karatos.pytest_plugin.options import session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_karatos.bench import Bench
    from pytest_karatos.board import Board
    from pytest_karatos.console import Console
    from pytest_karatos.emulators.protocol import Machine
    from pytest_karatos.explore.flips import Campaign
    from pytest_karatos.firmware import Firmware
    from pytest_karatos.measure.budget import Budgets
    from pytest_karatos.measure.measuring import Measuring
    from pytest_karatos.pytest_plugin.params import Target
    from pytest_karatos.pytest_plugin.session import Session
    from pytest_karatos.scheduler import Scheduler
    from pytest_karatos.target_tests import TargetTests


@pytest.fixture(scope="session")
def karatos_target(request: pytest.FixtureRequest) -> Target:
    """Return the board and profile that a test runs on; the other fixtures ask this one."""
    target: Target | None = getattr(request, "param", None)
    # Who asks only while the test runs was given none when the tests were collected.
    return session_of(request.config).only_target if target is None else target


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
def expected_output(firmware: Firmware, karatos_session: Session) -> str:
    """Return the text that the settings say is expected of the firmware's binary."""
    return karatos_session.expected_output(firmware)


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
def scheduler(machine: Machine, karatos_session: Session) -> Scheduler:
    """Return what the RTOS says it does, for assertions without regexes."""
    return karatos_session.scheduler(machine)


@pytest.fixture
def measure(
    request: pytest.FixtureRequest, machine: Machine, firmware: Firmware, karatos_session: Session
) -> Measuring:
    """Return what counts instructions of this boot: between texts, calls, or by function."""
    return karatos_session.measuring(request.node, machine, firmware)


@pytest.fixture
def campaign(
    request: pytest.FixtureRequest, firmware: Firmware, karatos_session: Session
) -> Campaign:
    """Return what flips bits of the firmware's memory, a boot for each, and classes them."""
    # Imported by name: who breaks nothing need not wait for it at each start.
    module = import_module("pytest_karatos.pytest_plugin.explore")
    found: Campaign = module.campaign_of(
        request.node, karatos_session.settings, karatos_session.bench, firmware
    )
    return found


@pytest.fixture
def target_tests(
    request: pytest.FixtureRequest, machine: Machine, karatos_session: Session
) -> Iterator[TargetTests]:
    """Return the tests that the firmware runs itself: ``run()`` waits for them and judges each."""
    yield from karatos_session.target_tests(request.node, machine)


@pytest.fixture(scope="session")
def budget(karatos_session: Session) -> Budgets:
    """Return the size limits of the settings; ``budget.check(firmware)`` judges."""
    return karatos_session.budgets
