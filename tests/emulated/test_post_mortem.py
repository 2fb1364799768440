"""What a failed test is told of its machine, and what a test can ask of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos import Bench, Machine
from pytest_karatos.artifacts import open_run
from pytest_karatos.board import Board
from pytest_karatos.errors import (
    BadFirmware,
    DebugFailed,
    MachineEnded,
    NotSeen,
    Stuck,
    UnknownName,
)
from pytest_karatos.settings import load
from tests.emulated.booting import both
from tests.emulated.debugging import BARE, DEBUG, FAT_LTO, LINES, Build, crash_image, marked

Crashed = Callable[..., AbstractContextManager[Machine]]
QUICK = "[console]\nsilence = 1\n[boards.two]\narch = 'riscv'\ndefault = false\n"
QUICK += "qemu = ['-machine', 'virt', '-bios', 'none', '-smp', '2']\n"


@pytest.fixture
def crashed(tmp_path: Path) -> Crashed:
    """Boot an image that breaks as a user does it, by the bench."""

    @contextmanager
    def boot(board: Board | str, case: str, build: Build = DEBUG) -> Iterator[Machine]:
        name, arch = (board, "riscv") if isinstance(board, str) else (board.name, board.arch)
        elf = crash_image(tmp_path, arch, case, build)
        (tmp_path / "karatos.toml").write_text(QUICK)
        typed = {"elf": [f"{name}={elf}"], "board": name}
        environ = {"KARATOS_CACHE": str(tmp_path / "cache")}
        settings = load(root=tmp_path, environ=environ, typed=typed)
        run = open_run(settings.artifacts)
        with (
            Bench(settings=settings, environ=environ, run=run) as bench,
            bench.boot(bench.firmware(bench.board(name)), "crash") as machine,
        ):
            machine.console.expect("F")
            yield machine

    return boot


@both
def test_what_a_test_can_ask(crashed: Crashed, board: Board) -> None:
    with crashed(board, "hang") as machine:
        machine.run_for(0.01)
        assert machine.read_memory("COUNTER") == (0x1234_5678).to_bytes(4, "little")
        assert machine.symbol("COUNTER").size_bytes == 4
        address = machine.symbol("COUNTER").address
        assert machine.read_memory(address, 4) == machine.read_memory("COUNTER")
        assert machine.read_memory("COUNTER", 2) == b"\x78\x56"
        where = machine.where()
        assert {"crash::breaks", "crash::middle", "crash::outer"} <= set(where.functions)
        assert where.place is not None
        assert (where.place.function, where.place.line) == (
            "crash::breaks",
            marked("BROKEN HERE: hang"),
        )
        assert where.fault is None
        assert where.headline == ""
        machine.pause()
        assert machine.registers["pc"] == machine.where().frames[0].pc
        machine.resume()
        before = machine.instructions or 0
        machine.run_for(0.01)
        assert (machine.instructions or 0) > before, "it goes on"


@both
def test_what_cannot_be_asked(crashed: Crashed, board: Board) -> None:
    with crashed(board, "hang") as machine:
        with pytest.raises(UnknownName, match=r"has no symbol 'COUNTRE'(.|\n)*mean 'COUNTER'"):
            machine.read_memory("COUNTRE")
        with pytest.raises(ValueError, match="size must be positive"):
            machine.read_memory(0x1000)
        if board.arch == "riscv":
            with pytest.raises(DebugFailed, match=r"does not say how large '_start' is(.|\n)*SIZE"):
                machine.read_memory("_start")
    with pytest.raises(MachineEnded, match="has ended"):
        machine.where()
    with pytest.raises(MachineEnded, match="has ended"):
        _ = machine.registers
    assert machine.symbol("COUNTER").size_bytes == 4


def failure_of(crashed: Crashed, board: Board | str, case: str, build: Build = DEBUG) -> list[str]:
    with pytest.raises(Stuck) as caught, crashed(board, case, build) as machine:
        machine.console.expect("never")
    return str(caught.value).splitlines()


@both
@pytest.mark.parametrize("build", [DEBUG, LINES], ids=lambda one: one.name)
def test_a_fault_is_the_first_line_of_the_failure(
    crashed: Crashed, board: Board, build: Build
) -> None:
    lines = failure_of(crashed, board, "load", build)
    cause = {"arm": "An unaligned load or store", "riscv": "A load where nothing answers"}
    assert lines[0].startswith(cause[board.arch])
    assert f"crash::breaks, crash.rs:{marked('BROKEN HERE: load')}" in lines[0]
    assert lines[1].startswith("Waited for 'never'; the firmware has been silent for")
    text = "\n".join(lines)
    register = {"arm": "CFSR 0x01000000 (UNALIGNED)", "riscv": "mtval 0x90000000"}
    assert f"crash::outer, crash.rs:{marked('CALLED FROM HERE')}" in text
    assert register[board.arch] in text


@both
def test_a_loop_is_told_with_its_place(crashed: Crashed, board: Board) -> None:
    lines = failure_of(crashed, board, "hang", LINES)
    place = f"crash::breaks, crash.rs:{marked('BROKEN HERE: hang')}"
    assert lines[0].endswith(f"; the processor is in {place}.")
    assert lines[0].startswith("Waited for 'never'; the firmware has been silent")


@both
def test_without_lines_it_says_how_to_get_them(crashed: Crashed, board: Board) -> None:
    text = "\n".join(failure_of(crashed, board, "load", BARE))
    assert "crash::breaks+0x" in text
    assert "(guess" in text
    assert 'debug = "line-tables-only"' in text


#: Fifteen ways to break; where two break at one place, the place's marker.
CASES = {
    **{
        one: one
        for one in (
            *("load", "illegal", "hang", "bounds", "unwrap", "assertion", "null", "divide"),
            *("unserved", "breakpoint", "lock", "sleep", "inlined"),
        )
    },
    "interrupt": "load",
    "task": "load",
}


def first_line(crashed: Crashed, board: Board, case: str, build: Build) -> str:
    """Return the first line of a failed wait, whose machine has gone to its end by then."""
    with pytest.raises(NotSeen) as caught, crashed(board, case, build) as machine:  # noqa: PT012
        machine.run_for(0.01)
        machine.console.expect("never", timeout=0.1)
    return str(caught.value).splitlines()[0]


@both
@pytest.mark.parametrize("build", [DEBUG, LINES], ids=lambda one: one.name)
@pytest.mark.parametrize("case", CASES)
def test_the_first_line_has_function_and_line(
    crashed: Crashed,
    board: Board,
    build: Build,
    case: str,
    record_property: Callable[[str, object], None],
) -> None:
    quiet = replace(build, quiet=case not in {"hang", "lock", "sleep"})
    line = first_line(crashed, board, case, quiet)
    record_property("first line", line)
    assert f"crash.rs:{marked(f'BROKEN HERE: {CASES[case]}')}" in line, line


@both
@pytest.mark.parametrize(
    ("case", "build"),
    [
        ("inlined", FAT_LTO),
        ("tail", LINES),
        ("interrupt", FAT_LTO),
        ("bounds", FAT_LTO),
        ("task", FAT_LTO),
    ],
    ids=["inlined", "tail-called", "in an interrupt", "panic under LTO", "in a second task"],
)
def test_the_first_line_where_the_compiler_was_at_work(
    crashed: Crashed,
    board: Board,
    case: str,
    build: Build,
    record_property: Callable[[str, object], None],
) -> None:
    line = first_line(crashed, board, case, replace(build, quiet=True))
    record_property("first line", line)
    marker = CASES.get(case, "load")
    assert f"crash.rs:{marked(f'BROKEN HERE: {marker}')}" in line, line


def test_each_hart_is_told(crashed: Crashed) -> None:
    text = "\n".join(failure_of(crashed, "two", "load"))
    assert "hart 0: #0" in text
    assert "hart 1: #0" in text


@both
def test_a_look_that_fails_hides_nothing(
    crashed: Crashed, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("pytest_karatos.emulators.qemu.stub.look", broken)
    lines = failure_of(crashed, board, "load")
    assert lines[0].startswith("Waited for 'never'")
    assert lines[-1] == "  looking into the machine failed: RuntimeError: boom"


@both
def test_a_look_that_takes_too_long_is_cut_short(
    crashed: Crashed, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()

    def endless(*_: object) -> None:
        while not is_over.is_set():
            pass

    monkeypatch.setattr("pytest_karatos.emulators.qemu.stub.look", endless)
    monkeypatch.setattr("pytest_karatos.emulators.qemu.stub._CPU_SECONDS", 0.1)
    try:
        lines = failure_of(crashed, board, "load")
    finally:
        is_over.set()
    assert lines[-1] == "  more could not be told within 0.1 s of work"


@both
def test_an_elf_that_has_gone(crashed: Crashed, board: Board) -> None:
    with crashed(board, "hang") as machine:
        elf = Path(machine.facts()["elf"])
        elf.unlink()
        with pytest.raises(BadFirmware, match="cannot be read"):
            machine.where()
        assert "cannot be read" in machine.post_mortem().trouble
