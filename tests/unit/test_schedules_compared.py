"""The schedules of two boots, side by side: the same, or where they begin to differ."""

import pytest

from pytest_karatos.errors import TooLittle, WrongSchedule
from pytest_karatos.scheduler import Parser, compare
from tests.unit.test_dialect import REFERENCE
from tests.unit.test_scheduler_vocabulary import HEALTHY, lines


class Told:
    """What a boot said, as a scheduler has it."""

    def __init__(self, told: str) -> None:
        parser = Parser(REFERENCE)
        self.events = [*parser.feed(lines(told)), *parser.finish()]


def test_two_boots_have_the_same_schedule() -> None:
    later = (
        HEALTHY.replace("boot; ", "3 boot; ").replace("5 T;", "6 T;", 1).replace("runs=3", "x=9")
    )
    assert compare(Told(HEALTHY), Told(HEALTHY)) > 100
    with pytest.raises(WrongSchedule, match="'timer n=5' in the first, 'timer n=6' in the second"):
        compare(Told(HEALTHY), Told(later))
    assert compare(Told(HEALTHY), Told(later), kinds=("run", "sleep", "wake")) > 100


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (
            HEALTHY.replace("20 T; W critical high low; R critical", "20 T; W critical high low"),
            "the schedules differ at event 55: 'run critical n=1' in the first, 'sleep criti",
        ),
        (HEALTHY.split("55 #")[0] + "end", ""),
        (HEALTHY.split("30 T")[0] + "end", "the second boot ended after "),
    ],
)
def test_two_boots_have_another_schedule(other: str, sentence: str) -> None:
    if not sentence:
        assert compare(Told(HEALTHY), Told(other))
        return
    with pytest.raises(WrongSchedule) as caught:
        compare(Told(HEALTHY), Told(other))
    assert str(caught.value).startswith(sentence)


def test_nothing_to_compare() -> None:
    told = Told(HEALTHY)
    with pytest.raises(TooLittle, match="compared with itself"):
        compare(told, told)
    with pytest.raises(TooLittle, match="2 events to compare"):
        compare(Told("go; R a"), Told("go; R a"))
