"""The end of a machine that ended by itself: the same boot once more, stopped just before that.

QEMU is gone with the guest, and with it registers and stack. So a second boot counts instructions
up to the end, and a third one stands one instruction before it. Only a failed test pays for that,
and only where it is quick, and where a boot leaves nothing that the next one meets.
"""

import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from pytest_karatos.board import Board
from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.code import code_of
from pytest_karatos.debug.frame import Frame
from pytest_karatos.debug.printed import printed_frames
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.debug.where import Where
from pytest_karatos.emulators.consoles import Consoles
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.again import (
    Again,
    First,
    Held,
    Starter,
    held_boot,
    let_arrive,
    trace_of,
)
from pytest_karatos.emulators.qemu.stopped import can_wait
from pytest_karatos.emulators.qemu.trace import TooFar
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.emulators.tempdirs import private_folder
from pytest_karatos.errors import KaratosError, NotPossible
from pytest_karatos.text import tail

#: Host seconds that all of it may take, and that the first boot may have taken: counting makes a
#: guest some ten times slower.
_SECONDS, _QUICK = 8.0, 2.0
#: How often a boot is begun anew that was stopped an instruction too late: a busy host.
_ATTEMPTS = 8
#: Lines of each stream in which addresses are looked for.
_LINES = 200
#: How long the end of a process may lag behind the end of its log, in seconds.
_LAG = 2.0

T = TypeVar("T")


class Ended(First, Protocol):
    """The machine that has ended."""

    board: Board
    consoles: Consoles


class End:
    """The end of the ``boot`` of the machine ``ended``; ``start`` boots the same once more."""

    def __init__(self, boot: Boot, ended: Ended, start: Starter) -> None:
        self._boot = boot
        self._ended = ended
        self._start = start
        self._again = Again(boot, ended, start)

    def look(self, status: int) -> tuple[Where, int | None]:
        """Say where it ended, with ``status``, and after how many instructions it nearly did."""
        over = f"it had ended, {_how(status)}, so nobody could look"
        found, at = Where(trouble=over), None
        try:
            found, at = self._just_before(status)
        except KaratosError as error:
            found = Where(trouble=f"{over}; nor at a second boot: {error.what}")
        return replace(found, ended=True, printed=self._printed()), at

    def _printed(self) -> tuple[Frame, ...]:
        """Find what the addresses that it printed lead to."""
        streams = self._ended.consoles.values()
        lines = [line for one in streams for line in tail(one.transcript, _LINES)]
        elf = self._boot.elf
        try:
            return printed_frames(code_of(elf, symbols_of(elf, self._boot.symbols)), lines)
        except KaratosError:  # the ELF is broken, or its processor is not described
            return ()

    def _just_before(self, status: int) -> tuple[Where, int]:
        """Boot it again, and look one instruction before its end.

        :raises KaratosError: where that is not the same boot, might do harm, or takes long.
        """
        self._require(status)
        deadline = Deadline(_SECONDS)
        found, at = self._several(status, deadline)
        over = f"this is its boot once more, one instruction before it ended {_how(status)}"
        return replace(found, trouble="; ".join(filter(None, [found.trouble, over]))), at

    def _require(self, status: int) -> None:
        self._again.require()
        if status < 0 and -status != signal.SIGABRT:
            raise NotPossible("it was killed, at a moment that cannot be repeated.")
        board = self._ended.board
        reaches = board.writable or (board.semihosting and not board.contained)
        if reaches or not can_wait(self._boot):
            raise NotPossible("its boots use files or ports, and each may find them changed.")
        took = self._ended.facts()["seconds"]
        if took > _QUICK:
            raise NotPossible(f"the first took {took:.1f} s, and counted it would take far longer.")

    def _several(self, status: int, deadline: Deadline) -> tuple[Where, int]:
        """Count a boot, and look at the next; again where that came to its end too early.

        So a busy host lets it, and a QEMU that ends a little after its guest has asked for it.
        """
        for attempt in range(_ATTEMPTS):
            try:
                last = self._once(lambda held: self._count(held, status, deadline))
                return self._once(partial(self._look_at, begun=last - 1, deadline=deadline))
            except TooFar:
                if attempt + 1 == _ATTEMPTS:
                    raise
        raise AssertionError

    def _once(self, ask: Callable[[Held], T]) -> T:
        with (
            private_folder() as folder,
            self._start(held_boot(self._boot, folder, Stamps())) as held,
        ):
            trace_of(held).begin()
            return ask(held)

    def _type(self, held: Held, deadline: Deadline) -> None:
        keyboard = self._ended.keyboard
        for one in keyboard.typed if keyboard else ():
            trace_of(held).run_to(one.instructions, deadline.left)
            let_arrive(held, one)

    def _count(self, held: Held, status: int, deadline: Deadline) -> int:
        self._type(held, deadline)
        trace = trace_of(held)
        if not trace.run_until(lambda: False, deadline.left):
            raise NotPossible(f"that took more than {deadline.seconds:g} s.")
        self._again.compare_all(held.console)
        found = held.status_within(_LAG)
        if found != status:
            raise NotPossible(f"that one ended with exit status {found}.")
        return trace.begun

    def _look_at(self, held: Held, begun: int, deadline: Deadline) -> tuple[Where, int]:
        self._type(held, deadline)
        trace = trace_of(held)
        trace.run_to_begun(begun, deadline.left)
        return held.where_soon(), trace.instructions


def _how(status: int) -> str:
    return f"by signal {-status}" if status < 0 else f"with exit status {status}"
