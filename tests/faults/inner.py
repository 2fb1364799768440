"""A run of pytest within a test: in a folder with a guest that is up at once."""

import subprocess
import sys
from pathlib import Path

from tests.emulated.test_killed_runs import _ENVIRON

ARGV = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
#: The guest says "up" and spins on.
GREEN = """
def test_it(console):
    console.expect("up")
"""


def environ_of(folder: Path) -> dict[str, str]:
    """Return an environment with a cache and a place for temporary files below ``folder``."""
    return _ENVIRON | {"TMPDIR": str(folder / "tmp"), "KARATOS_CACHE": str(folder / "cache")}


def run_in(folder: Path, *words: str, before: str = "", cwd: Path | None = None) -> str:
    """Run pytest in ``folder`` to its end, after some shell words; return all that it said.

    The words have a mount table of their own, in which they may mount. The last line is its status.
    """
    shell = f'{before}\nstatus=0; "$@" || status=$?; echo "exit status $status"'
    done = subprocess.run(
        ["/usr/bin/unshare", "--map-root-user", "--mount", "sh", "-ec", shell, "sh", *ARGV, *words],
        cwd=cwd or folder,
        env=environ_of(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=200,
        check=False,
    )
    return done.stdout
