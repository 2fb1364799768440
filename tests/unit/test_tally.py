"""The tally of several boots: equal causes folded whatever their figures, and who must pass."""

import pytest

from pytest_karatos.errors import Flaky, Misbehaved, NotSeen, TooLittle
from pytest_karatos.report.tally import OneBoot, Tally


def tally(*errors: BaseException | None, must_pass: int | None = None, asked: int = 0) -> Tally:
    boots = [OneBoot(number=at, variation=f"shift={at}") for at in range(1, len(errors) + 1)]
    for boot, error in zip(boots, errors, strict=True):
        if error is not None:
            boot.note(error)
    return Tally(
        title="t.py::t",
        asked=asked or len(errors),
        named=lambda _: None,
        must_pass=must_pass,
        boots=boots,
    )


def seen(text: str) -> NotSeen:
    return NotSeen(f"{text}\n| the console")


def test_equal_causes_are_one_whatever_their_figures() -> None:
    one = tally(
        None,
        seen("Waited for 'a' for 0.3 s; at 0x20000010"),
        seen("Waited for 'b'"),
        seen("Waited for 'a' for 1 s; at 0x2000FFFF"),
        Misbehaved("Waited for 'b'"),
    )
    with pytest.raises(Flaky) as caught:
        one.judge()
    said = str(caught.value)
    assert said.startswith(
        "Failed in 4 of 5 boots, by 3 causes, most often: Waited for 'a' for 0.3"
    )
    assert "failed so: 2, boots 2 (shift=2), 4 (shift=4)" in said
    assert "  NotSeen: Waited for 'b'\n  | the console" in said
    assert "pytest t.py::t --karatos-vary=shift=2" in said
    assert "passed: 1, boot 1 (shift=1)" in said


def test_equal_words_on_two_lines_of_a_test_are_two_causes() -> None:
    errors: list[AssertionError] = []
    for body in ("assert 1 == 2", "\nassert 1 == 2"):
        try:
            exec(body)  # noqa: S102 - two lines of a test
        except AssertionError as error:
            errors.append(error)
    assert len(tally(*errors).causes) == 2


def test_many_causes_and_many_boots_stay_readable() -> None:
    many = tally(*(seen(f"cause {chr(97 + at % 20)}\x1b[2J") for at in range(4000)))
    with pytest.raises(Flaky, match=r"Failed in 4000 of 4000 boots, by 20 causes") as caught:
        many.judge()
    assert len(str(caught.value)) < 4000
    assert "\x1b[2J" not in str(caught.value).partition("\n")[2]


@pytest.mark.parametrize(("must_pass", "green"), [(None, 0), (2, 1), (3, 0)])
def test_who_must_pass(must_pass: int | None, green: int) -> None:
    one = tally(None, seen("x"), None, must_pass=must_pass)
    if green:
        one.judge()
        assert one.sentence == "passed in 2 of 3 boots"
    else:
        with pytest.raises(Flaky, match="Failed in 1 of 3 boots"):
            one.judge()


def test_fewer_boots_than_must_pass_are_too_little() -> None:
    with pytest.raises(TooLittle, match="3 were asked for, and no more of this board would differ"):
        tally(None, None, asked=3, must_pass=3).judge()


def test_a_second_thing_that_is_wrong_with_a_boot_is_told() -> None:
    one = tally(seen("first"))
    one.boots[0].note(seen("and a leak"))
    with pytest.raises(Flaky, match="and: and a leak"):
        one.judge()
