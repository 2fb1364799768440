"""The baseline as its user sees it: recorded, held, accepted with a reason, and never by a red."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.emulated.tiny_guest import Step, image
from tests.plugin.tree import reference_elf

SETTINGS = '[run]\narch = ["arm"]\n[build]\nbuilder = "prebuilt"\nprebuilt.arm = "fw.elf"\n'
CHECKED = """
def test_fits(firmware, budget):
    budget.check(firmware)
"""
BOOTED = """
def test_boots(console):
    console.expect("boot")
"""
LINES = """
from pytest_karatos import Measurement

def pytest_karatos_measurement(firmware, machine, test):
    return Measurement(name="lines", value=%s, unit="lines")
"""
SAY: Step = ("say", b"boot\n")
ACCEPT = ("--karatos-update-baseline", "--karatos-baseline-reason=a new driver")


class Project:
    """A project with one prebuilt firmware and a baseline."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.file = pytester.path / "karatos-baseline.json"
        self.rules("flash = 0")
        self.tests(CHECKED)
        self.firmware(SAY)

    def rules(self, text: str) -> None:
        (self.pytester.path / "karatos.toml").write_text(f"{SETTINGS}[baseline]\n{text}\n")

    def tests(self, text: str) -> None:
        (self.pytester.path / "test_it.py").write_text(text)

    def firmware(self, *steps: Step) -> None:
        image(self.pytester.path, "arm", *steps, ("idle",)).rename(self.pytester.path / "fw.elf")

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    @property
    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The rows by test and measure."""
        rows = filter(None, json.loads(self.file.read_text())["rows"])
        return {(one.get("test", ""), one["measure"]): one for one in rows}

    def value(self, measure: str, test: str = "") -> float:
        return float(self.rows[(test, measure)]["value"])


@pytest.fixture
def project(apart: pytest.Pytester) -> Project:
    return Project(apart)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_what_is_missing_is_recorded_and_what_grew_is_red(project: Project, workers: str) -> None:
    result = project.run(workers)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["baseline: 3 recorded in karatos-baseline.json: flash of *"])
    old = project.value("flash")
    before = project.file.read_bytes()

    assert project.run(workers).ret == 0
    project.firmware(SAY, ("nop",), ("nop",))
    result = project.run(workers)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            (
                "*flash of 'lm3s6965evb debug' is worse than its baseline by +4 B (+* %): "
                f"{old:g} B in the baseline, {old + 4:g} B now; 0 B more is allowed (karatos.*"
            ),
            "*--karatos-update-baseline --karatos-baseline-reason=*",
        ]
    )
    assert project.file.read_bytes() == before


@pytest.mark.timeout(120)
def test_nobody_asked_so_the_run_is_red(project: Project) -> None:
    project.tests(BOOTED)
    assert project.run().ret == 0
    project.firmware(SAY, ("nop",))
    result = project.run()
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*is worse than its baseline*no test asked budget.check*"])


@pytest.mark.timeout(120)
def test_worse_is_accepted_with_a_reason_that_stays(project: Project) -> None:
    project.run()
    old = project.value("flash")
    project.firmware(SAY, ("nop",))
    project.run("--karatos-update-baseline").assert_outcomes(failed=1)
    assert project.value("flash") == old
    result = project.run(*ACCEPT)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["pinned anew: flash of 'lm3s6965evb debug', +2 B: a new driver"])
    assert project.rows[("", "flash")]["reason"] == "a new driver"
    assert project.value("flash") == old + 2
    assert project.run().ret == 0


@pytest.mark.timeout(120)
def test_better_is_said_and_pinned_when_asked(project: Project) -> None:
    project.firmware(SAY, ("nop",))
    project.run()
    old = project.value("flash")
    project.firmware(SAY)
    result = project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["better than the baseline (--karatos-update-baseline pins it): *-2 B*"]
    )
    assert project.value("flash") == old
    project.run("--karatos-update-baseline")
    assert project.value("flash") == old - 2


@pytest.mark.timeout(120)
def test_a_red_test_records_and_pins_nothing(project: Project) -> None:
    project.tests(CHECKED + BOOTED.replace('"boot"', '"never", timeout=1'))
    project.run().assert_outcomes(passed=1, failed=1)
    assert not project.file.exists()
    project.tests(CHECKED)
    project.run()
    before = project.file.read_bytes()
    project.firmware(SAY, ("nop",))
    project.tests(CHECKED + "    assert False\n")
    project.run(*ACCEPT).assert_outcomes(failed=1)
    assert project.file.read_bytes() == before


@pytest.mark.timeout(120)
def test_a_hard_budget_is_another_thing(project: Project) -> None:
    project.run()
    budget = "flash = 1000\n[budget.arm]\nflash = 8\n"
    project.rules(budget)
    project.firmware(SAY, ("nop",))
    result = project.run(*ACCEPT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*is over its 8 B budget by*"])
    assert project.rows[("", "flash")].get("reason") is None


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("allowed", "status"), [("3", 0), ("1", 1), ("'20 %'", 0), ("'1 %'", 1)])
def test_an_allowance_is_absolute_or_percent(project: Project, allowed: str, status: int) -> None:
    project.run()
    project.rules(f"flash = {allowed}")
    project.firmware(SAY, ("nop",))
    assert project.run().ret == status


@pytest.mark.timeout(120)
def test_part_of_the_tests_leaves_other_rows(project: Project) -> None:
    project.rules("lines = 0")
    (project.pytester.path / "conftest.py").write_text(LINES % 7)
    project.tests(CHECKED + BOOTED + BOOTED.replace("boots", "too"))
    assert project.run().ret == 0
    rows = project.rows
    assert len(rows) == 5
    assert project.run("-k", "boots", *ACCEPT).ret == 0
    assert project.rows == rows


@pytest.mark.timeout(120)
def test_a_tests_own_figure_is_held(project: Project) -> None:
    project.rules("lines = 0")
    project.tests(CHECKED + BOOTED)
    conftest = project.pytester.path / "conftest.py"
    conftest.write_text(LINES % 7)
    assert project.run().ret == 0
    conftest.write_text(LINES % 8)
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*lines of '*' in test_it.py::test_boots is worse than*+1 lines*"])
    conftest.write_text(LINES % "float('nan')")
    project.run().assert_outcomes(passed=1, failed=1)


@pytest.mark.timeout(120)
def test_a_figure_that_is_gone_is_not_green(project: Project) -> None:
    project.rules("lines = 0")
    project.tests(CHECKED + BOOTED)
    conftest = project.pytester.path / "conftest.py"
    conftest.write_text(LINES % 7)
    project.run()
    conftest.unlink()
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "lines of '*' in test_it.py::test_boots is in karatos-baseline.json and was not*",
            "karatos.toml:7: baseline.lines judged nothing: nobody measured such a figure.",
        ]
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("caught", ["try: budget.check(firmware)\n    except Exception: pass"])
def test_who_catches_it_is_red_all_the_same(project: Project, caught: str) -> None:
    project.tests(f"def test_fits(firmware, budget):\n    {caught}\n")
    project.run().assert_outcomes(passed=1)
    project.firmware(SAY, ("nop",))
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.timeout(120)
def test_another_folder_is_made_and_is_no_source(project: Project) -> None:
    project.rules('file = "ci/deep/baseline.json"')
    assert project.run().ret == 0
    folder = project.pytester.path / "ci" / "deep"
    assert {one.name for one in folder.iterdir()} == {"baseline.json", "baseline.symbols.json"}


@pytest.mark.timeout(120)
def test_what_grew_and_the_tools_are_named(project: Project) -> None:
    target = project.pytester.path / "fw.elf"
    target.write_bytes(reference_elf("arm").read_bytes())
    project.run()
    symbols = project.file.with_name("karatos-baseline.symbols.json")
    text = symbols.read_text()
    name, size = next(
        (one[3], one[4]) for one in json.loads(text) if one and "scheduler::spawn" in one[3]
    )
    symbols.write_text(
        text.replace(f"{json.dumps(name)}, {size},", f"{json.dumps(name)}, {size - 2},")
    )
    rows = json.loads(project.file.read_text())
    for row in filter(None, rows["rows"]):
        row["value"] -= 2 * (row["measure"] == "flash")
    for build in filter(None, rows["builds"].values()):
        build["toolchain"] = "rustc 1.80.0"
    project.file.write_text(json.dumps(rows))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*what changed its size in flash:",
            f"* +2 B  {name}",
            "*the baseline was built by: rustc 1.80.0",
            "*this one was built by: unknown",
        ]
    )


def test_a_reason_alone_is_refused(project: Project) -> None:
    result = project.run(ACCEPT[1])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_without_a_word_nothing_is_written(project: Project) -> None:
    (project.pytester.path / "karatos.toml").write_text(SETTINGS)
    assert project.run().ret == 0
    assert not project.file.exists()
    assert project.run("--karatos-update-baseline").ret == 0
    assert project.file.exists()


CONFLICT = '{\n"schema": 1,\n"rows": [\n<<<<<<< HEAD\n'


@pytest.mark.parametrize(
    "text", [CONFLICT, "[]", '{"schema": 9, "rows": [], "builds": {}}', "\xff"]
)
def test_what_is_no_baseline_is_told_before_any_test(project: Project, text: str) -> None:
    project.file.write_text(text, encoding="latin-1")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "the baseline " in result.stderr.str() + result.stdout.str()
    assert project.file.read_text(encoding="latin-1") == text


@pytest.mark.timeout(120)
def test_two_runs_at_once_keep_both_their_rows(project: Project) -> None:
    project.rules("lines = 0")
    (project.pytester.path / "conftest.py").write_text(LINES % 7)
    project.tests(BOOTED + BOOTED.replace("boots", "too"))
    argv = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-k")
    runs = [
        project.pytester.popen([*argv, word], stdin=subprocess.DEVNULL) for word in ("boots", "too")
    ]
    said = [one.communicate(timeout=60) for one in runs]
    assert [one.returncode for one in runs] == [0, 0], said
    assert {test for test, _ in project.rows} == {
        "",
        "test_it.py::test_boots",
        "test_it.py::test_too",
    }


def test_a_file_that_cannot_be_written_is_not_green(project: Project) -> None:
    project.file.mkdir()
    assert project.run().ret != 0


def test_a_symbols_file_that_is_broken_costs_no_verdict(project: Project) -> None:
    project.run()
    Path(project.file.with_name("karatos-baseline.symbols.json")).write_bytes(b'[\n["a"]\n\xff\0')
    project.firmware(SAY, ("nop",))
    project.run().assert_outcomes(failed=1)
