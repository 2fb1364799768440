"""Instructions until the first byte: the same number each time, to the instruction."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.errors import MachineEnded, NotPossible
from pytest_karatos.firmware import Firmware, Provenance
from pytest_karatos.measure.boot_instructions import take
from pytest_karatos.measure.protocol import Repeatable
from tests.emulated.booting import Start, both
from tests.emulated.tiny_guest import ARM, Step

Count = Callable[..., int]


@pytest.fixture
def count(start: Start) -> Count:
    def count_one(board: Board, *steps: Step) -> int:
        made = Provenance(builder="", toolchain="", command="", source="")
        firmware = Firmware(elf=Path(), board=board, profile="", key="", provenance=made)

        def boot(board: Board, stamps: Stamps) -> AbstractContextManager[Machine]:
            return start(board, *steps, rules=board.watch, stamps=stamps)

        return int(take(Repeatable(firmware=firmware, boot=boot)).value)

    return count_one


def with_ready(board: Board, ready: str) -> Board:
    return replace(board, watch=replace(board.watch, ready=ready))


@both
def test_it_is_the_same_number_each_time_and_grows_with_the_work(
    count: Count, board: Board
) -> None:
    def after(delay: int) -> int:
        return count(board, ("delay", delay), ("say", b"hello\n"), ("spin",))

    short, long, longer = after(100), after(1100), after(2100)
    assert short == after(100) == after(100)
    assert long - short == longer - long >= 1000
    assert (long - short) % 1000 == 0


@both
def test_ready_counts_where_the_board_has_one(count: Count, board: Board) -> None:
    steps = (("say", b"hello\n"), ("delay", 1000), ("say", b"> "), ("spin",))
    asked = with_ready(board, "> ")
    assert count(asked, *steps) == count(asked, *steps) > count(board, *steps) + 1000


@both
def test_counting_is_exact_and_the_guest_does_not_notice(start: Start, board: Board) -> None:
    steps = (("say", b"x" * 50 + b"\n"), ("delay", 100), ("say", b"end\n"), ("exit", 3))
    stamps, printed = Stamps(), []
    for more in ({}, {"stamps": stamps}):
        with start(board, *steps, **more) as machine:
            assert machine.wait(20) == 3
        printed.append(machine.console.transcript.read_bytes())
    assert printed[0] == printed[1]
    counts = [stamps.at(printed[0], offset) for offset in range(len(printed[0]))]
    between = [later - earlier for earlier, later in pairwise(counts[:50])]
    assert len(set(between)) == 1


@both
def test_the_count_is_that_of_qemus_own_clock(start: Start, board: Board) -> None:
    steps = (("delay", 1000), ("say", b"up\n"), ("idle",))
    stamps = Stamps()
    with start(board, *steps, stamps=stamps) as machine:
        machine.console.expect("up\n")
    with start(board, *steps) as machine:
        machine.run_for(0.1)
        total = machine.instructions
    assert total is not None
    # Behind the last byte there is only the way to its rest.
    assert 0 < total - stamps.at(b"up\n", 2) < 5


def test_what_cannot_be_counted_is_said(count: Count) -> None:
    loose = replace(ARM, icount="off")
    with pytest.raises(NotPossible, match=r"on board 'lm3s6965evb': icount = \"off\""):
        count(loose, ("say", b"x"), ("spin",))
    hosted = replace(ARM, console="semihosting", semihosting=True)
    with pytest.raises(NotPossible, match=r"cannot be counted on board .*does not tell"):
        count(hosted, ("hosted", b"hello\n"), ("spin",))
    torn = with_ready(ARM, "ready")
    with pytest.raises(NotPossible, match="did not come one after the other"):
        count(torn, ("say", b"re\x1b[1mady\n"), ("spin",))
    with pytest.raises(MachineEnded):
        count(ARM, ("exit", 0))
