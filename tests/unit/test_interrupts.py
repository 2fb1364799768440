"""Interrupts out of logs that somebody wrote by hand: what is off, what waits, what is refused."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.debug.archs import archs
from pytest_karatos.debug.interrupts import interrupts_of
from pytest_karatos.elf import Image
from pytest_karatos.emulators.qemu.interrupts import InterruptLog
from pytest_karatos.emulators.steps import Turn
from pytest_karatos.errors import NotPossible, TooLittle
from pytest_karatos.measure.interrupts import InterruptFigures, Moments

ARM, RISCV = (interrupts_of(one) for one in archs()[:2])
ASKED = (
    "nvic_set_pending NVIC set pending irq 15 secure-bank 0 targets_secure 0 derived 0 "
    "(enabled: 1 priority 0)"
)
TAKEN = "nvic_acknowledge_irq NVIC acknowledge IRQ: 15 now active (prio 0)"
CLEARED = "nvic_clear_pending NVIC clear pending irq 15 secure-bank 0 (enabled: 1 priority 0)"
NOP, CPSID, CPSIE = 0xBF00, 0xB672, 0xB662


def arm_step(address: int, xpsr: int = 0x0100_0000, mode: str = "priv-thread", r3: int = 0) -> str:
    return (
        f"Trace 0: 0x7f [0/{address:08x}/110/ff] \nR00=00000000 R01=00000000 R02=00000000 R03="
        f"{r3:08x}\nXPSR={xpsr:08x} ---- T {mode}"
    )


def riscv_step(address: int, *, mie: bool = True, mip: int = 0, status: int = 0x1800) -> str:
    status |= 8 * mie
    return (
        f"Trace 0: 0x7f [0/{address:08x}/1/ff] main\n mstatus  {status:08x}\n mstatush 00000000\n"
        f" mip      {mip:08x}\n mie      00000080"
    )


def seen(
    lines: Iterable[str], code: bytes = b"", *, rules: object = ARM, size: int = 999
) -> Moments:
    found, texts = Moments(), list(lines)
    log = InterruptLog(rules, Image(((0, code),), ((0, code),)), found)  # type: ignore[arg-type]
    pieces = ["\n".join(texts[at : at + size]) for at in range(0, len(texts), size)]
    for piece in (*pieces, "Trace 0: 0x7f [0/00000000/110/ff] "):
        log.feed(f"\n{piece}\n".encode())
    return found


def halves(*words: int) -> bytes:
    return b"".join(word.to_bytes(2, "little") for word in words)


def lengths(found: Moments, begin: int = 0) -> list[int]:
    return [one.instructions for one in found.between(begin, found.instructions)[0]]


CODE = halves(NOP, CPSID, NOP, NOP, CPSIE, NOP, NOP, NOP)
RUN = [
    *(arm_step(at) for at in (0, 2, 4)),
    arm_step(6),
    "Stopped execution of TB chain before 0x7f [00000006] ",
    ASKED,
    *(arm_step(at) for at in (6, 8)),
    TAKEN,
    *(arm_step(at, xpsr=0x0100_000F, mode="handler") for at in (10, 12)),
    arm_step(14),
]


@given(st.integers(1, 12))
def test_a_stretch_a_wait_and_a_handler_in_pieces_of_any_size(size: int) -> None:
    found = seen(RUN, CODE, size=size)
    assert lengths(found) == [3, 2]
    (wait,) = found.waits
    assert (wait.begin, wait.instructions, wait.address) == (3, 2, 6)
    assert found.instructions == 8


def test_riscv_says_it_in_registers() -> None:
    run = [
        *(riscv_step(at, mie=False) for at in (0, 4)),  # the start
        riscv_step(8),
        riscv_step(12, mie=False),
        riscv_step(16, mie=False, mip=0x80),
        riscv_step(20, mie=False, mip=0x80),
        "riscv_trap hart:0, async:1, cause:7, epc:0x18, tval:0x0, desc=m_timer",
        riscv_step(64, mie=False, mip=0x80),
        riscv_step(24),
        "riscv_trap hart:0, async:1, cause:7, epc:0x1c, tval:0x0, desc=m_timer",
        riscv_step(64, mie=False),
        riscv_step(28),
    ]
    found = seen(run, rules=RISCV)
    assert lengths(found) == [3, 1, 1]
    # The second one came where it was taken.
    assert [one.instructions for one in found.waits] == [2, 0]


@pytest.mark.parametrize(
    ("write", "r3", "off"),
    [
        ((0xF383, 0x8810), 1, True),  # msr primask
        ((0xF383, 0x8810), 2, False),
        ((0xF383, 0x8811), 0x20, True),  # msr basepri
        ((0xF383, 0x8812), 0x20, True),  # msr basepri_max
        ((0xF383, 0x8812), 0, False),
        ((0xB671,), 0, True),  # cpsid f
        ((0xF383, 0x8808), 1, False),  # msr msp is none of them
    ],
)
def test_each_way_to_turn_them_off(write: tuple[int, ...], r3: int, off: bool) -> None:  # noqa: FBT001
    code = halves(*write, *([NOP] * 4))
    size = 2 * len(write)
    steps = [arm_step(at, r3=r3) for at in (0, size, size + 2, size + 4)]
    assert lengths(seen(steps, code)) == ([3] if off else [])
    ignored = [arm_step(0, r3=r3, mode="unpriv-thread"), *steps[1:]]
    assert lengths(seen(ignored, code)) == []


def test_what_is_not_over_counts_as_far_as_it_came() -> None:
    endless = [arm_step(0), arm_step(2), *[arm_step(4)] * 50, ASKED, *[arm_step(4)] * 50]
    found = seen(endless, CODE)
    figures = InterruptFigures(
        offs=found.between(0, 90)[0],
        waits=found.between(0, 90)[1],
        name_of=ARM.name,
        place_of=lambda _: None,
    )
    assert figures.off.instructions == 88
    assert figures.off.is_open
    assert str(figures.off).endswith("off still")
    assert str(figures.latency()) == "SysTick waited for 38 instructions"
    with pytest.raises(NotPossible, match="known for 102 of 200"):
        found.between(0, 200)


def test_who_is_not_asked_for_any_more_does_not_wait() -> None:
    run = [arm_step(0), ASKED, arm_step(2), CLEARED, arm_step(4), ASKED, TAKEN, arm_step(6, 15)]
    assert [one.instructions for one in seen(run, CODE).waits] == [0]


def test_an_interrupt_that_nobody_saw_asked_for_has_no_latency() -> None:
    not_enabled = ASKED.replace("enabled: 1", "enabled: 0")
    found = seen([arm_step(0), not_enabled, arm_step(4), TAKEN, arm_step(6, 15)], CODE)
    offs, waits = found.between(0, 3)
    figures = InterruptFigures(offs=offs, waits=waits, name_of=ARM.name, place_of=lambda _: None)
    with pytest.raises(NotPossible, match=r"not known since when .* SysTick"):
        figures.latency()
    with pytest.raises(TooLittle, match="those that were: SysTick"):
        figures.latency("PendSV")


@pytest.mark.parametrize(
    ("run", "rules", "words"),
    [
        ([arm_step(0x9000)], ARM, "0x9000 was executed, which is not in the ELF"),
        ([arm_step(2, xpsr=0x0100_0800)], ARM, "under a condition"),
        ([arm_step(0).replace("Trace 0", "Trace 1")], ARM, "several cores"),
        ([riscv_step(0, status=0)], RISCV, "without privileges at 0x0"),
    ],
)
def test_what_cannot_be_followed_is_refused(run: list[str], rules: object, words: str) -> None:
    code = CODE if rules is ARM else (0x3020_0073).to_bytes(4, "little")
    with pytest.raises(NotPossible, match=words):
        seen(run, code, rules=rules)


def test_moments_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_karatos.measure.interrupts._MOST", 5)
    with pytest.raises(NotPossible, match="more than 5 times"):
        seen(itertools.chain.from_iterable([RUN] * 5), CODE)


def test_each_turn_is_told_with_words() -> None:
    assert all(one.value for one in Turn)
