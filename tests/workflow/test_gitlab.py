"""GitLab's file, its scripts run for real: two machines, one report, and a red one that is red."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.guests import Guests
from tests.workflow.job import REPOSITORY, workflow

FILE = REPOSITORY / "ci" / "gitlab-ci.yml"
TESTS = "def test_boots(console):\n    console.expect('boot')\ndef test_b(firmware):\n    pass\n"


def script(job: str, folder: Path) -> str:
    """Return a job's script as a runner hands it to the shell; its Python is that of the tests."""
    facts: dict[str, Any] = workflow(FILE)[job]
    lines = "\n".join(facts["script"]).replace("/tmp/venv/bin/python", sys.executable)  # noqa: S108
    lines = lines.replace("--arch=all", "--arch=arm")  # the guests are for one
    place = folder / f"{job}.sh"
    place.write_text(f"set -eo pipefail\n{lines}\n")
    return str(place)


def run(job: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    said = workflow(FILE)["variables"] | {"KARATOS_CACHE": str(folder / ".cache/karatos")} | environ
    argv = ["bash", script(job, folder.parent)]
    return subprocess.run(
        argv, cwd=folder, env=os.environ | said, capture_output=True, text=True, check=False
    )


def test_two_machines_and_one_report(pytester: pytest.Pytester) -> None:
    guests = Guests(pytester)
    guests.tests(test_it=TESTS)
    folder = guests.pytester.path
    assert workflow(FILE)["firmware"]["parallel"] == 2
    for number in ("1", "2"):
        done = run("firmware", folder, CI_NODE_INDEX=number, CI_NODE_TOTAL="2")
        assert done.returncode == 0, done.stdout
        assert f"shard {number} of 2 (CI_NODE_INDEX={number})" in done.stdout
    main = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    done = run("report", folder, **main)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = workflow(FILE)["report"]["artifacts"]["reports"]
    assert (folder / reports["junit"]).read_text().count("<testcase") == 2
    assert (folder / reports["coverage_report"]["path"]).is_file()
    assert (folder / "known/karatos.json").is_file()
    # The next run is compared with it; a machine that is missing is red, and accepted by nobody.
    (folder / "parts/2/karatos.json").rename(folder / "gone.json")
    (folder / "parts/2").rename(folder / "gone")
    (folder / "known/karatos.json").unlink()
    done = run("report", folder, **main)
    assert done.returncode == 1
    assert "shard 2 of 2 is missing" in done.stdout
    assert not (folder / "known/karatos.json").exists()
