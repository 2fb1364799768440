"""The verdict of a test is the same on a busy host, and when QEMU is stopped for a while.

``make soak`` does this a hundred times.
"""

from pathlib import Path

import pytest

from tests.emulated.tiny_guest import BOARDS
from tests.emulated.verdicts import CASES, Case, busy_loops, verdict_of

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))


@each
@pytest.mark.parametrize("arch", BOARDS)
def test_beside_busy_loops(case: Case, arch: str, tmp_path: Path) -> None:
    with busy_loops(4):
        assert verdict_of(case, arch, tmp_path / "case") == case.verdict


@each
def test_stopped_for_longer_than_a_silence(case: Case, tmp_path: Path) -> None:
    assert verdict_of(case, "arm", tmp_path / "case", stopped=1.5) == case.verdict
