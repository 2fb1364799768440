"""The two sides of a race, looked at in a boot of their own: memory before, between and behind."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.gdb import GdbClient, Stop
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.elf import Symbol, demangled, read
from pytest_karatos.emulators.qemu.machine import QemuMachine
from pytest_karatos.emulators.qemu.schedule import Schedule
from pytest_karatos.emulators.sides import Sides, changes, variables
from pytest_karatos.errors import KaratosError, NotPossible

#: Host seconds in which a guest must come to the point.
_SECONDS = 20.0
#: Instructions of the code that are looked at behind the point.
_STEPS = 12


def sides_at(machine: QemuMachine, path: Path, schedule: Schedule, before: int) -> Sides:
    """Tell what both sides do of a guest that has not run yet, and that is used up by it.

    It runs the ELF at ``path``. The instruction before the point is at ``before``, 0 for none.

    :raises NotPossible: where it does not come there.
    """
    deadline = Deadline(_SECONDS)
    elf = read(path)
    watched = variables(elf, symbols_of(path).table.symbols)
    named = {one.name: demangled(one.name).rpartition("::")[2] for one in watched}
    order = "little" if elf.little_endian else "big"
    with GdbClient.connect(machine.open_stub()) as client:
        client.set_breakpoint(schedule.address)
        for _ in range(schedule.stall):
            _come(client, deadline)
        first, at = _memory(client, watched), client.ask("g")
        texts = [machine.disassembled(one) if one else "" for one in (before, schedule.address)]
        second: Mapping[str, bytes] = first
        third: Mapping[str, bytes] = first
        try:
            _come(client, deadline)
            if client.ask("g") == at:  # the same code goes on, not another task or a next round
                second = _memory(client, watched)
                client.remove_breakpoint(schedule.address)
                third = _behind(client, watched, second)
        except KaratosError:  # it ends, or never comes back: what is known by now is told
            pass
    return Sides(
        before=texts[0],
        after=texts[1],
        interrupt=changes(named, first, second, order),
        code=changes(named, second, third, order),
    )


def _come(client: GdbClient, deadline: Deadline) -> Stop:
    client.go_on()
    while (stop := client.stopped_within(min(0.1, deadline.left))) is None:
        if deadline.expired:
            raise NotPossible("the guest does not come to the point again.")
    return stop


def _behind(
    client: GdbClient, watched: Sequence[Symbol], before: Mapping[str, bytes]
) -> Mapping[str, bytes]:
    """Step on until the code has changed a variable."""
    after = before
    for _ in range(_STEPS):
        client.step()
        after = _memory(client, watched)
        if after != before:
            break
    return after


def _memory(client: GdbClient, watched: Sequence[Symbol]) -> dict[str, bytes]:
    return {one.name: client.read_memory(one.address, one.size_bytes) for one in watched}
