"""The first steps of somebody new: no test yet, another folder, fixtures asked for late."""

import pytest

from tests.emulated.tiny_guest import image
from tests.unit.test_commands_init import CARGO, plant

LATE = """
import unittest, pytest

def test_asks_late(request):
    request.getfixturevalue("console").expect("boot")

@pytest.fixture
def given(request):
    return request.getfixturevalue("console")

def test_a_step(given):
    given.expect("boot")

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _machine(self, machine):
        self.machine = machine

    def test_it(self):
        self.machine.console.expect("boot")

def test_names_one(board, request):
    request.getfixturevalue("console").expect("boot")
"""


@pytest.fixture
def booted(apart: pytest.Pytester) -> pytest.Pytester:
    """A project with an ELF for each arch."""
    for arch in ("arm", "riscv"):
        image(apart.path, arch, ("say", b"boot\n"), ("idle",))
    elves = '[build]\nbuilder = "prebuilt"\nprebuilt = { arm = "arm.elf", riscv = "riscv.elf" }\n'
    plant(apart.path, {"karatos.toml": elves, "tests/test_late.py": LATE})
    return apart


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_a_firmware_tree_without_tests_is_told_where_to_begin(apart: pytest.Pytester) -> None:
    plant(apart.path, CARGO)
    run(apart).stdout.fnmatch_lines(["karatos: firmware without tests*pytest_karatos init begins."])


def test_settings_without_tests_too(apart: pytest.Pytester) -> None:
    plant(apart.path, {"karatos.toml": "[build]\ncommand = 'make'\n"})
    run(apart).stdout.fnmatch_lines(["karatos: there is no test here; *init writes a first one."])


@pytest.mark.parametrize("name", ["setup.py", "Makefile"])
def test_other_projects_hear_nothing(apart: pytest.Pytester, name: str) -> None:
    plant(apart.path, {name: "all:\n"})
    assert "karatos:" not in run(apart).stdout.str()


def test_nor_does_one_whose_tests_were_left_out_by_hand(apart: pytest.Pytester) -> None:
    plant(apart.path, {**CARGO, "test_x.py": "def test_a(): ..."})
    assert "karatos:" not in run(apart, "-k", "nothing").stdout.str()


@pytest.mark.timeout(90)
def test_settings_are_found_from_a_folder_below(
    booted: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(booted.path / "tests")
    run(booted, "-k", "names_one").assert_outcomes(passed=2, deselected=3)
    assert (booted.path / ".karatos" / "latest").exists()
    assert not (booted.path / "tests" / ".karatos").exists()


@pytest.mark.timeout(90)
def test_who_asks_late_gets_the_only_machine(booted: pytest.Pytester) -> None:
    result = run(booted, "--arch=arm")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["lm3s6965evb (arm)*4 of 4 passed*"])


@pytest.mark.timeout(90)
def test_of_several_machines_nobody_knows_which(booted: pytest.Pytester) -> None:
    result = run(booted)
    result.assert_outcomes(passed=2, failed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "nobody knows which machine this test means; it may be arm, riscv.",
            "*let the test name a fixture itself: def test_x(board)*--arch=arm*",
        ]
    )


@pytest.mark.timeout(90)
def test_a_marker_that_comes_too_late_is_told(booted: pytest.Pytester) -> None:
    test = LATE.replace("def test_asks", '@pytest.mark.karatos(arch="riscv")\ndef test_asks')
    plant(booted.path, {"tests/test_late.py": test})
    result = run(booted, "--arch=arm", "-k", "asks_late")
    result.assert_outcomes(failed=1, deselected=3)
    result.stdout.fnmatch_lines(["*test_asks_late: arch comes too late."])


@pytest.mark.timeout(90)
def test_without_a_home(booted: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("KARATOS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    run(booted, "--arch=arm").assert_outcomes(passed=4)


@pytest.mark.timeout(90)
def test_without_a_home_or_a_name(booted: pytest.Pytester) -> None:
    """In a container one is often a user of whom the system knows nothing but the number."""
    code = (
        "import os, pwd\n"
        "for word in ('HOME', 'KARATOS_CACHE', 'XDG_CACHE_HOME'): os.environ.pop(word, None)\n"
        "pwd.getpwuid = lambda number: {}[number]\n"
        "import pytest; raise SystemExit(pytest.main(['--arch=arm', '-p', 'no:cacheprovider']))\n"
    )
    result = booted.runpython_c(code)
    result.assert_outcomes(passed=4)
    assert (booted.path / ".karatos" / "cache").is_dir()
