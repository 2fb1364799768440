"""What the ledger says of a boot comes from the boot's own files, and from none of them too."""

import json
from pathlib import Path

from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.facts import boot_facts


def test_a_boot_is_told_in_the_ledgers_names(tmp_path: Path) -> None:
    told = {"board": "virt", "bytes": 8, "wall_seconds": 1.5, "exit_status": 3, "qemu": "7.2.9"}
    (tmp_path / "boot.json").write_text(json.dumps(told))
    (tmp_path / "command.txt").write_text("# how\nqemu -M virt\n\n# what\nqemu -S\n")
    (tmp_path / "console.log").write_bytes(b"one\ntwo\n")
    (tmp_path / "console.times").write_text("[0,0.25]\n[4,0.75]\n")
    facts = boot_facts(tmp_path, Reading())
    assert [line["seconds"] for line in facts.pop("log")] == [0.25, 0.75]
    assert facts == {
        "board": "virt",
        "bytes": 8,
        "seconds": 1.5,
        "exit_status": 3,
        "instructions": None,
        "emulator": "QEMU 7.2.9",
        "command": "qemu -M virt",
        "folder": str(tmp_path),
        "elsewhere": [],
    }


def test_what_came_out_elsewhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "stdout.log").write_bytes(b"Hard Fault at 0x41c\n")
    (tmp_path / "uart1.log").write_bytes(b"\x1b[1mwrong line\n")
    (tmp_path / "uart2.log").write_bytes(b"")
    assert boot_facts(tmp_path, Reading())["elsewhere"] == [
        {"name": "uart1.log", "bytes": 15, "lines": ["wrong line"]},
        {"name": "stdout.log", "bytes": 20, "lines": ["Hard Fault at 0x41c"]},
    ]


def test_a_boot_without_files_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "boot.json").write_text("[half")
    facts = boot_facts(tmp_path / "gone", Reading())
    assert (facts["log"], facts["exit_status"], facts["command"]) == ([], None, "")
    assert boot_facts(tmp_path, Reading())["bytes"] == 0
