"""What a boot leaves in writing: its facts, when its bytes came, and nothing of dead processes."""

import hashlib
import json
import os
import re
import signal
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.board import Board
from pytest_karatos.console import timestamps
from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import BootFailed, MachineEnded
from tests.emulated.booting import Start, both, gone, pid_of
from tests.emulated.tiny_guest import ARM


def folder_of(machine: Machine) -> Path:
    return machine.console.transcript.parent


def written(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "boot.json").read_text())
    assert facts.pop("schema") == 2
    return facts


def at_rest(machine: Machine) -> int | None:
    """Return the count when it grows no more: behind its last byte the guest has a few to go."""
    deadline, last, now = Deadline(5), None, machine.instructions
    while last != now and not deadline.expired:
        time.sleep(0.1)
        last, now = now, machine.instructions
    return now


@both
def test_a_firmware_that_ended_by_itself(start: Start, board: Board, tmp_path: Path) -> None:
    with start(board, ("say", b"hello\n"), ("exit", 7)) as machine:
        machine.wait(5)
    facts = written(folder_of(machine))
    assert facts == machine.facts()
    assert (facts["state"], facts["exit_status"], facts["bytes"]) == ("ended", 7, 6)
    assert (facts["board"], facts["arch"]) == (board.name, board.arch)
    assert facts["elf_sha256"] == hashlib.sha256(Path(facts["elf"]).read_bytes()).hexdigest()
    assert facts["folder"] == str(tmp_path / "boot")
    assert re.match(r"QEMU \d+\.\d+\.\d+", facts["emulator"])
    assert facts["argv"][0] == board.emulator
    assert datetime.fromisoformat(facts["started"]).utcoffset() is not None
    assert 0 < facts["seconds"] < 5
    assert facts["instructions"] is None
    assert facts["lost"] == []


@both
def test_a_firmware_that_ran_on(start: Start, board: Board) -> None:
    with start(board, ("say", b"up\n"), ("delay", 1000), ("spin",)) as machine:
        machine.console.expect("up")
        assert machine.facts()["state"] == "running"
        machine.pause()
        machine.reset()
        machine.resume()
        machine.console.expect("up")
        assert machine.run_for(0.001).enough
    facts = written(folder_of(machine))
    assert (facts["state"], facts["exit_status"]) == ("stopped", None)
    assert (facts["pauses"], facts["resets"]) == (1, 1)
    assert facts["instructions"] > 1000
    assert machine.instructions == facts["instructions"]


@both
def test_resets_that_the_firmware_was_told_to(start: Start, board: Board) -> None:
    steps = [("say", b"up\n"), ("hear",), ("reset once",), ("say", b"on\n")]
    with start(board, *steps) as machine:
        for said in ("up", "up"):
            machine.console.expect(said)
            machine.console.send("x")
        machine.console.expect("on")
    facts = written(folder_of(machine))
    assert (facts["resets"], facts["own_resets"], facts["unasked_resets"]) == (0, 1, 0)


@both
def test_resets_that_nobody_asked_for(start: Start, board: Board) -> None:
    with start(board, ("say", b"up\n"), ("reset once",), ("say", b"on\n")) as machine:
        machine.console.expect_in_order("up", "up", "on")
    facts = written(folder_of(machine))
    assert (facts["resets"], facts["own_resets"], facts["unasked_resets"]) == (0, 1, 1)


@both
def test_instructions_are_counted_exactly_where_the_guest_idles(start: Start, board: Board) -> None:
    counted = []
    for _ in range(2):
        with start(board, ("delay", 1000), ("say", b"up\n"), ("idle",)) as machine:
            machine.console.expect("up\n")
            counted.append(at_rest(machine))
    assert counted[0] == counted[1]
    assert counted[0]
    assert 2000 < counted[0] < 2100


def test_without_icount_nothing_is_counted(start: Start) -> None:
    with start(replace(ARM, icount="off"), ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        assert machine.instructions is None
    assert written(folder_of(machine))["instructions"] is None


def test_a_killed_qemu_ended_by_itself(start: Start) -> None:
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        before = machine.instructions
        os.kill(pid_of(machine), signal.SIGKILL)
        with pytest.raises(MachineEnded):
            machine.console.expect("more")
    facts = written(folder_of(machine))
    assert (facts["state"], facts["exit_status"]) == ("ended", -9)
    assert facts["instructions"] == before


def test_a_deaf_qemu_is_stopped_and_its_facts_are_written(start: Start) -> None:
    with start(ARM, ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        pid = pid_of(machine)
        os.kill(pid, signal.SIGSTOP)
    facts = written(folder_of(machine))
    assert (facts["state"], facts["instructions"]) == ("stopped", None)
    assert gone(pid, 0.5)


def test_a_boot_that_failed_is_told_too(start: Start, tmp_path: Path) -> None:
    boot = start(ARM, ("spin",), arguments=("-device", "no-such-thing"))
    with pytest.raises(BootFailed), boot:
        pass
    facts = written(tmp_path / "boot")
    assert (facts["state"], facts["exit_status"], facts["seconds"]) == ("failed", 1, 0.0)


@both
def test_each_line_has_its_time(start: Start, board: Board) -> None:
    with start(board, ("say", b"first\n"), ("echo",)) as machine:
        machine.console.expect("first\n")
        time.sleep(0.2)
        machine.console.sendline("second")
        machine.console.expect("second\n")
    times = timestamps.read(folder_of(machine))
    first, second = times.seconds_at(0), times.seconds_at(len("first\n"))
    assert first is not None
    assert second is not None
    assert 0 < first < second <= machine.facts()["seconds"]
    assert second - first >= 0.2


@both
def test_a_full_disk_turns_no_verdict(start: Start, board: Board, tmp_path: Path) -> None:
    folder = tmp_path / "boot"
    folder.mkdir()
    for name in ("console.log", "console.times", "stderr.log", "stdout.log"):
        (folder / name).symlink_to("/dev/full")
    (folder / "command.txt").mkdir()
    with start(board, ("say", b"hello\nbye\n"), ("exit", 0)) as machine:
        machine.console.expect_in_order("hello", "bye")
        assert machine.wait(5) == 0
    assert machine.console.text == "hello\nbye\n"
    machine.console.check()
    lost = written(folder)["lost"]
    assert [Path(one.partition(":")[0]).name for one in lost] == [
        "command.txt",
        "console.log",
        "console.times",
    ]
