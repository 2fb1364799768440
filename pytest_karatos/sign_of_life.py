"""The signs of life of a firmware: a test that passes without any has judged nothing."""

import contextlib

from pytest_karatos.console import Console
from pytest_karatos.emulators.protocol import Machine, TellsLooks
from pytest_karatos.errors import KaratosError, TooLittle


def shows_life(machine: Machine, console: Console) -> bool:
    """Tell whether anything is known of what the firmware on ``machine`` did.

    It said something on one of its streams, it ended or reset itself, or the test took something
    else of it: memory, registers, a figure, an error that it expects. Of a machine that does not
    note such looks it is taken for granted. ``console`` is the one that it had when it booted.
    """
    if not isinstance(machine, TellsLooks) or machine.looked_into:
        return True
    ended = machine.exit_status is not None
    return ended or console.outstanding.tells_anything or not console.is_mute


def no_sign_of_life(machine: Machine) -> TooLittle:
    """Make the error for a test that passes, whose ``machine`` showed none."""
    streams = ", ".join(machine.consoles)
    return TooLittle(
        f"The firmware said nothing on any of its streams ({streams}){_how_long(machine)}, and the "
        "test took nothing else of its machine.",
        why="one that hangs at its first instruction would pass this test as well.",
        fix="wait for a text with console.expect(...), or look at its memory or registers; a "
        "firmware that is silent on purpose has @pytest.mark.karatos(speaks=False), or "
        "speaks = false in [console]",
    )


def _how_long(machine: Machine) -> str:
    with contextlib.suppress(KaratosError):
        return f" in {machine.time:.2f} s of its own time"
    return ""
