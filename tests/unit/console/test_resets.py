"""Which resets of a firmware its test asked for: by what it typed, and what it saw."""

import pytest

from pytest_karatos.console import Resets

#: What happened, in order: the test typed, a wait saw its text, the firmware reset itself.
STORIES = {
    "": 0,
    "reset": 1,
    "matched reset matched": 1,
    "typed reset": 0,
    "typed reset matched": 0,
    "typed matched reset matched": 0,
    "typed matched reset": 1,
    "typed typed reset": 0,
    "typed reset reset": 1,
    "typed reset matched typed reset matched": 0,
    "typed reset matched reset matched": 1,
    "reset typed matched": 1,
}


@pytest.mark.parametrize(("story", "unasked"), STORIES.items(), ids=STORIES)
def test_a_reset_answers_what_was_typed(story: str, unasked: int) -> None:
    resets = Resets(began=0.0)
    for at, what in enumerate(story.split(), start=1):
        {"typed": resets.typed, "matched": resets.matched, "reset": resets.happened}[what](at)
    assert resets.unasked == unasked


def test_the_order_of_the_facts_is_that_of_their_times() -> None:
    resets = Resets(began=0.0)
    resets.typed(1.0)
    resets.matched(3.0)  # what the emulator tells is heard later than it happened
    resets.happened(2.0)
    assert resets.unasked == 0


def test_a_million_resets_take_no_room() -> None:
    resets = Resets(began=0.0)
    for at in range(1_000_000):
        resets.happened(at / 1000)
    assert (resets.count, resets.unasked) == (1_000_000, 1_000_000)
    assert resets.since(990.0) == 1000
    assert (
        resets.told(12.0) == "reset itself 1000000 times in 1000.00 s (12.00 s of the guest's time)"
    )


def test_a_watchdog_is_named() -> None:
    resets = Resets(began=0.0)
    assert resets.told() == ""
    resets.by_watchdog = True
    resets.happened(0.5)
    assert resets.told() == "reset itself once by a watchdog, 0.50 s after it was let go"
