"""Build the wheel that users install, with the build tool of this environment."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def built_wheel(folder: Path) -> Path:
    """Build into ``folder`` and return the wheel."""
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
