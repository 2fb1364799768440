"""Budgets: at the limit is green, one byte over is red, and the sentence says all of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.errors import BadSetting, OverBudget, UnknownName
from pytest_karatos.firmware import Firmware, Provenance
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measurement import Budget, Measurement, Verdict

BOARD = Board(
    name="lm3s6965evb",
    arch="arm",
    regions=(
        Region(name="flash", start=0, size_bytes=256 * 1024),
        Region(name="ram", start=0x2000_0000, size_bytes=64 * 1024),
    ),
)
KIB24 = Budget(
    metric="flash", limit=24 * 1024, arch="arm", profile="release", origin="karatos.toml:12"
)


def firmware(flash: int = 1000, ram: int = 500, reserved: int = 0) -> Firmware:
    rooms = {"flash": 256 * 1024, "ram": 64 * 1024}
    sizes = [
        Measurement(
            name=name, value=value, unit="B", room=rooms[name], room_name=f"region '{name}'"
        )
        for name, value in (("flash", flash), ("ram", ram))
    ]
    rest, called = rooms["ram"] - ram, "rest of region 'ram'"
    kept = Measurement(name="reserved", value=reserved, unit="B", room=rest, room_name=called)
    return Firmware(
        elf=Path("kernel"),
        board=BOARD,
        profile="release",
        key="k",
        measurements=(*sizes, *((kept,) if reserved else ())),
        provenance=Provenance(builder="local", toolchain="", command="", source=""),
    )


def over(budgets: Budgets, built: Firmware, **limits: int) -> str:
    with pytest.raises(OverBudget) as caught:
        budgets.check(built, **limits)
    return caught.value.what


def test_over_the_budget() -> None:
    assert over(Budgets((KIB24,)), firmware(flash=25_000)) == (
        "flash 25,000 B of 'arm release' is over its 24,576 B budget by 424 B (1.7 %); "
        "budget set in karatos.toml:12"
    )


def test_exactly_at_the_limit_is_green_and_one_byte_more_is_red() -> None:
    budgets = Budgets((KIB24,))
    verdicts = budgets.check(firmware(flash=24_576))
    assert "fits its 24,576 B budget: 0 B (0.0 %) left" in verdicts[0].why
    assert "by 1 B (0.0 %)" in over(budgets, firmware(flash=24_577))


def test_verdicts_tell_the_headroom() -> None:
    budget, flash, ram = Budgets((KIB24,)).check(firmware(flash=12_288))
    assert budget.why == (
        "flash 12,288 B of 'arm release' fits its 24,576 B budget: 12,288 B (50.0 %) left; "
        "budget set in karatos.toml:12"
    )
    assert budget.ok
    assert (budget.measurement.name, budget.measurement.value, budget.limit) == (
        "flash",
        12_288,
        24_576,
    )
    assert "region 'flash'" in flash.why
    assert "region 'ram'" in ram.why


def test_the_most_specific_budget_counts() -> None:
    everything = [
        replace(KIB24, arch=arch, profile=profile, limit=limit)
        for arch, profile, limit in (
            ("lm3s6965evb", "release", 4000),
            ("lm3s6965evb", "", 3000),
            ("arm", "release", 2000),
            ("arm", "", 1000),
        )
    ]
    for start, limit in enumerate((4000, 3000, 2000, 1000)):
        for order in (everything[start:], everything[start:][::-1]):
            found = Budgets(tuple(order)).of(firmware(), "flash")
            assert found is not None
            assert found.limit == limit


def test_other_boards_profiles_and_metrics_do_not_count() -> None:
    foreign = (replace(KIB24, arch="riscv"), replace(KIB24, profile="debug"))
    assert Budgets(foreign).of(firmware(), "flash") is None
    assert Budgets((KIB24,)).of(firmware(), "ram") is None


def test_the_memory_itself_is_a_budget() -> None:
    assert over(Budgets(), firmware(flash=256 * 1024 + 1)) == (
        "flash 262,145 B of 'arm release' is over its 262,144 B region 'flash' by 1 B (0.0 %)"
    )
    Budgets().check(firmware(ram=60_000, reserved=5_536))
    assert over(Budgets(), firmware(ram=60_000, reserved=5_537)).startswith(
        "reserved 5,537 B of 'arm release' is over its 5,536 B rest of region 'ram' by 1 B"
    )


def test_a_test_may_set_limits_of_its_own() -> None:
    Budgets().check(firmware(flash=1000), flash=1000, ram=500)
    assert "over its 499 B budget by 1 B (0.2 %); budget set in the test" in over(
        Budgets(), firmware(), ram=499
    )


def test_all_that_is_over_is_told_at_once() -> None:
    said = over(Budgets(), firmware(), flash=0, ram=100)
    assert [line.split()[0] for line in said.splitlines()] == ["flash", "ram"]


def figure(value: float, limit: float | None = None) -> Measurement:
    return Measurement(name="stack", value=value, unit="B", limit=limit)


def test_a_users_figure_is_held_to_its_budget_and_to_its_own_limit() -> None:
    budget = Budget(metric="stack", limit=1024, arch="arm", origin="karatos.toml:7")
    noted: list[Verdict] = []
    budgets = Budgets((budget,), note=noted.extend)
    assert [one.ok for one in budgets.judge([figure(1000, limit=1000)], firmware())] == [True, True]
    with pytest.raises(OverBudget) as caught:
        budgets.judge([figure(1025, limit=100)], firmware())
    assert caught.value.what.splitlines() == [
        (
            "stack 1,025 B of 'arm release' is over its 1,024 B budget by 1 B (0.1 %); "
            "budget set in karatos.toml:7"
        ),
        "stack 1,025 B of 'arm release' is over its 100 B limit by 925 B (925.0 %)",
    ]
    assert [one.ok for one in noted] == [True, True, False, False]


def test_a_figure_that_nobody_limits_is_not_judged() -> None:
    assert Budgets((KIB24,)).judge([figure(9)], firmware()) == []


def test_nothing_to_judge_is_not_green() -> None:
    bare = replace(firmware(), measurements=(Measurement(name="flash", value=1, unit="B"),))
    with pytest.raises(BadSetting, match="nothing limits 'arm release'"):
        Budgets().check(bare)


def test_a_limit_on_what_is_not_measured_of_a_firmware_is_an_error() -> None:
    with pytest.raises(UnknownName, match=r"'falsh'\. Did you mean 'flash'"):
        Budgets().check(firmware(), falsh=3)
