"""The pipes of a line."""

import os
from pathlib import Path

from pytest_karatos.console.transport import NamedPipes


def test_a_wide_pipe_takes_a_burst_that_nobody_reads_yet(tmp_path: Path) -> None:
    line = NamedPipes(tmp_path / "line")
    guest = os.open(line.out, os.O_WRONLY | os.O_NONBLOCK)
    try:
        assert os.write(guest, bytes(300_000)) < 300_000
        assert line.pending() == line.read_into(memoryview(bytearray(300_000)))
        line.widen()
        assert os.write(guest, bytes(300_000)) == 300_000
    finally:
        os.close(guest)
        line.close()
