"""The wheel carries what the plugin reads at run time."""

import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NEEDED = {
    "pytest_karatos/plugin.py",
    "pytest_karatos/py.typed",
    "pytest_karatos/resources/defaults.toml",
    "pytest_karatos/resources/dialects.toml",
    "pytest_karatos/resources/karatos.schema.json",
    "pytest_karatos/resources/docker/Dockerfile",
    "pytest_karatos/resources/docker/bare-metal-rust.sh",
}


def test_the_wheel_is_complete(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert NEEDED - set(archive.namelist()) == set()
