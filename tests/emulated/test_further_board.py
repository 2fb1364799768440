"""A board that is data alone: the reference firmware runs on it, and no Python line names it."""

from pathlib import Path

import pytest

import pytest_karatos
from pytest_karatos import Bench
from pytest_karatos.exit_check import judge
from pytest_karatos.scheduler import Scheduler
from tests.emulated.test_faults import whole_suite

NAME = "lm3s811"


def test_the_firmware_passes_on_it(karatos_bench: Bench, request: pytest.FixtureRequest) -> None:
    board = karatos_bench.board(NAME)
    firmware = karatos_bench.firmware(board)
    ram = next(region for region in board.regions if region.name == "ram")
    assert firmware.sizes.ram_bytes + firmware.sizes.reserved_bytes <= ram.size_bytes == 8 * 1024
    with karatos_bench.boot(firmware, request.node.nodeid) as machine:
        machine.console.expect("board=lm3s811evb arch=arm\n")
        whole_suite(machine, Scheduler(machine.console, karatos_bench.settings.dialects))
        judge(machine, 0)


def test_an_arch_still_means_one_board(karatos_bench: Bench) -> None:
    boards = karatos_bench.settings.boards
    defaults = [one.name for one in boards if one.default]
    assert sorted(defaults) == ["lm3s6965evb", "virt"]
    assert next(one for one in boards if one.name == NAME).id == f"arm-{NAME}"


def test_no_python_line_of_the_plugin_names_it() -> None:
    package = Path(pytest_karatos.__file__).parent
    assert [path for path in package.rglob("*.py") if NAME in path.read_text()] == []
