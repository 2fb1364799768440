"""The checks at the end of a test's body: its machine's end, and the users' figures."""

from collections.abc import Generator
from typing import cast

import pytest

from pytest_karatos.debug.where import Where
from pytest_karatos.emulators.facts import MachineFacts, unknown_boot
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure import take
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measurement import Measurement, When
from pytest_karatos.post_mortem import explain
from pytest_karatos.pytest_plugin import hooks
from pytest_karatos.pytest_plugin.docket import Docket, add_to
from pytest_karatos.pytest_plugin.outcome import origin_of

MACHINE: pytest.StashKey[Machine] = pytest.StashKey()
FIRMWARE: pytest.StashKey[Firmware] = pytest.StashKey()
#: What the test itself measured and recorded.
RECORDED: pytest.StashKey[list[Measurement]] = pytest.StashKey()
#: Of the machine while it was there, and of its boot when that was over.
MEASURED: pytest.StashKey[list[Measurement]] = pytest.StashKey()
BOOTED: pytest.StashKey[list[Measurement]] = pytest.StashKey()


def run_checks(item: pytest.Item, docket: Docket, budgets: Budgets) -> Generator[None]:
    """Yield for a test's body: a late panic, a wrong end, a figure over its limit fail it.

    So does what a test was told of its machines and has caught, unless it said that it expects it,
    and what breaks an assertion on the scheduler that held, such as a task that starves later.

    A plain generator, since the frames of a context manager would show up in the failure.

    :raises KaratosError: for what the firmware did, and for a hook that raised.
    """
    skipped, judged = None, docket.others.looks
    try:
        yield
    except pytest.skip.Exception as skip:
        skipped = skip
    except (Exception, pytest.fail.Exception) as error:
        # The test's own failure comes first; what else is wrong is added to it.
        _add_the_rest(item, error, docket, budgets)
        raise
    try:
        docket.judge(item)
    except KaratosError as error:
        _add_the_rest(item, error, docket, budgets)
        raise
    if skipped is not None:
        raise skipped
    if not _measure(item, budgets) and docket.others.looks == judged:
        docket.refuse_silence(item)


def _add_the_rest(
    item: pytest.Item, error: BaseException, docket: Docket, budgets: Budgets
) -> None:
    """Add to a test's failure what else is wrong, or raise that where this one was foreseen.

    :raises Misbehaved: a fault of the firmware, where another error is marked to be expected.
    """
    if isinstance(error, KaratosError):
        error.settle()
    others = docket.caught(item)
    if others and _is_foreseen(item, error) and not _is_foreseen(item, others[0]):
        raise others[0] from error
    add_to(error, others)
    if next(item.iter_markers("xfail"), None) is None:
        docket.dismiss(item)
    try:
        _measure(item, budgets)
    except KaratosError as second:
        add_to(error, [second])


def _is_foreseen(item: pytest.Item, error: BaseException) -> bool:
    """Tell whether the mark ``xfail`` names the class of ``error``."""
    marks = (mark.kwargs.get("raises") for mark in item.iter_markers("xfail"))
    return any(isinstance(error, raises) for raises in marks if raises is not None)


def _measure(item: pytest.Item, budgets: Budgets) -> bool:
    """Take and judge the figures of a machine that runs; tell whether there are any."""
    firmware, machine = item.stash.get(FIRMWARE, None), item.stash.get(MACHINE, None)
    if firmware is not None and machine is not None:
        recorded = item.stash.get(RECORDED, [])
        found = [*take(When.LIVE, machine), *hooks.measure(item, firmware, machine), *recorded]
        item.stash[MEASURED] = found
        budgets.judge(found, firmware, test=origin_of(item).get("test", ""))
        return bool(found)
    return False


def look_inside(item: pytest.Item, call: pytest.CallInfo[None]) -> Where | None:
    """Look into the machine of a test that failed, while it is there, and tell its failure.

    None when there is none, or the test did not fail.
    """
    machine = item.stash.get(MACHINE, None)
    if call.excinfo is None or machine is None or call.when == "teardown":
        return None
    if call.excinfo.errisinstance((pytest.skip.Exception, KeyboardInterrupt, SystemExit)):
        return None
    return explain(call.excinfo.value, machine)


def check_boot(item: pytest.Item, budgets: Budgets) -> None:
    """Judge what is measured of a test's boot, when the machine is gone.

    :raises OverBudget: for a figure over its limit.
    """
    machine = item.stash[MACHINE]
    measured = list(take(When.BOOT, boot_told(machine)))
    item.stash[BOOTED] = measured
    budgets.judge(measured, item.stash[FIRMWARE], test=origin_of(item).get("test", ""))


def boot_told(machine: Machine) -> MachineFacts:
    """Return a machine's facts, where those that it does not tell are unknown."""
    blank = unknown_boot(str(machine.console.transcript.parent.absolute()))
    return cast("MachineFacts", {**blank, **machine.facts()})
