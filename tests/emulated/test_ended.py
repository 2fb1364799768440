"""Firmware that ended by itself: where it was, by the same boot once more and by its own words."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.debug.code import Code, code_of
from pytest_karatos.debug.printed import printed_frames
from pytest_karatos.debug.symbols import symbols_of
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.replay import Past, replayed
from pytest_karatos.errors import MachineEnded, NotPossible
from tests.emulated.booting import Start, both, pid_of
from tests.emulated.debugging import DEBUG, LINES, Build, crash_image, marked
from tests.emulated.test_post_mortem import Crashed, crashed

__all__ = ["crashed"]

EXITS = replace(LINES, exits=True)
PRINTS = replace(LINES, prints=True)
OVER = "this is its boot once more, one instruction before it ended with exit status 3"
#: Makes a second boot impossible: each took longer than that.
NO_TIME = ("pytest_karatos.emulators.qemu.end._QUICK", -1.0)


def failure_of(crashed: Crashed, board: Board, case: str, build: Build) -> list[str]:
    with pytest.raises(MachineEnded) as caught, crashed(board, case, build) as machine:
        machine.console.expect("never")
    return str(caught.value).splitlines()


@both
@pytest.mark.parametrize("build", [DEBUG, LINES], ids=lambda one: one.name)
@pytest.mark.parametrize("case", ["load", "bounds"])
def test_it_is_told_as_if_it_ran(crashed: Crashed, board: Board, build: Build, case: str) -> None:
    lines = failure_of(crashed, board, case, replace(build, exits=True))
    assert f"crash::breaks, crash.rs:{marked(f'BROKEN HERE: {case}')}" in lines[0]
    assert lines[1].startswith("Waited for 'never'; the machine ended with exit status 3")
    assert f"crash::outer, crash.rs:{marked('CALLED FROM HERE')}" in "\n".join(lines)
    assert lines[-1] == f"  {OVER}"


@both
def test_what_it_printed_leads_to_lines(
    crashed: Crashed, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"crash::breaks, crash.rs:{marked('BROKEN HERE: load')}"
    assert place in "\n".join(failure_of(crashed, board, "load", PRINTS)).partition("printed")[2]
    monkeypatch.setattr(*NO_TIME)
    lines = failure_of(crashed, board, "load", PRINTS)
    assert "; the address that it printed is in " in lines[0]
    assert lines[0].endswith(f"{place}.")
    assert any(line.startswith("    crash::middle, crash.rs:") for line in lines)
    assert "it had ended, with exit status 3, so nobody could look; nor at a" in lines[-1]


@both
def test_a_machine_that_is_killed_is_told_alike_before_and_after(
    start: Start, board: Board
) -> None:
    with start(board, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        os.kill(pid_of(machine), signal.SIGKILL)
        told = {machine.post_mortem().trouble}  # it may be gone, or about to be
        assert machine.status_within(10) == -signal.SIGKILL  # type: ignore[attr-defined]
        told.add(machine.post_mortem().trouble)
    assert len(told) == 1
    assert told.pop().startswith("it had ended, by signal 9, so nobody could look; nor at a second")


@both
def test_a_boot_that_would_touch_files_again_is_not_repeated(
    start: Start, board: Board, tmp_path: Path
) -> None:
    disk = tmp_path / "disk.img"
    disk.touch()
    more = ("-drive", f"if=none,format=raw,file={disk}")
    with start(board, ("exit", 3), arguments=more) as machine:
        assert machine.wait() == 3
        assert "its boots use files or ports" in machine.post_mortem().trouble
    with start(replace(board, icount="off"), ("exit", 3)) as machine:
        assert machine.wait() == 3
        assert "no two boots alike" in machine.post_mortem().trouble


@both
def test_one_that_takes_long_is_given_up(
    start: Start, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_karatos.emulators.qemu.end._SECONDS", 0.3)
    monkeypatch.setattr("pytest_karatos.emulators.qemu.end._QUICK", 1000.0)
    with start(board, ("delay", 20_000_000), ("exit", 3)) as machine:
        assert machine.wait() == 3
        began = time.monotonic()
        assert "that took more than 0.3 s" in machine.post_mortem().trouble
        assert machine.facts()["instructions"] is None
        assert time.monotonic() - began < 20  # uncounted it takes a second


@both
def test_a_gdb_can_be_had_there(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"up\n"), ("exit", 3)) as machine:
        assert machine.wait() == 3
        pc = machine.post_mortem().frames[0].pc
        count = machine.facts()["instructions"]
    past = Past(tmp_path / "boot")
    boot = Boot(board=board, elf=past.elf, folder=tmp_path / "again")
    with replayed(past, boot, HostLauncher(), remark=print) as (again, moment):
        assert moment.instructions == count
        assert again.registers["pc"] == pc


@both
def test_what_is_counted_twice_stamps_no_byte(crashed: Crashed, board: Board) -> None:
    for build in (DEBUG, EXITS):
        with (
            pytest.raises(NotPossible, match="1 instructions faulted"),
            crashed(board, "load", build) as machine,
        ):
            machine.stamps([0])  # type: ignore[attr-defined]


@pytest.fixture(scope="module", params=["arm", "riscv"])
def code(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Code:
    elf = crash_image(tmp_path_factory.mktemp("elf"), request.param, "load", LINES)
    return code_of(elf, symbols_of(elf))


def breaks(code: Code) -> int:
    """Return an address in the middle of a function."""
    return code.symbols.named("breaks").address + 4


def behind_a_call(code: Code) -> int:
    outer = code.symbols.named("outer").address
    return next(back for back in range(outer + 2, outer + 40, 2) if code.call_before(back))


@pytest.mark.parametrize(
    "line",
    [
        "E: Faulting instruction address (r15/pc): 0x{0:08x}",
        "E:  mepc: {0:08x}",
        "up_dump_register: EPC: {0:08x}",
        "MEPC    : 0x{0:08x}  RA      : 0x00000000",
        "ExceptionFrame {{ r0: 0x00000001, pc: {0:#x}, xpsr: 0x01000000 }}",
        "abort() was called at PC 0x{0:08x} on core 0",
        "pc=0x{0:016X}",
        "PC = {0:#010x}, LR = 0x00000000",
    ],
)
def test_a_program_counter_is_where_it_was(code: Code, line: str) -> None:
    if "mepc" not in code.arch.printed_pc:
        line = line.replace("MEPC", "PC").replace("mepc", "pc").replace("EPC", "PC")
    (frame, *_) = printed_frames(code, [line.format(breaks(code))])
    assert frame.is_exact
    assert "crash::breaks" in [one.function for one in frame.places]


@pytest.mark.parametrize(
    "line",
    [
        "backtrace| 0: {0:#010x} 0x00000000",
        "#1  0x{0:08x}",
        "Call trace: [<{0:08x}>] outer",
        "a3: 0x00000000 {1}: 0x{0:08x}",
    ],
)
def test_a_return_address_is_where_it_came_from(code: Code, line: str) -> None:
    (frame,) = printed_frames(code, [line.format(behind_a_call(code), code.arch.lr)])
    assert not frame.is_exact
    assert frame.places[0].function == "crash::outer"


@pytest.mark.parametrize(
    "line",
    [
        "r0: 0x{0:08x} r12: 0x{0:08x} a0 = {0:#x} x10: {0:08x}",
        "pc: 0xdeadbeec",
        "pc: 0x{0:x}zz and 0x{0:0100x}",
        "the sum is 0x{1:08x}",
        "pc pc pc",
    ],
)
def test_what_is_no_address_of_code_tells_nothing(code: Code, line: str) -> None:
    assert printed_frames(code, [line.format(behind_a_call(code), breaks(code))]) == ()


def test_a_flood_of_addresses_is_bounded(code: Code) -> None:
    lines = [f"pc: {at:#x}" for at in range(breaks(code) - 4, breaks(code) + 200)] * 100
    began = time.process_time()
    assert len(printed_frames(code, lines)) <= 12
    assert len(printed_frames(code, ["0x" * 5_000_000])) == 0
    assert time.process_time() - began < 5
