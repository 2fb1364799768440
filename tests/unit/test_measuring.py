"""Marks, profiles and flame graphs out of addresses that somebody made up."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import Symbol, SymbolTable
from pytest_karatos.emulators.qemu.steps import Steps
from pytest_karatos.measure.flame import flame
from pytest_karatos.measure.marks import Passes, as_mark, entry, leaving, text_ends
from pytest_karatos.measure.profile import Profile, Stacks
from pytest_karatos.measure.stack import StackUse, below, used_of
from pytest_karatos.measure.touched import ram_sections, ram_use, touched_up_to
from tests.unit.elf_builder import build_elf
from tests.unit.test_size import ARM, BSS, DATA, FLASH, HEAP, RAM, TEXT, VECTORS

MAIN, WORK, TRAP = 0x100, 0x200, 0x300
TABLE = SymbolTable(
    tuple(
        Symbol(name=name, address=at, size_bytes=0x80, kind="function")
        for name, at in (("main", MAIN), ("work", WORK), ("trap", TRAP))
    )
)
#: main calls work twice; a trap comes in the first of them.
RUN = [
    *(MAIN, MAIN + 4, WORK, WORK + 2, TRAP, TRAP + 2, WORK + 4, WORK + 6),
    *(MAIN + 8, MAIN + 10, WORK, WORK + 2, WORK + 4, WORK + 6, MAIN + 14),
]


def passes(addresses: Sequence[int], *starts: int, size: int = 99) -> Passes:
    found = Passes(starts=frozenset(starts))
    for at in range(0, len(addresses), size):
        found.see(addresses[at : at + size], at)
    return found


@given(st.integers(1, 16))
def test_entries_and_ends_of_functions_in_pieces_of_any_size(size: int) -> None:
    found = passes(RUN, WORK, TRAP, size=size)
    assert found.entries == {WORK: [2, 10], TRAP: [4]}
    assert found.exits == {WORK: [8, 14], TRAP: [6]}


def test_a_function_that_never_returns_has_no_end_and_costs_no_memory() -> None:
    endless = passes([MAIN, *[WORK, WORK + 0x20] * 5000], WORK)
    assert endless.exits == {}
    assert len(endless.entries[WORK]) == 5000
    assert len(vars_of(endless)) <= 1000


def vars_of(one: Passes) -> list[object]:
    return list(one._open)  # that it is bounded


def stacks(addresses: Sequence[int], limit: int = 10**9) -> dict[tuple[str, ...], int]:
    found = Stacks(table=TABLE, limit=limit)
    found.see(addresses[:5], 0)
    found.see(addresses[5:], 5)
    return dict(found.counts)


def test_instructions_by_the_calls_that_they_are_in() -> None:
    assert stacks(RUN) == {("main",): 5, ("main", "work"): 8, ("main", "work", "trap"): 2}
    found = Profile(stacks=stacks(RUN))
    assert found.instructions == len(RUN)
    assert (found["work"].own, found["work"].whole) == (8, 10)
    assert found.folded() == "main 5\nmain;work 8\nmain;work;trap 2\n"
    with pytest.raises(KeyError):
        _ = found["wor"]


def test_what_comes_after_the_last_byte_does_not_count() -> None:
    assert sum(stacks(RUN, limit=7).values()) == 7
    assert sum(stacks(RUN, limit=3).values()) == 3


def test_code_of_no_name_is_in_it_too() -> None:
    assert stacks([MAIN, 0x9000, 0x9002, 0x9104]) == {
        ("main",): 1,
        ("0x00009000...",): 2,
        ("0x00009100...",): 1,
    }


def test_a_flame_graph_is_xml_whatever_functions_are_called() -> None:
    drawn = flame({("</svg><script>",): 50, ("</svg><script>", "a&b" * 200): 50, ("tiny",): 0})
    root = ET.fromstring(drawn)  # noqa: S314 - ours
    boxes = [one for one in root.iter() if one.tag.endswith("rect")]
    assert [round(float(one.get("width", 0))) for one in boxes] == [1200, 600]
    assert ET.fromstring(flame({})) is not None  # noqa: S314 - ours


def test_marks_say_what_they_are() -> None:
    assert [str(one) for one in (as_mark("pass"), entry("f"), leaving("f"))] == [
        "'pass'",
        "the entry of 'f'",
        "the exit of 'f'",
    ]
    assert text_ends(b"abab", "") == []


class Seen:
    def __init__(self) -> None:
        self.all: list[int] = []

    def see(self, addresses: Sequence[int], before: int) -> None:
        assert before == len(self.all)
        self.all += addresses


@given(st.lists(st.sampled_from(["step", "step, taken back", "store"])), st.integers(1, 9))
def test_what_is_taken_back_was_never_executed(kinds: list[str], size: int) -> None:
    lines: list[str] = []
    expected: list[int] = []
    for at, kind in enumerate([*kinds, "step", "step"]):
        is_step = kind.startswith("step")
        lines.append(f"Trace 0: 0x7f0 [0000/{at:08x}/0/0] x" if is_step else "memory_region_x")
        expected += [at] if kind == "step" else []
        if kind == "step, taken back":
            lines.append("Stopped execution of TB chain before 0x7f [0000] x")
    seen = Seen()
    steps = Steps(seen)
    for at in range(0, len(lines), size):
        steps.feed(("\n" + "\n".join(lines[at : at + size]) + "\n").encode())
    # The last one may still be taken back.
    assert seen.all == expected[:-1]


@pytest.mark.parametrize(
    ("content", "used"),
    [
        (bytes(64), 0),
        (bytes(60) + b"\1\2\3\4", 4),
        (bytes(61) + b"\2\3\4", 3),
        (b"\xa5" * 48 + b"\xa4" * 16, 16),
        (b"\xef\xbe\xad\xde" * 12 + bytes(16), 16),
        (b"data of somebody who came too deep", 34),
        (bytes(8) + b"\1" * 56, 64),
        (b"", 0),
    ],
)
def test_how_deep_a_stack_was_used(content: bytes, used: int) -> None:
    assert used_of(content) == used
    assert StackUse(name="s", size=len(content), used=used).free == len(content) - used


def test_a_stack_that_is_full_says_into_what_it_may_have_run() -> None:
    table = (
        *(Symbol(name="low", address=0x10, size_bytes=4), Symbol(name="queue", address=0x20)),
        *(Symbol(name="_ZN3ipc4SLOT17h0123456789abcdefE", address=0x18, size_bytes=8),),
        Symbol(name="above", address=0x40, size_bytes=4),
    )
    symbols = Symbols(Path("none"))
    vars(symbols)["table"] = SymbolTable(table)
    assert below(symbols, 0x20) == "ipc::SLOT"
    assert below(symbols, 0x10) == ""
    full = StackUse(name="main", size=64, used=64, below="ipc::SLOT")
    assert str(full) == "main: 64 of 64 B, it may have overflowed into ipc::SLOT"
    assert str(StackUse(name="main", size=64, used=60)) == "main: 60 of 64 B"


def test_functions_that_were_inlined_have_their_own_instructions() -> None:
    inlined = {WORK + 2: ("step", "add"), WORK + 4: ("step",)}
    found = Stacks(table=TABLE, limit=10**9, inlined_at=lambda at: inlined.get(at, ()))
    found.see(RUN, 0)
    profile = Profile(stacks=dict(found.counts))
    assert profile.instructions == len(RUN)
    assert (profile["work"].own, profile["work"].whole) == (4, 10)
    assert (profile["step"].own, profile["step"].whole) == (2, 4)
    assert "main;work;step;add 2" in profile.folded()


def test_memory_that_holds_what_the_reset_left_was_not_touched(tmp_path: Path) -> None:
    elf = tmp_path / "fw.elf"
    elf.write_bytes(build_elf(VECTORS, TEXT, DATA, BSS, HEAP))
    board = replace(ARM, regions=(FLASH, RAM))
    places = ram_sections(elf, board)
    assert [(one.name, one.size) for one in places] == [
        *((".data", 16), (".bss", 260), (".heap", 1024))
    ]
    now = [b"d" * 16, bytes(259) + b"x", bytes(1024)]
    # .data is copied into RAM by the firmware: after the reset there is nothing.
    assert ram_use(elf, places, now).sections == {".data": 16, ".bss": 1, ".heap": 0}
    assert ram_use(elf, places, [bytes(16), bytes(260), bytes(1024)]).used == 0
    assert touched_up_to(b"") == 0


def test_a_stack_that_is_full_says_so() -> None:
    assert StackUse(name="s", size=64, used=64).is_full
    assert not StackUse(name="s", size=64, used=63).is_full
