"""Boot tiny guests on real QEMU."""

from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.watch_rules import WatchRules
from tests.emulated.booting import RULES, Start
from tests.emulated.tiny_guest import Step, image


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def start_one(board: Board, *steps: Step, rules: WatchRules = RULES, **more: object) -> object:
        elf = image(tmp_path, board.arch, *steps)
        boot = Boot(board=board, elf=elf, folder=tmp_path / "boot", rules=rules, **more)  # type: ignore[arg-type]
        return QemuEmulator().boot(boot, HostLauncher())

    return start_one  # type: ignore[return-value]
