"""The command line as a whole: help, the table of boards, and errors as sentences."""

import io
import json
import sys
from pathlib import Path

import pytest

from pytest_karatos.cli.main import COMMANDS, USAGE, call
from pytest_karatos.cli.shell import Shell

BOARD = """
[boards.blinky]
arch = "riscv"
qemu = ["-machine", "sifive_e,revb=true"]
console = "uart1"
regions.ram = { start = 0x8000_0000, size = "16 KiB" }
"""


def asked(folder: Path, *argv: str, **environ: str) -> tuple[int, str, str]:
    """Call a command in ``folder``; return its status, its answer and its remarks."""
    out, err = io.StringIO(), io.StringIO()
    status = call(
        argv, Shell(environ={"HOME": "/nowhere", **environ}, folder=folder, out=out, err=err)
    )
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("word", COMMANDS)
def test_each_command_has_help(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call([word, "--help"], Shell(environ={}, folder=Path(), out=sys.stdout, err=sys.stderr))
    assert ended.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_boards_are_listed_with_their_home(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_text(BOARD)
    status, said, _ = asked(tmp_path, "boards")
    assert status == 0
    rows = {line.split()[1 if line.startswith("*") else 0]: line for line in said.splitlines()}
    assert rows["virt"].startswith("* virt")
    assert rows["virt"].endswith("built in")
    assert rows["blinky"].split() == (
        ["blinky", "riscv", "sifive_e", "uart1", "ram", "16", "KiB", "karatos.toml:3"]
    )


def test_boards_as_json(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_text(BOARD)
    said = json.loads(asked(tmp_path, "boards", "--json")[1])
    assert said["schema"] == 1
    (blinky,) = [one for one in said["boards"] if one["name"] == "blinky"]
    assert blinky["regions"] == {"ram": {"start": 0x8000_0000, "size_bytes": 16384}}
    assert blinky["default"] is False


def test_a_broken_settings_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_text("[build]\ncomand = 'make'\n")
    status, said, remark = asked(tmp_path, "boards")
    assert (status, said) == (USAGE, "")
    assert "karatos.toml:2" in remark
    assert "Did you mean 'command'?" in remark
