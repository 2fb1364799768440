"""Boot tiny guests on real QEMU."""

from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulate.host import HostEmulator
from pytest_karatos.emulate.protocol import Boot
from pytest_karatos.watch import WatchRules
from tests.emulated.booting import RULES, Start
from tests.emulated.tiny_guest import Step, image


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def boot(board: Board, *steps: Step, rules: WatchRules = RULES, **more: object) -> object:
        elf = image(tmp_path, board.arch, *steps)
        return HostEmulator().boot(
            Boot(board=board, elf=elf, folder=tmp_path / "boot", rules=rules, **more)  # type: ignore[arg-type]
        )

    return boot  # type: ignore[return-value]
