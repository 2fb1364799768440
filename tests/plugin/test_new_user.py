"""A newcomer's path: an empty environment, a wheel, a firmware tree that knows nothing of us.

The commands are typed as a shell gets them. The tree is real: make calls rustc and its linker.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.plugin.wheel import built_wheel

TREE = Path(__file__).parent / "new_user"
#: What a shell session of somebody else would not have, or would have otherwise.
_OURS = ("PYTEST_", "KARATOS_", "GITHUB_", "VIRTUAL_ENV", "PYTHON", "COV_")
#: Builds go to this machine: that the image is made on first use is shown elsewhere, in minutes.
_LOCAL = {"KARATOS_BUILDER": "local"}


@dataclass
class Newcomer:
    """Types commands in one folder and counts them."""

    folder: Path
    environ: dict[str, str]
    commands: list[str] = field(default_factory=list)

    def types(self, command: str, *, status: int = 0) -> str:
        """Run one command line and return all that it said."""
        self.commands.append(command)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=self.environ,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, f"$ {command}\n{done.stdout}"
        return done.stdout


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    """Somebody in a firmware tree with an empty environment before the first command."""
    folder = tmp_path / "blink"
    shutil.copytree(TREE, folder)
    plain = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
    # As `. venv/bin/activate` does it.
    path = f"{tmp_path}/venv/bin:{plain['PATH']}"
    return Newcomer(folder=folder, environ={**plain, **_LOCAL, "PATH": path})


@pytest.mark.timeout(90)
def test_green_in_under_ten_commands(newcomer: Newcomer, tmp_path: Path) -> None:
    wheel = built_wheel(tmp_path)
    before = {path.name: path.read_bytes() for path in newcomer.folder.iterdir()}

    newcomer.types(f"{sys.executable} -m venv {tmp_path}/venv")
    newcomer.types(f"python -m pip install --quiet {wheel}")
    said = newcomer.types("python -m pytest_karatos init")
    assert "next: pytest --arch=arm" in said
    assert "ready: pytest" in newcomer.types("python -m pytest_karatos doctor")
    assert "2 passed" in newcomer.types("pytest --arch=arm")
    assert len(newcomer.commands) < 10

    after = {name: (newcomer.folder / name).read_bytes() for name in before}
    assert after == before
    _and_red_when_it_should_be(newcomer)


def _and_red_when_it_should_be(newcomer: Newcomer) -> None:
    """The written test can fail: a silent firmware, and one that panics after its first line."""
    source = newcomer.folder / "main.rs"
    text = source.read_text()
    source.write_text(text.replace('say("hello from blink\\n");', ""))
    said = newcomer.types("pytest --arch=arm", status=1)
    assert "1 failed, 1 passed" in said
    assert "Stuck" in said
    source.write_text(text.replace("loop {}\n}\n\n#", 'panic!("late");\n}\n\n#'))
    said = newcomer.types("pytest --arch=arm", status=1)
    assert "1 failed, 1 passed" in said
    assert "panicked at" in said
