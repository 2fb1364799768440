"""Lay the wires of one boot: a short private folder with the pipes and an empty working folder."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.emulate.leftovers import private_folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Wires:
    """Where QEMU finds its lines. The folder is ours alone (0700) and goes with the machine."""

    folder: Path

    @property
    def console(self) -> Path:
        """The path of the console's pair of pipes."""
        return self.folder / "console"

    @property
    def control(self) -> Path:
        """The path of the control (QMP) pair of pipes."""
        return self.folder / "control"

    @property
    def memory(self) -> Path:
        """The file through which memory is read."""
        return self.folder / "memory"

    @property
    def scratch(self) -> Path:
        """QEMU's working folder, empty: semihosting lets the guest open files of the host."""
        return self.folder / "cwd"

    def uart_logs(self) -> list[Path]:
        """Return the files of UARTs that are not the console, ``uart1.log`` and the like."""
        return sorted(self.folder.glob("uart*.log"))

    def keep_uart_logs(self, folder: Path) -> None:
        """Copy those that are not empty to ``folder``, for people."""
        for path in self.uart_logs():
            if path.stat().st_size:
                shutil.copy(path, folder)


@contextlib.contextmanager
def laid_wires(root: Path | None = None) -> Iterator[Wires]:
    """Make the folder below ``root`` (the system's place for temporary files) and remove it."""
    with private_folder(root) as folder:
        wires = Wires(folder=folder)
        wires.scratch.mkdir()
        yield wires
