"""Answer the console's questions about the QEMU at the other end of its line."""

from pathlib import Path

from pytest_karatos.emulate.launch import Handle
from pytest_karatos.emulate.wires import Wires
from pytest_karatos.text import tail

_LINES = 60
_LAST_LINES = 3
#: What stock QEMU says on stderr about healthy boards.
_NOISE = ("has no peer", "Timer with period zero, disabling")


class QemuLife:
    """What ``handle``, the files in the boot's ``folder`` and those of its ``wires`` tell."""

    def __init__(self, handle: Handle, folder: Path, wires: Wires) -> None:
        self._wires = wires
        self._handle = handle
        self._folder = folder

    def status_within(self, seconds: float) -> int | None:
        """Return the exit status, waiting up to ``seconds`` for it."""
        return self._handle.wait(seconds)

    def stderr_tail(self) -> str:
        """Return the last lines of stderr, without QEMU's usual noise."""
        lines = tail(self._folder / "stderr.log", _LINES)
        return "\n".join(line for line in lines if not any(word in line for word in _NOISE))

    def elsewhere(self) -> str:
        """Say what came out on another UART, or on stdout, where semihosting prints."""
        found = []
        for path in [*self._wires.uart_logs(), self._folder / "stdout.log"]:
            size = path.stat().st_size if path.exists() else 0
            if size:
                last = " / ".join(tail(path, _LAST_LINES))
                found.append(f"{path.stem} has {size} bytes, the last lines are: {last[:400]}")
        return "; ".join(found)
