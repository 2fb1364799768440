"""Where firmware for RISC-V of 64 bits broke: the same words as for 32, by data alone."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos import Bench, Machine
from pytest_karatos.artifacts import open_run
from pytest_karatos.debug.archs import archs
from pytest_karatos.errors import Faulted, Stuck
from pytest_karatos.exit_check import judge
from pytest_karatos.settings import load
from tests.emulated.debugging import BARE, DEBUG, LINES, Build, marked, rv64_image

Boot = Callable[[Build], AbstractContextManager[Machine]]


@pytest.fixture
def booted(tmp_path: Path) -> Boot:
    @contextmanager
    def boot(build: Build) -> Iterator[Machine]:
        (tmp_path / "karatos.toml").write_text("[console]\nsilence = 1\n")
        environ = {"KARATOS_CACHE": str(tmp_path / "cache")}
        typed = {"elf": [f"virt-rv64={rv64_image(tmp_path, build)}"], "board": "virt-rv64"}
        settings = load(root=tmp_path, environ=environ, typed=typed)
        run = open_run(settings.artifacts)
        with (
            Bench(settings=settings, environ=environ, run=run) as bench,
            bench.boot(bench.firmware(bench.board("virt-rv64")), "crash") as machine,
        ):
            machine.console.expect("F")
            yield machine

    return boot


@pytest.mark.parametrize("build", [DEBUG, LINES], ids=lambda one: one.name)
def test_a_fault_has_its_line_its_caller_and_its_registers(booted: Boot, build: Build) -> None:
    with pytest.raises(Stuck) as caught, booted(build) as machine:
        machine.console.expect("never")
    with booted(build) as machine:
        machine.run_for(0.01)
        where = machine.where()
    first, *rest = str(caught.value).splitlines()
    assert first == (
        "A load where nothing answers, or is not allowed in "
        f"rv64::breaks, rv64.rs:{marked('BROKEN HERE: rv64', 'rv64.rs')}, "
        "address 0x70000000000000 (trap 5)."
    )
    caller = f"rv64::outer, rv64.rs:{marked('CALLED FROM HERE', 'rv64.rs')}"
    assert [caller in line for line in rest].count(True) == 1
    assert all(frame.is_sure for frame in where.frames[:3])
    assert any("mcause 0x00000005, mepc 0x8000" in line for line in rest)


def test_a_fault_that_nobody_prints_is_red(booted: Boot) -> None:
    with pytest.raises(Faulted) as caught, booted(BARE) as machine:
        judge(machine)
    first = str(caught.value).splitlines()[0]
    assert first.startswith("A load where nothing answers, or is not allowed in breaks, addr")
    assert first.endswith("; nobody printed a word of it.")


def test_who_runs_into_the_code_of_a_trap_is_in_none(booted: Boot) -> None:
    with booted(replace(DEBUG, quiet=True)) as machine:
        machine.run_for(0.01)
        where = machine.where()
    assert where.functions[0] == "fault"
    assert where.headline == ""


def test_what_is_like_another_is_as_there_where_it_says_nothing() -> None:
    narrow, wide = (one for one in archs() if one.name.startswith("riscv"))
    assert wide.trap is not None
    assert narrow.trap is not None
    assert (wide.dwarf, wide.trap.faults) == (narrow.dwarf, narrow.trap.faults)
    assert (wide.word_bytes, wide.trap.interrupt) == (8, 1 << 63)
    assert not wide.call_in((0x2001).to_bytes(2, "little")), "c.addiw, which is c.jal in 32 bits"
    assert narrow.call_in((0x2001).to_bytes(2, "little"))
