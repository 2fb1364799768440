"""How long interrupts were off and waited, of guests whose every instruction is known."""

from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import NotPossible, TooLittle
from pytest_karatos.firmware import Firmware, Provenance
from pytest_karatos.measure.interrupts import InterruptFigures
from pytest_karatos.measure.measuring import Measuring
from tests.emulated.booting import RULES, Start, both
from tests.emulated.ticking import PLAIN, RESTORED, ROUNDS, ticking

#: The timer's interrupts on each board, and the instructions of its handler.
TIMER = {"arm": ("SysTick", 5), "riscv": ("timer", 8)}
OFF = 300


def measuring(machine: object, elf: Path, board: Board) -> Measuring:
    made = Provenance(builder="", toolchain="", command="", source="")
    firmware = Firmware(elf=elf, board=board, profile="", key="", provenance=made)
    return Measuring(machine, firmware, lambda _: None)  # type: ignore[arg-type]


def figures(folder: Path, board: Board, off: int, way: str) -> InterruptFigures:
    elf = ticking(folder, board.arch, off, way)
    boot = Boot(board=board, elf=elf, folder=folder / "boot", rules=RULES)
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        machine.console.expect("!")
        measure = measuring(machine, elf, board)
        found = measure.interrupts(until="!")
        assert measure.interrupts(until="!").offs == found.offs
        with pytest.raises(TooLittle, match="PendSV was not asked for"):
            found.latency("PendSV")
        return found


@pytest.mark.timeout(240)
@both
def test_each_instruction_counts_and_no_other(board: Board, tmp_path: Path) -> None:
    name, handler = TIMER[board.arch]
    found = {off: figures(tmp_path, board, off, PLAIN) for off in (OFF, OFF + 1)}
    for off, one in found.items():
        # The nops, and the instruction that turns them on again.
        assert one.off.instructions == off + 1
        lengths = [one.instructions for one in one.offs]
        assert lengths.count(off + 1) == ROUNDS
        assert set(lengths) == {off + 1, handler}
        assert str(one.off) == f"interrupts were off for {off + 1} instructions"
        # Some ticks come while they are on, and the others wait no longer than that.
        waits = [wait.instructions for wait in one.waits]
        assert 0 in waits
        assert 0 < one.latency(name).instructions == max(one or 0 for one in waits) <= off + 1
    again = figures(tmp_path, board, OFF, PLAIN)
    assert (again.offs, again.waits) == (found[OFF].offs, found[OFF].waits)


@pytest.mark.timeout(240)
@both
def test_they_may_be_restored_as_they_were(board: Board, tmp_path: Path) -> None:
    found = figures(tmp_path, board, OFF, RESTORED)
    assert [one.instructions for one in found.offs].count(OFF + 1) == ROUNDS


@both
def test_a_guest_without_interrupts_has_no_figure(
    start: Start, board: Board, tmp_path: Path
) -> None:
    with start(board, ("say", b"a\n"), ("hear",), ("say", b"b\n"), ("spin",)) as machine:
        machine.console.expect("a")
        measure = measuring(machine, tmp_path / f"{board.arch}.elf", board)
        found = measure.interrupts()
        with pytest.raises(TooLittle, match="were not turned off once"):
            _ = found.off
        with pytest.raises(TooLittle, match="no interrupt was asked for"):
            found.latency()
        machine.console.send("x")
        machine.console.expect("b")
        with pytest.raises(NotPossible, match="something was typed"):
            measure.interrupts()
