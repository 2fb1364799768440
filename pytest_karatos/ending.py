"""Judge how a boot ended: a late panic, a forbidden text, an exit that nobody expects."""

from pytest_karatos.emulate.protocol import Machine
from pytest_karatos.errors import BadSetting, WrongExit

#: How long a machine that still runs after its test is listened to for late words, in seconds.
#: Firmware that is about to end does so in a few milliseconds (measured: under 10).
SETTLE_SECONDS = 0.25


def judge(machine: Machine, expected: object = None) -> None:
    """Raise when the machine's end is not as it should be.

    ``expected`` is an exit status, ``"never"`` (must still run), or None: then it is what the
    board says (``expect_exit``), and without that an endless run is fine, an exit with 0 is fine,
    and any other exit is not. A test that itself asked for the end with ``machine.wait()`` judges
    it itself.

    :raises Forbidden: for a fault text or a forbidden one that came late.
    :raises WrongExit: for the wrong exit status.
    """
    if not (expected is None or expected == "never" or isinstance(expected, int)):
        raise BadSetting(
            f"expect_exit={expected!r} is neither a status nor 'never'.",
            cure="write @pytest.mark.karatos(expect_exit=0), or expect_exit='never'",
        )
    if expected is None and not machine.waited:
        expected = machine.board.expect_exit
    status = machine.settle(SETTLE_SECONDS)
    if status is None and isinstance(expected, int):
        status = machine.wait()
    machine.console.check()
    if status is not None and _wrong(status, expected, asked=machine.waited):
        raise WrongExit(
            f"the firmware ended with exit status {status}; {_wanted(expected)}.",
            why="a firmware that ends by itself tells how it went by its status.",
            cure=f"the console's transcript is {machine.console.transcript}; a test that wants "
            f"this end says @pytest.mark.karatos(expect_exit={status})",
        )


def _wrong(status: int, expected: object, *, asked: bool) -> bool:
    if expected is None:
        return status != 0 and not asked
    return status != expected


def _wanted(expected: object) -> str:
    if expected is None:
        return "the test did not expect a failure"
    if expected == "never":
        return "the test expects it to run on"
    return f"the test expects {expected}"
