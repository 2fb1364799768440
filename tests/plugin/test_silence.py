"""A test whose firmware said nothing, and that looked at nothing else, has judged nothing: red."""

import pytest

from tests.plugin.guests import Guests

#: By the name of the test: what would be green of a firmware that hangs at its first instruction.
RED = {
    "asks": "(machine): pass",
    "settles": "(machine): machine.settle(0.2); machine.console.check()",
    "runs": "(machine): machine.run_for(0.2); machine.console.check()",
    "watches_the_clock": "(machine):\n    while machine.time < 0.1: machine.run_for(0.05)",
    "forbids": "(console): console.forbid('ERROR')",
    "allows": "(console): console.allow('ERROR')",
    "finds_no_word": "(console): assert 'ERROR' not in console.text",
    "matches_nothing": "(console): console.expect('.*')",
    "may_time_out": "(console): console.expect(['ERROR', pexpect.TIMEOUT], timeout=0.2)",
    "types": "(console): console.send('status\\n')",
    "presses_reset": "(machine): machine.reset()",
    "holds": "(machine): machine.pause(); machine.resume()",
    "by_the_bench": (
        "(karatos_bench, firmware):\n    with karatos_bench.boot(firmware) as machine:\n"
        "        machine.settle(0.1)"
    ),
    "of_a_module": "(shared): shared.console.forbid('ERROR')",
    "never_ends": "(machine): pass",
}
#: What takes something of the machine, or expects that it is silent.
GREEN = {
    "memory": "(machine): assert machine.read_memory(0, 4)",
    "registers": "(machine): assert machine.registers['pc']",
    "where": "(machine): assert machine.where().frames",
    "instructions": "(machine): machine.run_for(0.1); assert machine.instructions > 1000",
    "run": "(machine): assert machine.run_for(0.1).enough",
    "stuck": "(console):\n    with pytest.raises(Stuck): console.expect('x')",
    "no_machine": "(firmware, board): assert firmware.sizes.flash_bytes and board.name",
    "size": "(machine, firmware, budget): budget.check(firmware, flash=10_000)",
    "skips": "(machine): pytest.skip('not today')",
    "one_of_two": (
        "(machine, karatos_bench):\n    other = karatos_bench.firmware('arm', features=('echo',))\n"
        "    with karatos_bench.boot(other) as second: second.console.expect('boot')"
    ),
}
MARKS = {
    "never_ends": "@pytest.mark.karatos(expect_exit='never')\n",
    "stuck": "@pytest.mark.karatos(silence=0.3)\n",
}
#: Silent too, and green: what they did is known by other signs.
OTHERS = """
@guest("ends")
def test_ends(machine): assert machine.wait() == 0

@guest("ends")
def test_is_not_waited_for(machine): machine.settle(0.2)

@pytest.mark.karatos(features="resets", expect_resets=1)
def test_resets(machine): machine.settle(0.1)

@guest("beside")
def test_speaks_elsewhere(console): console.forbid("ERROR")

@pytest.mark.karatos(features="hangs", speaks=False)
def test_is_silent_on_purpose(console): console.forbid("ERROR")
"""
SHARED = """
@pytest.fixture(scope="module")
def shared(karatos_bench):
    firmware = karatos_bench.firmware("arm", features=("hangs",))
    with karatos_bench.boot(firmware) as machine:
        yield machine
"""


def written(cases: dict[str, str], guest: str, mark: str = "") -> str:
    return SHARED + "\n".join(
        f"{mark}{MARKS.get(name, '')}@guest({guest!r})\ndef test_{name}{code}"
        for name, code in cases.items()
    )


def test_nothing_was_judged(guests: Guests) -> None:
    guests.tests(test_silent=written(RED, "hangs"))
    result, ledger = guests.run()
    result.assert_outcomes(failed=len(RED))
    assert all("The firmware said nothing" in one["message"] for one in ledger.values())
    streams = "uart0, uart1, uart2, semihosting"
    said = f"The firmware said nothing on any of its streams ({streams}) in ?.?? s of its own time"
    result.stdout.fnmatch_lines(
        [
            f"{said}, and the test took nothing else of its machine.",
            "*why: one that hangs at its first instruction would pass this test as well.",
            "*fix: *@pytest.mark.karatos(speaks=False)*",
        ]
    )


def test_the_same_is_green_where_it_speaks(guests: Guests) -> None:
    healthy = {name: code for name, code in RED.items() if name != "of_a_module"}
    guests.tests(test_speaking=written(healthy, "echo"))
    guests.run()[0].assert_outcomes(passed=len(healthy))


def test_something_was_judged(guests: Guests) -> None:
    guests.tests(test_looks=written(GREEN, "hangs") + "\n" + OTHERS)
    guests.run()[0].assert_outcomes(passed=len(GREEN) - 1 + 5, skipped=1)


def test_a_figure_of_a_hook_is_one(guests: Guests) -> None:
    guests.pytester.makeconftest(
        "from pytest_karatos import Measurement\n"
        "def pytest_karatos_measurement(machine):\n"
        "    return Measurement(name='stack', value=412, unit='B')\n"
    )
    guests.tests(test_figure=written({"asks": RED["asks"]}, "hangs"))
    guests.run()[0].assert_outcomes(passed=1)


def test_the_settings_may_say_that_it_is_silent(guests: Guests) -> None:
    guests.settings("[console]\nspeaks = false\n")
    guests.tests(test_silent=written({"settles": RED["settles"]}, "hangs"))
    guests.run()[0].assert_outcomes(passed=1)


@pytest.mark.parametrize("outcome", ["xfailed", "failed"])
def test_it_is_a_failure_like_others(guests: Guests, outcome: str) -> None:
    raises = {"xfailed": "TooLittle", "failed": "NotSeen"}[outcome]
    text = written({"asks": RED["asks"]}, "hangs", f"@pytest.mark.xfail(raises={raises})\n")
    guests.tests(test_marked=f"from pytest_karatos.errors import TooLittle\n{text}")
    guests.run()[0].assert_outcomes(**{outcome: 1})
