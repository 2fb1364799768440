"""Lets a timer fire right before one instruction of an unmodified guest, by a breakpoint.

A breakpoint that is hit under ``-icount ...,sleep=off`` makes QEMU's processor idle, and QEMU moves
the clock of an idle guest to the next deadline of a timer before the machine stands
(``icount_start_warp_timer``). Its interrupt is pending when the guest goes on. Nothing else of the
guest is touched, and the same boot with the same breakpoint is the same again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.gdb import GdbClient
from pytest_karatos.emulators.qemu.clock import GuestClock
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.emulators.qemu.schedule import Schedule
from pytest_karatos.errors import MachineEnded, NotPossible

#: Host seconds in which a guest must come to its instruction, and between two looks at it.
_SECONDS, _LOOK = 20.0, 0.05
#: A clock so many seconds ahead of the instructions was moved to a deadline that nobody meant: a
#: compare register of two words, of which one was written.
_NEVER = 100.0
#: Seconds of an instruction under the largest ``shift`` that QEMU takes.
_LONGEST_INSTRUCTION = 1024e-9
_BREAKPOINT = 5
_WHY = "time was to pass right before that instruction."


@dataclass(frozen=True, kw_only=True, slots=True)
class Preempted:
    """Where time was let pass, and what the guest's clock and count said then."""

    schedule: Schedule
    seconds: float
    instructions: int


class Preemptor:
    """Holds a guest that has not run yet, by ``socket`` of its gdb stub.

    ``waits`` tells whether the guest waits for something that no timer brings.
    """

    def __init__(
        self, socket: Path, qmp: Qmp, clock: GuestClock, waits: Callable[[], bool | None]
    ) -> None:
        self._socket = socket
        self._qmp = qmp
        self._clock = clock
        self._waits = waits

    def let_pass(self, schedule: Schedule) -> Preempted:
        """Let the guest come to an instruction, and time pass there; it stands then.

        :raises NotPossible: where it never comes there, or no timer's deadline is to be trusted.
        """
        deadline = Deadline(_SECONDS)
        with GdbClient.connect(self._socket) as client:
            client.set_breakpoint(schedule.address)
            for number in range(schedule.stall):
                self._come(client, schedule, number, deadline)
            client.remove_breakpoint(schedule.address)
            if schedule.flip is not None:
                address, bit = schedule.flip
                (byte,) = client.read_memory(address, 1)
                client.write_memory(address, bytes([byte ^ 1 << bit]))
            count = int(self._qmp.ask("query-replay")["icount"])
            seconds = self._clock.read()
        if seconds > _NEVER + count * _LONGEST_INSTRUCTION:
            raise NotPossible(
                f"at {schedule.address:#x} no timer has a deadline that can be trusted: the clock "
                f"went to {seconds:.3g} s.",
                why=f"{_WHY} A compare register of two words may have been half written.",
            )
        return Preempted(schedule=schedule, seconds=seconds, instructions=count)

    def _come(self, client: GdbClient, schedule: Schedule, number: int, deadline: Deadline) -> None:
        try:
            client.go_on()
            while (stop := client.stopped_within(_LOOK)) is None:
                if deadline.expired or self._waits():
                    raise _never(schedule, number)
        except MachineEnded:
            raise _never(schedule, number) from None
        if stop.signal != _BREAKPOINT:
            raise NotPossible(f"the guest stopped by signal {stop.signal}.", why=_WHY)


def _never(schedule: Schedule, number: int) -> NotPossible:
    times = f" a {number + 1}. time" if number else ""
    return NotPossible(
        f"the guest ends, or waits, before it comes to {schedule.address:#x}{times}.",
        why=f"{_WHY} Nothing is typed before.",
    )
