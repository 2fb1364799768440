"""Judge a test's machine as part of the test's body, and take the users' figures then."""

from collections.abc import Generator

import pytest

from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.ending import judge
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.measurement import Measurement
from pytest_karatos.roof import hooks, target

MACHINE: pytest.StashKey[Machine] = pytest.StashKey()
FIRMWARE: pytest.StashKey[Firmware] = pytest.StashKey()
MEASURED: pytest.StashKey[list[Measurement]] = pytest.StashKey()


def judged(item: pytest.Item) -> Generator[None]:
    """Yield for a test's body: a late panic, a wrong end, a figure over its limit fail it.

    A plain generator, since the frames of a context manager would show up in the failure.

    :raises Misbehaved: for what the firmware did.
    :raises HookFailed: for a hook that raised, unless the test failed before.
    """
    try:
        yield
        _judge_end(item)
    except (Exception, pytest.fail.Exception) as error:
        # The test's own failure comes first; what a hook has to say is added to it.
        try:
            _measure(item)
        except KaratosError as second:
            error.add_note(str(second))
        raise
    _measure(item)


def _judge_end(item: pytest.Item) -> None:
    machine = item.stash.get(MACHINE, None)
    if machine is not None:
        judge(machine, target.words_of(item).get("expect_exit"))


def _measure(item: pytest.Item) -> None:
    firmware, machine = item.stash.get(FIRMWARE, None), item.stash.get(MACHINE, None)
    if firmware is not None and machine is not None:
        item.stash[MEASURED] = hooks.measure(item, firmware, machine)
        hooks.judge(item.stash[MEASURED])
