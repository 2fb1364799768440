"""What a firmware team would write about sizes; the limits are in karatos.toml."""

from pytest_karatos import Board, Budgets, Firmware


def test_it_fits(firmware: Firmware, budget: Budgets) -> None:
    budget.check(firmware)


def test_the_image_is_for_the_board(firmware: Firmware, board: Board) -> None:
    assert firmware.board == board
    assert 0 < firmware.sizes.flash_bytes < 64 * 1024
