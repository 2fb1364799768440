"""The command line as a process of its own: what it imports, and readers that leave."""

import re
import subprocess
import sys
from pathlib import Path

from pytest_karatos.cli.main import COMMANDS


def test_help_names_every_command_and_the_first_steps() -> None:
    argv = [sys.executable, "-m", "pytest_karatos", "--help"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert [word for word in COMMANDS if not re.search(rf"^    {word}\s", said, re.MULTILINE)] == []
    assert "python -m pytest_karatos init" in said


def test_a_reader_that_leaves_is_no_traceback() -> None:
    line = f"{sys.executable} -m pytest_karatos boards | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["/bin/bash", "-c", line], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.strip() in {"0", "141"}


def test_the_command_line_imports_no_pytest() -> None:
    code = (
        "import sys, pytest_karatos.cli.main\n"
        "print(sorted({'pytest', '_pytest', 'docker'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_without_the_packages_of_the_extras_all_but_the_page_is_there(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
for name in ("jinja2", "markupsafe", "docker", "xdist", "pytest_html"):
    sys.modules[name] = None
import pytest_karatos.pytest_plugin.register, pytest_karatos.cli.main
from pytest_karatos.report.coverage.gather import Told
from pytest_karatos.report.coverage.judge import place, write
folder = Path({str(tmp_path)!r})
write(Told(), folder, folder, 0.0)
print(place(folder, "here"))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("coverage, with cobertura.xml beside it: here/lcov.info")
    assert {one.name for one in tmp_path.iterdir()} == {
        "lcov.info",
        "cobertura.xml",
        "coverage.json",
    }
