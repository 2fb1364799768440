"""Faults and panics that nobody prints: red at the end of a test, however healthy the console."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos import Bench, Machine
from pytest_karatos.artifacts import open_run
from pytest_karatos.board import Board
from pytest_karatos.errors import Faulted
from pytest_karatos.exit_check import judge
from pytest_karatos.settings import load
from tests.emulated.booting import both
from tests.emulated.debugging import DEBUG, LINES, Build, crash_image, marked
from tests.emulated.tiny_guest import RISCV

Booted = Callable[..., AbstractContextManager[Machine]]
QUIET = [replace(one, quiet=True) for one in (DEBUG, LINES)]
quiet = pytest.mark.parametrize("build", QUIET, ids=lambda one: one.name)


@pytest.fixture
def booted(tmp_path: Path) -> Booted:
    @contextmanager
    def boot(board: Board, case: str, build: Build, toml: str = "") -> Iterator[Machine]:
        elf = crash_image(tmp_path, board.arch, case, build)
        (tmp_path / "karatos.toml").write_text(toml)
        typed = {"elf": [f"{board.name}={elf}"], "board": board.name}
        environ = {"KARATOS_CACHE": str(tmp_path / "cache")}
        settings = load(root=tmp_path, environ=environ, typed=typed)
        run = open_run(settings.artifacts)
        with (
            Bench(settings=settings, environ=environ, run=run) as bench,
            bench.boot(bench.firmware(bench.board(board.name)), "silent") as machine,
        ):
            machine.console.expect("F")
            yield machine

    return boot


@both
@quiet
@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("load", "^An? (unaligned )?load "),
        ("bounds", "^A panic in "),
        ("assertion", "^A failed assertion in "),
        ("unserved", "^An interrupt or exception that no code serves in "),
        ("null", r"^An? (jump|instruction fetch) .*, called from "),
        ("divide", "^A (division by zero|panic) in "),
    ],
)
def test_it_is_red_and_named(
    booted: Booted, board: Board, build: Build, case: str, said: str
) -> None:
    with pytest.raises(Faulted, match=said) as caught, booted(board, case, build) as machine:
        judge(machine)
    first = str(caught.value).splitlines()[0]
    assert first.endswith("; nobody printed a word of it.")
    assert f"crash.rs:{marked(f'BROKEN HERE: {case}')}" in str(caught.value)


def test_a_trap_vector_of_zeros_is_red(booted: Booted) -> None:
    with pytest.raises(Faulted) as caught, booted(RISCV, "novector", QUIET[1]) as machine:
        judge(machine)
    first = str(caught.value).splitlines()[0]
    assert first.startswith("A trap that no code serves (mtvec is 0x0) at 0x00000000")
    assert "after crash::breaks was called in crash::middle, crash.rs:" in first


@both
def test_a_panic_is_red_while_interrupts_go_on(booted: Booted, board: Board) -> None:
    with (
        booted(board, "bounds", replace(LINES, quiet=True, ticking=True)) as machine,
        pytest.raises(Faulted, match=r"^A panic in crash::breaks"),
    ):
        judge(machine)


@both
@pytest.mark.parametrize("case", ["hang", "sleep", "lock", "idle", "idle_in_handler", "handled"])
@pytest.mark.parametrize("build", [QUIET[1], replace(QUIET[1], ticking=True)], ids=["", "ticking"])
def test_what_only_waits_or_recovers_is_green(
    booted: Booted, board: Board, case: str, build: Build
) -> None:
    with booted(board, case, build) as machine:
        judge(machine)


@both
def test_it_is_excused_in_the_usual_ways(booted: Booted, board: Board) -> None:
    for text in ("panic", "crash::breaks"):
        with booted(board, "bounds", QUIET[1]) as machine:
            machine.console.allow(text)
            judge(machine)
    with booted(board, "bounds", QUIET[1], "[console]\nprocessor_faults = false\n") as machine:
        judge(machine)
    # A fault that was printed, and waited for or allowed, is no silent one.
    with booted(board, "load", LINES, "[console]\nfaults = ['F']\n") as machine:
        judge(machine)


@both
def test_what_is_excused_excuses_nothing_else(booted: Booted, board: Board) -> None:
    with booted(board, "load", QUIET[1]) as machine:
        machine.console.allow("panic")
        with pytest.raises(Faulted):
            judge(machine)
