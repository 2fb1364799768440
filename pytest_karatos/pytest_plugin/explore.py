"""The exploration of a test: the boots under all timings that its marker or the run asks for."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import pytest

from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.emulators.covered import Covered
from pytest_karatos.emulators.protocol import TellsSides
from pytest_karatos.emulators.qemu.schedule import Schedule
from pytest_karatos.errors import BadSetting, KaratosError
from pytest_karatos.explore import Exploration, Outcome, Point, points_of
from pytest_karatos.explore.flips import Campaign
from pytest_karatos.firmware import Firmware
from pytest_karatos.pytest_plugin.boots import TALLY, Series, tally_of
from pytest_karatos.pytest_plugin.checks import FIRMWARE
from pytest_karatos.pytest_plugin.params import TARGET, varied, whole
from pytest_karatos.pytest_plugin.timings import wanted_of
from pytest_karatos.settings import Explore, Settings


def series_of(item: pytest.Item, settings: Settings, bench: Callable[[], Bench]) -> Series | None:
    """Return the boots of a test that has several; None for one of one boot.

    :raises BadSetting: for numbers that cannot be, or a board on which no time can be let pass.
    """
    wanted = wanted_of(item, settings)
    tally = tally_of(
        item, settings, lambda number: bench().variation(_board(item, settings), number)
    )
    if not wanted.is_wanted:
        return tally
    if tally is not None:
        raise BadSetting(
            f"{item.nodeid}: several boots that differ, and timings to explore, are too much.",
            fix="leave boots out where karatos_explore is, or the other way round",
        )
    bench().require_variation(_board(item, settings), str(Schedule(address=0)))
    target, firmware = item.stash[TARGET], item.stash[FIRMWARE]
    return Exploration(
        title=whole(item.nodeid, target),
        wanted=wanted,
        choose=partial(_choose, firmware, wanted),
        show=partial(_show, bench, firmware, _board(item, settings)),
        part=target.part,
    )


def _board(item: pytest.Item, settings: Settings) -> Board:
    return varied(settings, item, item.stash[FIRMWARE].board)


def _choose(firmware: Firmware, wanted: Explore, covered: Covered) -> Sequence[Point]:
    return points_of(covered.starts, symbols_of(firmware.elf), wanted)


def _show(
    bench: Callable[[], Bench], firmware: Firmware, board: Board, one: Outcome, before: int
) -> Sequence[str]:
    """Tell what both sides do at a point that fails."""
    emulator, boot, launcher = bench().apart(firmware, board, str(one.schedule))
    with suppress(KaratosError):
        if isinstance(emulator, TellsSides):
            return list(emulator.sides(boot, launcher, before).lines())
    return ()


def campaign_of(
    item: pytest.Item, settings: Settings, bench: Bench, firmware: Firmware
) -> Campaign:
    """Return what flips bits of ``firmware``, as the test's marker wants its board."""
    return Campaign(bench=bench, firmware=firmware, board=varied(settings, item, firmware.board))


def boots_once(item: pytest.Item, settings: Settings) -> bool:
    """Tell whether a test has one boot."""
    explores = wanted_of(item, settings).is_wanted
    return not explores and tally_of(item, settings, lambda _: None) is None


def is_first_of_exploration(item: pytest.Item, settings: Settings) -> bool:
    """Tell whether the boot that begins is the first of an exploration, which tells the points."""
    return TALLY not in item.stash and wanted_of(item, settings).is_wanted
