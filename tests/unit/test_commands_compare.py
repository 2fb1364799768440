"""The command that compares the ledgers of two runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.hand_made import boot, figure, ledger, record
from tests.unit.test_commands import asked


def test_figures_of_two_runs(tmp_path: Path) -> None:
    for name, size, count in (("old", 1000, 10.0), ("new", 1024, 10.0)):
        told: Any = ledger(record("t.py::test_a", boots=[boot()]))
        (firmware,) = told["firmwares"].values()
        firmware["measurements"] = [figure("flash", size, "B")]
        told["tests"][0]["boots"][0]["measurements"] = [figure("stack", count, "B")]
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    status, said, _ = asked(tmp_path, "compare", "old.json", "new.json")
    assert status == 0
    (line,) = [line for line in said.splitlines() if "flash" in line]
    assert line.split()[-6:] == ["1,000", "1,024", "+24", "B", "+2.4", "%"]
    assert said.endswith("1 other figure did not change.\n")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"[" * 100_000, b'{"firmwares": 3}', b"\xff"])
def test_no_file_makes_it_crash(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)
    status, _, remark = asked(tmp_path, "compare", "a.json", "a.json")
    assert status == 2
    assert "a.json is neither an ELF nor a ledger" in remark
