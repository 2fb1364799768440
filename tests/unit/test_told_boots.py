"""What the ledger says of a boot is what its machine says; of a dead worker's, what is on disk."""

import json
from pathlib import Path

from pytest_karatos.emulators.facts import unknown_boot
from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.facts import boot_facts, boot_of_the_dead


def test_a_dead_workers_boot_is_told_by_its_files(tmp_path: Path) -> None:
    told = {"board": "virt", "bytes": 8, "seconds": 1.5, "exit_status": 3, "emulator": "QEMU 7.2.9"}
    (tmp_path / "boot.json").write_text(json.dumps({"schema": 2, **told}))
    (tmp_path / "console.log").write_bytes(b"one\ntwo\n")
    (tmp_path / "console.times").write_text("[0,0.25]\n[4,0.75]\n")
    facts = boot_of_the_dead(tmp_path, Reading())
    assert [line["seconds"] for line in facts["log"]] == [0.25, 0.75]
    assert {key: facts[key] for key in told} == told  # type: ignore[literal-required]
    assert [(one["name"], one["value"]) for one in facts["measurements"]] == [("console_bytes", 8)]
    assert (facts["instructions"], facts["elsewhere"]) == (None, [])


def test_what_came_out_elsewhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "stdout.log").write_bytes(b"Hard Fault at 0x41c\n")
    (tmp_path / "uart1.log").write_bytes(b"\x1b[1mwrong line\n")
    (tmp_path / "uart2.log").write_bytes(b"")
    told = unknown_boot(str(tmp_path))
    assert boot_facts(told, [], tmp_path / "console.log", Reading())["elsewhere"] == [
        {"name": "uart1.log", "bytes": 15, "lines": ["wrong line"]},
        {"name": "stdout.log", "bytes": 20, "lines": ["Hard Fault at 0x41c"]},
    ]


def test_a_boot_without_files_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "boot.json").write_text("[half")
    facts = boot_of_the_dead(tmp_path / "gone", Reading())
    assert (facts["log"], facts["exit_status"], facts["command"]) == ([], None, "")
    assert boot_of_the_dead(tmp_path, Reading())["bytes"] == 0
