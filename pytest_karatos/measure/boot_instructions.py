"""The instructions from reset until the firmware first says something, or until it takes input.

They are counted in a boot of their own, one by one, so it is the same number each time and on each
machine; the guest prints the same bytes as ever.
"""

from dataclasses import replace

from pytest_karatos.board import Board
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.errors import NotPossible
from pytest_karatos.measure.protocol import Figure, Repeatable

#: How much longer than usual a wait may take where each instruction is counted.
_SLOWER = 20


def take(subject: Repeatable) -> Figure:
    """Boot once more and count up to the last byte of ``ready``, or else to the first byte.

    :raises NotPossible: where the emulator cannot count.
    :raises Misbehaved: where that byte does not come.
    """
    board, stamps = _patient(subject.firmware.board), Stamps()
    ready = board.watch.ready
    try:
        with subject.boot(board, stamps) as machine:
            if ready:
                machine.console.expect_exact(ready)
            else:
                machine.console.expect(r"(?s).")
        printed = machine.console.transcript.read_bytes()
        return Figure(value=stamps.at(printed, _last_byte(printed, ready.encode())))
    except NotPossible as error:
        what = f"boot_instructions cannot be counted on board '{board.name}': {error.what}"
        raise NotPossible(what, why=error.why, fix=error.fix) from error


def _last_byte(printed: bytes, ready: bytes) -> int:
    """Return which byte the count ends with; an escape sequence may stand within a text."""
    if not ready:
        return 0
    found = printed.find(ready)
    if found < 0:
        raise NotPossible("the bytes of 'ready' did not come one after the other.")
    return found + len(ready) - 1


def _patient(board: Board) -> Board:
    """Return ``board`` as it is watched in slow motion; a filter's text has no stores to count."""
    watch = board.watch
    seconds = watch.timeout_seconds * _SLOWER
    slow = replace(watch, timeout_seconds=seconds, silence_seconds=seconds, filter=())
    return replace(board, watch=replace(slow, ready="") if watch.filter else slow)
