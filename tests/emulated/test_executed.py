"""What is noted as executed is what a trace of each instruction says, and the guest is the same."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.debug.branches import branches_of
from pytest_karatos.emulators.covered import noted_covered
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.command import command_for_people
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.process import output_of
from tests.emulated.booting import RULES, Start, both
from tests.emulated.ticking import ticking
from tests.emulated.tiny_guest import Step, image

STEPS: tuple[Step, ...] = (
    *(("say", b"hello\n"), ("delay", 300), ("nop",), ("say", b"bye\n")),
    *(("exit", 0), ("spin",), ("say", b"never\n"), ("delay", 7)),
)
#: Instructions of the loop behind the end.
_BEHIND_EXIT = 4
_PC = re.compile(r"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", re.MULTILINE)


def one_at_a_time(board: Board) -> list[str]:
    """Return the option by which this QEMU translates single instructions."""
    (version,) = re.findall(r"version (\d+)\.", output_of([board.emulator, "--version"]).stdout)
    return ["-accel", "tcg,one-insn-per-tb=on"] if int(version) > 8 else ["-singlestep"]


def traced(board: Board, folder: Path) -> set[int]:
    """Return the addresses of all instructions that QEMU's own trace names."""
    boot = Boot(board=board, elf=image(folder, board.arch, *STEPS), folder=folder)
    argv = shlex.split(command_for_people(boot))
    log = folder / "trace.log"
    trace = ["-d", "exec,nochain", "-D", str(log)]
    subprocess.run(
        [*argv, *one_at_a_time(board), *trace],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    return {int(pc, 16) for pc in _PC.findall(log.read_text())}


@both
def test_it_agrees_with_the_exact_trace_on_every_address(
    start: Start, board: Board, tmp_path: Path
) -> None:
    with start(board, *STEPS, covered=True) as machine:
        machine.console.expect("bye")
        assert machine.wait() == 0
        assert machine.console.transcript.read_bytes() == b"hello\nbye\n"
    noted = noted_covered(tmp_path / "boot")
    assert noted is not None
    assert noted.trouble == ""
    exact = traced(board, tmp_path)
    assert len(exact) > 20
    covered = {at for first, end in noted.ranges for at in range(first, end)}
    # A newer QEMU ends a little after a RISC-V guest has asked for it: it may come to the loop.
    assert len(exact - covered) <= _BEHIND_EXIT
    # Each executed byte belongs to an instruction that the trace has: none is longer than 4.
    assert all(any(at - back in exact for back in range(4)) for at in covered)


@both
def test_code_that_never_ran_is_not_covered(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"a\n"), ("spin",), ("say", b"never\n"), covered=True) as machine:
        machine.console.expect("a")
        machine.run_for(0.001)
    some = noted_covered(tmp_path / "boot")
    with start(board, ("say", b"a\n"), ("say", b"never\n"), ("spin",), covered=True) as machine:
        machine.console.expect("never")
    more = noted_covered(tmp_path / "boot")
    assert some is not None
    assert more is not None
    assert sum(end - first for first, end in some.ranges) + 6 * 4 <= sum(
        end - first for first, end in more.ranges
    )


@both
def test_nobody_who_does_not_ask_pays_for_it(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"a\n"), ("spin",)) as machine:
        machine.console.expect("a")
    assert noted_covered(tmp_path / "boot") is None


@pytest.mark.timeout(120)
@both
def test_a_guest_that_is_killed_has_its_note_all_the_same(
    start: Start, board: Board, tmp_path: Path
) -> None:
    with start(board, ("say", b"a\n"), ("spin",), covered=True) as machine:
        machine.console.expect("a")
        machine.pause()
    noted = noted_covered(tmp_path / "boot")
    assert noted is not None
    assert noted.ranges


@both
def test_which_way_branches_went_is_noted_beside_interrupts_too(
    board: Board, tmp_path: Path
) -> None:
    elf = ticking(tmp_path, board.arch, 50)
    boot = Boot(board=board, elf=elf, folder=tmp_path, rules=RULES, covered=True, branches=True)
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        machine.console.expect("t!")
        machine.pause()
    noted = noted_covered(tmp_path)
    assert noted is not None
    assert noted.branches is not None
    decode = branches_of(elf)
    ran = [at for start, end in noted.ranges for at in range(start, end, 2)]
    # The one that ends the loop, both ways; nothing else in there is conditional.
    (end_of_loop,) = [one.address for at in ran if (one := decode.at(at)) and one.address > 100]
    assert noted.branches == ((end_of_loop,), (end_of_loop,))


@both
def test_a_branch_that_went_one_way_has_not_gone_the_other(
    start: Start, board: Board, tmp_path: Path
) -> None:
    steps = (("say", b"a\n"), ("delay", 1), ("say", b"b\n"), ("spin",))
    with start(board, *steps, covered=True, branches=True) as machine:
        machine.console.expect("b")
    once = noted_covered(tmp_path / "boot")
    steps = (("say", b"a\n"), ("delay", 2), ("say", b"b\n"), ("spin",))
    with start(board, *steps, covered=True, branches=True) as machine:
        machine.console.expect("b")
    twice = noted_covered(tmp_path / "boot")
    assert once is not None
    assert twice is not None
    assert once.branches is not None
    assert twice.branches is not None
    # A loop of one round is passed by; of two rounds, it is taken too.
    assert once.branches[0] == ()
    assert len(twice.branches[0]) == 1
    assert set(twice.branches[0]) <= set(twice.branches[1]) == set(once.branches[1])
