"""Files that a disk does not take, and folders that nobody may write."""

import subprocess
import sys
import tempfile
from pathlib import Path

from pytest_karatos.process import output_of

_FULL = """
import resource, sys
from pathlib import Path
from pytest_karatos.artifacts import open_run
from tests.unit.test_artifacts import firmware
folder = Path(sys.argv[1])
run = open_run(folder)
made = firmware(folder)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
print(run.keep_build(made) == made, run.conclude(0, 0), run.place("still").is_dir())
print(run.lost())
print(sorted(path.name for path in (run.folder / "builds").iterdir()))
"""


def test_a_full_disk_costs_the_files_and_is_said_once(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _FULL, str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    hook_results, lost, left = done.stdout.splitlines()
    assert hook_results == "True None True"
    assert "the build of virt: [Errno 27] File too large" in lost
    assert lost.endswith(", and 1 more")
    assert left == "[]"


_READ_ONLY = """
import os, sys
from pathlib import Path
from pytest_karatos.artifacts.beneath import Beneath
os.umask(0)
folder = Path(sys.argv[1])
(folder / "mod" / "inner").mkdir(parents=True)
(folder / "mod" / "inner" / "file").write_text("")
(folder / "mod" / "inner").chmod(0o555)
(folder / "mod").chmod(0)
if os.getuid() == 0:
    os.chown(folder, 4321, 4321)
    for path in (folder / "mod", folder / "mod" / "inner"):
        os.chown(path, 4321, 4321)
    os.setuid(4321)
os.chdir(folder)
with Beneath(Path(".")) as opened:
    opened.remove("mod")
print(os.listdir("."))
"""


def test_a_folder_that_may_not_be_written_is_removed() -> None:
    # As Go's module cache leaves it; root may write everywhere, so it is not root who tries.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        told = output_of([sys.executable, "-c", _READ_ONLY, name])
    assert (told.stdout, told.stderr) == ("[]\n", "")
