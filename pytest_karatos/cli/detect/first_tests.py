"""The first tests of a tree: what suits any firmware, and what its sources say of it."""

import json
from collections.abc import Iterator

from pytest_karatos.cli.detect.found import Found
from pytest_karatos.cli.detect.speech import Speech
from pytest_karatos.cli.detect.text import one_line

_HEAD = '''\
"""The first things to know of firmware: {what}.

Fixtures: board, firmware, machine, console, scheduler, budget (`pytest --fixtures`).
"""
'''
_BOOTS = """

def test_it_boots(machine):
    # Red when the console stays silent, when a fault or panic is printed, when the machine ends
    # first; and, by itself after every test, when the firmware ends with a nonzero exit status.
    machine.console.expect(r"\\S")
    # A crash often comes a little later than the banner: listen for a while.
    machine.settle(1.0)
    machine.console.check()
"""
_ENDS = """

def test_it_ends_well(machine):
    # {where} can end the machine. Where that is for a panic alone, and all is well
    # as long as it runs on, this test is none of yours.
    assert machine.wait(timeout=30) == 0
"""
_FITS = """

def test_it_fits(firmware, budget):
    # Held to the board's memory, and to [budget] in karatos.toml.
    assert firmware.sizes.flash_bytes > 0
    budget.check(firmware)
"""
_SPAWNED = """

def test_its_tasks_are_spawned(scheduler):
    # Read by the dialect {dialect}; the tasks are those that {where} names.
    scheduler.spawned({tasks})
"""
_RUN = """

def test_its_tasks_run(scheduler):
    scheduler.ran({tasks}, times=3)
"""
_EXPECTED = """

@pytest.mark.karatos(firmware="{family}")
def test_it_prints_what_is_expected(machine, expected_output):
    machine.wait()
    assert machine.console.text == expected_output
"""


def first_tests(found: Found, speech: Speech) -> str:
    """Return the text of the test file."""
    parts = list(_parts(found, speech))
    expected = any(one.expected for one in found.families)
    what = "it boots, says something, does not crash, and fits"
    return _HEAD.format(what=what) + "\nimport pytest\n" * expected + "".join(parts)


def _parts(found: Found, speech: Speech) -> Iterator[str]:
    yield _BOOTS
    if speech.ends and not found.families:
        yield _ENDS.format(where=one_line(speech.ends))
    if speech.tasks:
        told = {"dialect": one_line(speech.dialect), "where": one_line(speech.where)}
        yield _SPAWNED.format(tasks=_listed(speech.tasks), **told)
    if speech.running:
        yield _RUN.format(tasks=_listed(speech.running))
    for family in found.families:
        if family.expected:
            yield _EXPECTED.format(family=family.name)
    yield _FITS


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(json.dumps(one, ensure_ascii=True) for one in names)
