"""The private folder of one boot: the pipes to QEMU, and its empty working folder."""

import contextlib
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from pytest_karatos.emulators.protocol import Launcher

#: The folder for what QEMU, or the guest by semihosting, left in the working folder.
KEPT = "files"
#: As much of it is kept.
KEPT_BYTES, KEPT_FILES = 64 * 1024**2, 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class BootFiles:
    """Where QEMU finds its lines. The folder is ours alone (0700) and goes with the machine.

    What QEMU itself says on stderr begins with ``signature``, which no guest can know.
    """

    folder: Path
    signature: str = field(default_factory=lambda: f"[{token_hex(8)}]")

    @property
    def console(self) -> Path:
        """The path of the console's pair of pipes."""
        return self.pipes / "console"

    @property
    def control(self) -> Path:
        """The path of the control (QMP) pair of pipes."""
        return self.pipes / "control"

    @property
    def memory(self) -> Path:
        """The file through which memory is read."""
        return self.logs / "memory"

    @property
    def pipes(self) -> Path:
        """The folder of the pipes; a contained QEMU can make sockets there, at any time."""
        return self.folder / "pipes"

    @property
    def logs(self) -> Path:
        """The folder of files that QEMU writes for us."""
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        """QEMU's working folder, where the guest's semihosting finds relative names: empty."""
        return self.folder / "cwd"

    def line(self, name: str) -> Path:
        """Return the path of the pair of pipes of a line that is not the console."""
        return self.pipes / name

    def keep_files(self, folder: Path) -> None:
        """Copy to ``folder``, for people, what QEMU left."""
        _keep_files(self.scratch, folder / KEPT)


@contextlib.contextmanager
def boot_files(launcher: Launcher) -> Iterator[BootFiles]:
    """Make the folder where a program of ``launcher`` sees it, and remove it."""
    with launcher.private_folder() as folder:
        wires = BootFiles(folder=folder)
        for path in (wires.scratch, wires.pipes, wires.logs):
            path.mkdir()
        wires.memory.touch()
        yield wires


def _keep_files(source: Path, target: Path) -> None:
    """Copy the files in ``source``, which QEMU or its guest made, as far as there is room."""
    left = KEPT_BYTES
    for path in sorted(source.rglob("*"))[:KEPT_FILES]:
        fact = path.lstat()
        if stat.S_ISREG(fact.st_mode) and fact.st_size <= left:
            left -= fact.st_size
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place, follow_symlinks=False)
