"""Where it broke and why: crashes and hangs of real firmware, seen from outside."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.deadline import Deadline
from pytest_karatos.debug.debugger import Debugger
from pytest_karatos.debug.faults import FaultReport
from pytest_karatos.debug.frame import Frame
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot, Machine
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import DebugFailed, UnknownName
from tests.emulated.booting import Start, both
from tests.emulated.debugging import (
    BARE,
    DEBUG,
    FAT_LTO,
    LEGACY,
    LINES,
    V0,
    Build,
    attached,
    crash_image,
    debugged,
    marked,
)
from tests.emulated.tiny_guest import RISCV

Crash = Callable[..., AbstractContextManager[Debugger]]
with_lines = pytest.mark.parametrize("build", [DEBUG, LINES, FAT_LTO], ids=lambda one: one.name)


@pytest.fixture
def crash(tmp_path: Path) -> Crash:
    @contextmanager
    def crashed(board: Board, case: str, build: Build = DEBUG) -> Iterator[Debugger]:
        elf = crash_image(tmp_path, board.arch, case, build)
        boot = Boot(board=board, elf=elf, folder=tmp_path / "boot")
        with QemuEmulator().boot(boot, HostLauncher()) as machine:
            machine.console.expect("F", timeout=10)
            let_it_be_stuck(machine)
            with debugged(machine, elf, tmp_path) as debugger:
                yield debugger

    return crashed


def let_it_be_stuck(machine: Machine) -> None:
    """Wait until it has left the function that printed its last letter for its endless loop."""
    printed = machine.instructions or 0
    deadline = Deadline(10)
    while (machine.instructions or 0) < printed + 10_000:
        assert not deadline.expired


def faulted(debugger: Debugger) -> tuple[FaultReport, Frame]:
    report = debugger.fault()
    assert report is not None
    assert report.frame is not None
    return report, report.frame


def functions(frames: tuple[Frame, ...]) -> list[str]:
    return [place.function for frame in frames for place in frame.places]


def lines(frame: Frame) -> set[int]:
    return {place.line for place in frame.places}


def in_order(names: list[str], *expected: str) -> bool:
    rest = iter(names)
    return all(name in rest for name in expected)


@both
@with_lines
@pytest.mark.parametrize("case", ["load", "illegal", "interrupt", "task"])
def test_a_crash_in_a_nested_function(crash: Crash, board: Board, build: Build, case: str) -> None:
    with crash(board, case, build) as debugger:
        frames = debugger.where()
        _, broken = faulted(debugger)
    marker = "BROKEN HERE: illegal" if case == "illegal" else "BROKEN HERE: load"
    assert marked(marker) in lines(broken)
    assert broken.found == "exception"
    names = functions(frames)
    assert in_order(names, "crash::breaks", "crash::middle", "crash::outer")
    outer = next(one for one in frames if "crash::outer" in functions((one,)))
    assert marked("CALLED FROM HERE") in lines(outer)
    assert outer.is_sure
    assert {"interrupt": "crash::timer", "task": "crash::body"}.get(case, "crash::start") in names


@both
@with_lines
def test_a_crash_in_inlined_functions(crash: Crash, board: Board, build: Build) -> None:
    with crash(board, "inlined", build) as debugger:
        _, broken = faulted(debugger)
    names = [place.function for place in broken.places]
    assert in_order(names, "crash::arch::illegal", "crash::deeper", "crash::breaks")
    assert [place.inlined for place in broken.places[:3]] == [True, True, True]
    deeper = broken.places[names.index("crash::deeper")]
    assert deeper.line == marked("BROKEN HERE: inlined")
    assert Path(deeper.file).name == "crash.rs"


@both
@with_lines
def test_a_hang_in_a_loop(crash: Crash, board: Board, build: Build) -> None:
    with crash(board, "hang", build) as debugger:
        frames = debugger.where()
        assert debugger.fault() is None
    hung = next(one for one in frames if "crash::breaks" in functions((one,)))
    assert marked("BROKEN HERE: hang") in lines(hung)
    assert in_order(functions(frames), "crash::middle", "crash::outer", "crash::start")


@both
@pytest.mark.parametrize("case", ["load", "hang", "task", "interrupt"])
def test_without_debug_information(crash: Crash, board: Board, case: str) -> None:
    with crash(board, case, BARE) as debugger:
        frames = debugger.where()
    names = functions(frames)
    assert in_order(names, "crash::breaks", "crash::middle", "crash::outer")
    guessed = [one for one in frames if "crash::outer" in functions((one,))]
    assert not guessed[0].is_sure
    assert "guess" in str(guessed[0]) or "frame pointer" in str(guessed[0])
    assert all(place.line == 0 for frame in frames for place in frame.places)


@both
@pytest.mark.parametrize("build", [V0, LEGACY], ids=lambda one: one.name)
def test_both_manglings_of_rust(crash: Crash, board: Board, build: Build) -> None:
    with crash(board, "load", build) as debugger:
        assert in_order(functions(debugger.where()), "crash::breaks", "crash::middle")
        assert debugger.symbol("crash::middle") == debugger.symbol("middle")


HEADLINES = {
    ("arm", "load"): "an unaligned load or store in crash::arch::load, crash.rs:",
    ("arm", "illegal"): "an undefined instruction in crash::arch::illegal, crash.rs:",
    ("riscv", "load"): "a load where nothing answers, or is not allowed in crash::arch::load, cra",
    ("riscv", "illegal"): "an illegal instruction in crash::arch::illegal, crash.rs:",
}


@both
@pytest.mark.parametrize("case", ["load", "illegal"])
def test_the_line_that_says_it(crash: Crash, board: Board, case: str) -> None:
    with crash(board, case) as debugger:
        report, _ = faulted(debugger)
    assert report.headline.startswith(HEADLINES[board.arch, case])
    names = [one.name for one in report.registers]
    if board.arch == "arm":
        assert report.kind == "HardFault"
        assert names == ["CFSR", "HFSR"]
        assert report.registers[1].bits == ("FORCED",)
    else:
        assert report.kind == {"load": "trap 5", "illegal": "trap 2"}[case]
        assert report.address == {"load": 0x9000_0000, "illegal": None}[case]
        assert report.headline.endswith(
            {"load": ", address 0x90000000 (trap 5)", "illegal": " (trap 2)"}[case]
        )


@both
def test_an_interrupt_and_what_it_interrupted(crash: Crash, board: Board) -> None:
    with crash(board, "interrupt") as debugger:
        frames = debugger.where()
    names = functions(frames)
    assert in_order(names, "crash::timer", "crash::arch::interrupt", "crash::start")
    if board.arch == "arm":
        assert [one.exception for one in frames if one.exception] == ["HardFault", "SysTick"]


@both
def test_variables_and_registers(crash: Crash, board: Board) -> None:
    with crash(board, "hang") as debugger:
        assert debugger.read_symbol("COUNTER") == (0x1234_5678).to_bytes(4, "little")
        assert debugger.symbol("COUNTER").size_bytes == 4
        registers = debugger.registers()
        assert registers["pc"] == debugger.where()[0].pc
        assert list(registers)[:2] == {"arm": ["r0", "r1"], "riscv": ["ra", "sp"]}[board.arch]
        with pytest.raises(UnknownName, match="did you mean 'COUNTER'"):
            debugger.symbol("COUNTR")
        if board.arch == "riscv":
            with pytest.raises(DebugFailed, match="does not say how large '_start' is"):
                debugger.read_symbol("_start")


def test_a_trap_that_no_code_serves(start: Start, tmp_path: Path) -> None:
    with start(RISCV, ("say", b"up\n"), ("poke", 0x9000_0000, 1)) as machine:
        machine.console.expect("up")
        machine.run_for(0.001)
        elf = tmp_path / "riscv.elf"
        with debugged(machine, elf, tmp_path) as debugger:
            report = debugger.fault()
    assert report is not None
    assert report.headline.startswith("a trap that no code serves (mtvec is 0x0) at 0x00000000")


@both
def test_breakpoints_and_steps(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"up\n"), ("delay", 9), ("again", 1)) as machine:
        machine.console.expect("up")
        with attached(machine, tmp_path) as client:
            here = client.registers({"pc"})["pc"]
            client.set_breakpoint(here)
            assert client.resume(5).signal == 5
            assert client.registers({"pc"})["pc"] == here
            client.remove_breakpoint(here)
            assert client.step().signal == 5
            assert client.registers({"pc"})["pc"] != here
            client.write_memory(board.regions[0].start + 0x8000, b"written")
            assert client.read_memory(board.regions[0].start + 0x8000, 7) == b"written"


def test_each_hart_is_looked_at(start: Start, tmp_path: Path) -> None:
    with start(RISCV, ("say", b"up\n"), ("spin",), arguments=("-smp", "2")) as machine:
        machine.console.expect("up")
        with attached(machine, tmp_path) as client:
            harts = []
            for thread in client.threads():
                client.select(thread)
                harts.append(client.registers({"mhartid"})["mhartid"])
    assert harts == [0, 1]


@both
def test_memory_that_is_not_there(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        with attached(machine, tmp_path) as client:
            with pytest.raises(DebugFailed, match="no memory at 0xf0000000"):
                client.read_memory(0xF000_0000, 4)
            assert client.read_memory(board.regions[0].start, 3000)[:1] != b""
