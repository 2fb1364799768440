"""The workflow is what GitHub takes and what its security linter likes; both can say no."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.job import WORKFLOW, steps, workflow

TOOLS = Path(sys.executable).parent
LINTER = [str(TOOLS / "zizmor"), "--offline", "--no-progress", "--persona=pedantic"]
SCHEMA = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows"]


def checked(argv: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*argv, str(path)], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("tool", [LINTER, SCHEMA], ids=["zizmor", "schema"])
def test_no_finding(tool: list[str]) -> None:
    done = checked(tool, WORKFLOW)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ('--arch="$ARCH"', "--arch=${{ github.head_ref }}", "template-injection"),
        (r"@\w{40} # v7.0.0", "@v7", "unpinned-uses"),
    ],
)
def test_the_linter_finds_what_is_spoilt(old: str, new: str, finding: str, tmp_path: Path) -> None:
    spoilt, done = _spoilt(old, new, tmp_path, LINTER)
    assert spoilt != WORKFLOW.read_text()
    assert done.returncode != 0
    assert finding in done.stdout


@pytest.mark.parametrize(
    ("old", "new"), [("runs-on:", "runs-upon:"), ("fail-fast: false", "fail-fast: [1]")]
)
def test_the_schema_finds_what_is_spoilt(old: str, new: str, tmp_path: Path) -> None:
    spoilt, done = _spoilt(old, new, tmp_path, SCHEMA)
    assert spoilt != WORKFLOW.read_text()
    assert done.returncode != 0


def _spoilt(
    old: str, new: str, folder: Path, tool: list[str]
) -> tuple[str, subprocess.CompletedProcess[str]]:
    pattern = old if old.startswith("@") else re.escape(old)
    spoilt = re.sub(pattern, lambda _: new, WORKFLOW.read_text(), count=1)
    (folder / "workflow.yml").write_text(spoilt)
    return spoilt, checked(tool, folder / "workflow.yml")


def test_what_no_linter_asks() -> None:
    """Pinned with its version, bounded in time, a fixed runner, no expression in a script."""
    job = workflow()["jobs"]["firmware"]
    pins = re.findall(r"uses: (.*)", WORKFLOW.read_text())
    assert [
        pin for pin in pins if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", pin)
    ] == []
    assert all(one["runs-on"] == "ubuntu-24.04" for one in workflow()["jobs"].values())
    assert all(one["permissions"] == {"contents": "read"} for one in workflow()["jobs"].values())
    assert job["timeout-minutes"] > max(one.get("timeout-minutes", 0) for one in steps()) > 0
    assert steps()[0]["with"] == {"persist-credentials": False}
    every = [*steps(), *steps("report")]
    assert [one["name"] for one in every if "${{" in one.get("run", "")] == []
    assert job["strategy"]["matrix"]["arch"] == ["arm", "riscv"]


GITLAB = WORKFLOW.with_name("gitlab-ci.yml")
GITLAB_SCHEMA = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]


def test_gitlab_takes_its_file_and_can_say_no(tmp_path: Path) -> None:
    done = checked(GITLAB_SCHEMA, GITLAB)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "gitlab-ci.yml").write_text(
        GITLAB.read_text().replace("parallel: 2", "parallel: x")
    )
    assert checked(GITLAB_SCHEMA, tmp_path / "gitlab-ci.yml").returncode != 0
