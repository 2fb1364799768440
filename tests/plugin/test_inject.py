"""Machines that are broken on purpose: only where asked for, and each flip has one class."""

import pytest

from tests.emulated.racing import Races, race_image
from tests.plugin.guests import Guests


@pytest.mark.timeout(600)
@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_flips_have_the_same_classes_twice(pytester: pytest.Pytester, arch: str) -> None:
    races = Races(pytester)
    race_image(races.folder, arch, "lost", mended=True)
    race_image(races.folder, arch, "still")
    (pytester.path / "test_it.py").write_text(
        """
import pytest
from pytest_karatos.errors import Misbehaved

pytestmark = pytest.mark.karatos(features="lost-mended")

@pytest.mark.karatos(inject=True)
def test_flips(campaign):
    one = campaign.flip("TAKEN", at="take", count=4)
    assert one == campaign.flip("TAKEN", at="take", count=4)
    assert sum(one.classes.values()) == 4
    assert one.classes["masked"] < 4, str(one)
    one.at_most(silent=4)
    with pytest.raises(Misbehaved, match="flips of 'TAKEN' end well with other words"):
        one.at_most(silent=-1)

@pytest.mark.karatos(inject=True, features="still")
def test_memory(machine):
    machine.pause()
    before = machine.read_memory("TICKS")
    machine.flip("TICKS", 11)
    assert machine.read_memory("TICKS")[1] == before[1] ^ 8
    machine.poke("TICKS", b"1234")
    assert machine.read_memory("TICKS") == b"1234"
    machine.interrupt(5)

@pytest.mark.karatos(features="still")
def test_is_off(machine):
    machine.pause()
    machine.poke("TICKS", b"1234")

def test_campaign_is_off(campaign):
    campaign.flip("TAKEN", at="take")
"""
    )
    tests = races.run(f"--arch={arch}")
    races.result.assert_outcomes(passed=2, failed=2)
    for name in ("test_is_off", "test_campaign_is_off"):
        assert "inject is off" in tests[f"{name}[{arch}]"]["details"]


def test_an_interrupt_wakes_who_has_asked_for_it(pytester: pytest.Pytester) -> None:
    guests = Guests(pytester)
    guests.tests(
        test_it="""
@pytest.mark.karatos(inject=True)
def test_it(machine, console):
    console.expect("boot")
    with pytest.raises(ValueError, match="no interrupt -1"):
        machine.interrupt(-1)
    machine.interrupt(0)
    machine.interrupt(1, level=True)
    machine.interrupt(1, level=False)
"""
    )
    guests.run()[0].assert_outcomes(passed=1)
