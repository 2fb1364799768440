"""Instructions between marks of a guest that somebody has counted by hand."""

from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.firmware import Firmware, Provenance
from pytest_karatos.measure.measuring import Measuring
from pytest_karatos.measurement import Measurement
from tests.emulated.booting import Start, both
from tests.emulated.tiny_guest import Step


def counted(start: Start, board: Board, folder: Path, *steps: Step) -> int:
    noted: list[Measurement] = []
    with start(board, ("say", b"a\n"), *steps, ("say", b"b\n"), ("spin",)) as machine:
        made = Provenance(builder="", toolchain="", command="", source="")
        elf = folder / f"{board.arch}.elf"
        firmware = Firmware(elf=elf, board=board, profile="", key="", provenance=made)
        machine.console.expect("b\n")
        measure = Measuring(machine, firmware, noted.append)
        found = measure.instructions("a\n", "b\n")
        profile = measure.profile()
        assert profile.instructions == measure.instructions(until="b\n")
        measure.record("cost", found)
        assert [one.value for one in noted] == [found]
        return found


@pytest.mark.timeout(240)
@both
def test_one_more_nop_is_one_more_instruction(start: Start, board: Board, tmp_path: Path) -> None:
    none = counted(start, board, tmp_path)
    assert counted(start, board, tmp_path) == none
    assert counted(start, board, tmp_path, ("nop",)) == none + 1
    assert counted(start, board, tmp_path, *[("nop",)] * 7) == none + 7
