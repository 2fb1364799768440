"""A failure gone on from by hand: the same boot at the same instruction, and a gdb finds it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.debug.gdb import GdbClient
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from tests.emulated import harts
from tests.emulated.booting import RULES, Start, both
from tests.emulated.tiny_guest import ARM, image

COMMAND = [sys.executable, "-m", "pytest_karatos", "debug", "--replay"]
TWO_HARTS = """
[boards.virt]
qemu = ["-machine", "virt", "-cpu", "rv32", "-smp", "2", "-m", "128M", "-bios", "none"]
"""
ATTACH = re.compile(r"(\S+) (\S+\.elf) -ex 'target remote (127\.0\.0\.1):(\d+)'")


@contextmanager
def standing(cwd: Path, folder: Path, **environ: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Run the command until it waits for gdb; give what it said, and how to attach."""
    with subprocess.Popen(
        [*COMMAND, str(folder)],
        cwd=cwd,
        env={**os.environ, "KARATOS_BUILDER": "prebuilt", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        said = ""
        try:
            assert process.stderr is not None
            while not (found := ATTACH.search(said)):
                line = process.stderr.readline()
                assert line, said
                said += line
            yield said, found
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()


def refused(folder: Path) -> str:
    done = subprocess.run(
        [*COMMAND, str(folder)], cwd=folder.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    return done.stderr


@both
@pytest.mark.parametrize("variation", ["", "shift=3"])
def test_it_stands_where_the_test_failed(
    start: Start, board: Board, tmp_path: Path, variation: str
) -> None:
    steps = (("say", b"up\n"), ("delay", 300_000), ("say", b"tick\n"), ("again", 1))
    with start(board, *steps, variation=variation) as machine:
        machine.console.expect("tick\n")
        machine.post_mortem()
    facts = machine.facts()
    where = facts["where"]
    assert where is not None
    with standing(tmp_path, tmp_path / "boot") as (said, found):
        assert f"stands after {facts['instructions']:,} instructions, where its test failed" in said
        assert found[2] == facts["elf"]
        with GdbClient.connect((found[3], int(found[4]))) as gdb:
            pc = gdb.registers({"pc"})["pc"]
            assert pc == int(where["cores"][0]["registers"]["pc"], 0)
            assert gdb.step().signal == 5
            assert gdb.registers({"pc"})["pc"] != pc


def test_a_boot_of_two_harts_is_refused_with_the_reason(tmp_path: Path) -> None:
    boot = Boot(
        board=harts.BOARD,
        elf=harts.counting(tmp_path),
        folder=tmp_path / "boot",
        rules=RULES,
        variation="shift=6,slice=37",
    )
    (tmp_path / "karatos.toml").write_text(TWO_HARTS)
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        machine.console.expect("all counted\n|some lost\n")
        machine.post_mortem()
    said = refused(tmp_path / "boot")
    assert "board 'virt' has 2 cores, and QEMU runs one after the other" in said
    assert "--karatos-vary" in said


@both
def test_what_was_typed_is_typed_again(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"> "), ("echo",)) as machine:
        machine.console.expect("> ")
        machine.console.send("hi\n")
        machine.console.expect("hi\n")
        machine.post_mortem()
    count = machine.facts()["instructions"]
    with standing(tmp_path, tmp_path / "boot") as (said, _):
        assert f"stands after {count:,} instructions" in said


def test_a_machine_that_ended_is_taken_to_its_last_byte(start: Start, tmp_path: Path) -> None:
    with start(ARM, ("say", b"bye\n"), ("exit", 3)) as machine:
        assert machine.wait(20) == 3
    with standing(tmp_path, tmp_path / "boot") as (said, _):
        assert "where its last byte was printed" in said


def test_what_cannot_be_replayed(start: Start, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "is not the folder of a boot: it has no boot.json" in refused(tmp_path / "empty")
    (tmp_path / "empty" / "boot.json").write_text("[" * 100_000)
    assert "is not the folder of a boot" in refused(tmp_path / "empty")
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up\n")
    image(tmp_path, "arm", ("say", b"other\n"))
    assert "arm.elf is another one now" in refused(tmp_path / "boot")
    (tmp_path / "arm.elf").unlink()
    assert "arm.elf is gone" in refused(tmp_path / "boot")


@pytest.mark.parametrize("there", ["", "gdb-multiarch", "arm-none-eabi-gdb"])
def test_the_gdb_that_is_there_is_named(start: Start, tmp_path: Path, there: str) -> None:
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up\n")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("qemu-system-arm", "bwrap"):
        for folder in os.environ["PATH"].split(":"):
            if (Path(folder) / name).exists():
                (tools / name).symlink_to(Path(folder) / name)
                break
    if there:
        (tools / there).touch(mode=0o755)
    with standing(tmp_path, tmp_path / "boot", PATH=str(tools)) as (said, found):
        assert found[1] == (there or "gdb-multiarch")
        assert ("apt-get install gdb-multiarch" in said) == (not there)
