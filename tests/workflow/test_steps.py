"""The workflow's own commands, run for real in a small firmware project."""

import json
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from tests.emulated.booting import HEEDING
from tests.plugin.tree import Tree
from tests.workflow.job import Job, steps
from tests.workflow.runner import obeyed

GREEN = """
def test_boot(console):
    console.expect("boot rtos=reference")

def test_pass(console):
    console.expect("pass rounds=")
"""
TESTS = "Build, boot, judge"
LEG = {"matrix.arch": "arm", "matrix.shard": "1-of-1"}
# In the place of the package index stands the environment of this checkout, which has the package
# and all its extras: pip is called as the workflow says, and must be content with what it finds.
NO_INDEX = {"PIP_NO_INDEX": "1"}


@pytest.fixture
def job(pytester: pytest.Pytester, tmp_path: Path) -> Job:
    tree = Tree(pytester)
    tree.tests(GREEN)
    home = tmp_path / "home"
    home.mkdir()
    return Job(workspace=tree.path, home=home, context=LEG)


def step(name: str) -> dict[str, object]:
    (found,) = [one for one in steps() if one["name"] == name]
    return found


def test_a_green_run_leaves_what_the_job_uploads(job: Job) -> None:
    job.run(more=NO_INDEX)
    assert set(job.statuses.values()) == {0}, job.logs
    assert "Requirement already satisfied: pytest-karatos" in job.logs["Install pytest-karatos"]
    assert "apt-get" not in job.logs["Install QEMU"]
    assert list(job.statuses)[-1] == TESTS  # a local build needs no image: none is packed
    assert "pass rounds=10" in (job.workspace / "report-arm-1-of-1.html").read_text()
    ledger = json.loads((job.workspace / "karatos.json").read_text())
    assert {test["outcome"] for test in ledger["tests"]} == {"passed"}
    assert job.summary.startswith("## ✅ karatos: the run passed: 2 passed on lm3s6965evb")
    uploads = [one["with"] for one in steps() if "upload-artifact" in one.get("uses", "")]
    paths = [path for one in uploads for path in job.fill_placeholders(one["path"]).split()]
    assert paths == ["report-arm-1-of-1.html", "karatos.json", ".karatos/"]
    assert [path for path in paths if not (job.workspace / path).exists()] == []
    assert (job.home / ".cache/pytest-karatos/firmware").is_dir()
    assert job.context["steps.karatos.outputs.cache"] == str(job.home / ".cache/pytest-karatos")
    report_of(job)


def report_of(job: Job) -> None:
    """Run the second job on what the first one left, as its artifact comes out of GitHub."""
    after = job.home / "report"
    (after / "parts/karatos-arm-1-of-1").mkdir(parents=True)
    for name in ("karatos.json", ".karatos"):
        (job.workspace / name).rename(after / "parts/karatos-arm-1-of-1" / name)
    known = after / "known"
    known.mkdir()
    before = json.loads((after / "parts/karatos-arm-1-of-1/karatos.json").read_text())
    (firmware,) = before["firmwares"].values()
    firmware["measurements"][0]["value"] -= 100
    (known / "karatos.json").write_text(json.dumps(before))
    pushed = {"github.event_name": "push", "github.ref": "refs/heads/main"}
    report = Job(workspace=after, home=after, name="report", context={**pushed})
    report.context["needs.firmware.result != 'success'"] = "false"
    report.run(more=NO_INDEX)
    assert set(report.statuses.values()) == {0}, report.logs
    assert "2 passed" in report.summary
    assert "### Against the base" in report.summary
    assert re.search(r"flash.*\+100 B", report.summary)
    assert (after / "merged/report.html").is_file()
    assert report.context["steps.accept.outputs.accepted"] == "true"
    assert "value" in (known / "karatos.json").read_text()
    assert (known / "history.sqlite").is_file()
    # A machine whose ledger does not come is red, and its figures are accepted by nobody.
    (after / "parts/karatos-arm-1-of-1/karatos.json").unlink()
    broken = Job(workspace=after, home=after, name="report", context={**pushed})
    broken.run(more=NO_INDEX)
    assert broken.statuses["Merge"] == 2
    assert "Accept the figures" not in broken.statuses


def test_a_broken_firmware_fails_the_job_and_says_why(job: Job) -> None:
    (job.workspace / "fw" / "broken").write_text("")
    job.run(more=NO_INDEX)
    assert job.statuses[TESTS] == 1
    assert job.summary.startswith("## ❌ karatos: the run failed: 2 error")
    (read,) = obeyed(job.logs[TESTS])
    assert read.name == "error"
    assert "building 'arm debug' failed with exit status 101" in read.message
    assert (job.workspace / "report-arm-1-of-1.html").is_file()
    assert (job.workspace / "karatos.json").is_file()


def test_a_cancelled_job_still_has_its_reports(job: Job) -> None:
    test = 'def test_it(console):\n    console.expect("never", timeout=100)\n'
    (job.workspace / "test_it.py").write_text(test.replace("never", "the end of all"))
    (job.workspace / "test_other.py").write_text("import time\ndef test_it():\n    time.sleep(99)")
    one = step(TESTS)
    with subprocess.Popen(
        [*HEEDING, *job.argv(one)],
        cwd=job.workspace,
        env=job.environ(one),
        stdout=subprocess.DEVNULL,
    ) as bash:
        _wait_for(job.workspace, ".karatos/*/tests/*")
        bash.send_signal(signal.SIGINT)  # GitHub's, to the process that it started, and to no other
        assert bash.wait(30) == 2
    assert "was interrupted" in job.summary.splitlines()[0]
    assert (job.workspace / "report-arm-1-of-1.html").is_file()
    assert (job.workspace / "karatos.json").is_file()


def _wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 60
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline, f"{pattern} did not come"
        time.sleep(0.05)


def test_the_builder_image_comes_back_from_its_file_as_it_was(job: Job) -> None:
    image = f"pytest-karatos-workflow-test:{uuid.uuid4().hex[:12]}"
    _docker("import", "-", image, data=bytes(10240))  # an empty tar archive
    try:
        before = _docker("image", "inspect", "--format", "{{.Id}}", image)
        cache = job.home / "cache"
        cache.mkdir()
        job.context |= {"steps.karatos.outputs.image": image}
        job.context |= {"steps.karatos.outputs.cache": str(cache)}
        assert _run(job, "Pack the builder image") == 0
        assert (job.home / "output").read_text() == "packed=true\n"
        _docker("image", "rm", image)
        assert _run(job, "Load the builder image") == 0
        assert _docker("image", "inspect", "--format", "{{.Id}}", image) == before
    finally:
        _docker("image", "rm", image)
    (job.home / "output").unlink()
    assert _run(job, "Pack the builder image") == 0  # gone: nothing to pack, nothing is wrong
    assert not (job.home / "output").exists()


def _run(job: Job, name: str) -> int:
    one = step(name)
    return subprocess.run(job.argv(one), env=job.environ(one), check=False).returncode


def _docker(*words: str, data: bytes = b"") -> str:
    argv = ["/usr/bin/env", "docker", *words]
    done = subprocess.run(argv, input=data, check=True, capture_output=True)
    return done.stdout.decode().strip()
