"""The machine that is started ahead: it is as one that is started in time, or it is not used."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.emulated.tiny_guest import image

_SETTINGS = """
[run]
arch = ["arm"]
[build]
source = "."
builder = "prebuilt"
[build.prebuilt]
arm = "arm.elf"
riscv = "riscv.elf"
"""
_CONFTEST = """
import os, signal
from pathlib import Path
import pytest
from pytest_karatos.emulators.ahead import Ahead

TAKEN, take = [], Ahead.take
Ahead.take = lambda ahead, boot: TAKEN.append(take(ahead, boot)) or TAKEN[-1]

def children():
    threads = Path(f"/proc/{os.getpid()}/task").iterdir()
    found = [one for thread in threads for one in (thread / "children").read_text().split()]
    return [int(one) for one in found if "qemu" in Path(f"/proc/{one}/comm").read_text()]

@pytest.fixture
def waited_for_us(machine):
    return any(TAKEN)

def pytest_runtest_setup():
    TAKEN.clear()
"""
Run = Callable[..., "tuple[pytest.RunResult, list[dict[str, Any]]]"]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    for arch in ("arm", "riscv"):
        image(pytester.path, arch, ("say", b"ready\n"), ("spin",))
    (pytester.path / "karatos.toml").write_text(_SETTINGS)

    def run_tests(text: str, *arguments: str, more: str = "") -> Any:  # noqa: ANN401 - as Run
        pytester.makeconftest(_CONFTEST + more)
        head = "import os, pytest\nfrom conftest import children\n"
        pytester.makepyfile(test_it=head + dedent(text))
        flags = ("-p", "no:cacheprovider", "--karatos-json=l.json", *arguments)
        result = pytester.runpytest_subprocess(*flags)
        ledger = json.loads((pytester.path / "l.json").read_text())
        return result, [boot for test in ledger["tests"] for boot in test["boots"]]

    return run_tests


def test_it_boots_as_if_it_had_been_started_in_time(run: Run) -> None:
    result, boots = run("""
        @pytest.mark.parametrize("number", range(4))
        def test_it(machine, console, waited_for_us, number):
            assert waited_for_us == (number > 0)
            assert len(children()) <= 2
            console.expect("ready")
            machine.pause()
            assert machine.instructions > 0
            machine.resume()
    """)
    result.assert_outcomes(passed=4)
    assert [boot["started"] for boot in boots] == sorted({boot["started"] for boot in boots})
    assert len({" ".join(boot["argv"]) for boot in boots}) == 4
    for number, boot in enumerate(boots):
        folder = Path(boot["folder"])
        assert f"arm-{number}" in folder.name
        files = {path.name: path for path in folder.iterdir()}
        assert {"console.log", "stderr.log", "command.txt"} <= set(files)
        assert files["console.log"].read_bytes() == b"ready\n"
        assert "hub 77" in files["stderr.log"].read_text()


def test_the_guest_does_the_same_to_the_instruction(run: Run) -> None:
    result, _ = run("""
        def test_it(machine, karatos_bench, waited_for_us):
            assert not waited_for_us
        def test_again(machine, karatos_bench, waited_for_us, board):
            assert waited_for_us
            with karatos_bench.boot(board) as other:
                for one in (machine, other):
                    one.console.expect("ready")
                assert other.console.text == machine.console.text
    """)
    result.assert_outcomes(passed=2)


_ARGUMENTS = """
def pytest_karatos_qemu_args(test):
    return ["-append", test.name]
"""


@pytest.mark.parametrize(
    ("second", "more"),
    [
        pytest.param(
            "def test_b(machine, monkeypatch): assert 'test_b' in ' '.join(ARGV(machine))",
            _ARGUMENTS,
            id="arguments",
        ),
        pytest.param(
            "@pytest.mark.karatos(icount='shift=6,sleep=off')\n"
            "def test_b(machine): assert 'shift=6,sleep=off' in ARGV(machine)",
            "",
            id="marker",
        ),
        pytest.param("def test_b(changed, machine): assert b'SEEN=1' in ENVIRON()", "", id="env"),
    ],
)
def test_what_is_not_the_same_is_not_used(run: Run, second: str, more: str) -> None:
    result, _ = run(
        """
from pathlib import Path
ARGV = lambda machine: machine.facts()["argv"]
ENVIRON = lambda: Path(f"/proc/{children()[0]}/environ").read_bytes()
@pytest.fixture
def changed(monkeypatch):
    monkeypatch.setenv("SEEN", "1")
def test_a(console):
    console.expect("ready")
"""
        + second,
        more=more,
    )
    result.assert_outcomes(passed=2)


def test_one_that_died_meanwhile_is_nobodys_failure(run: Run) -> None:
    result, _ = run("""
        import signal
        @pytest.fixture
        def killing():
            for pid in children():
                os.kill(pid, signal.SIGKILL)
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        def test_a(console):
            console.expect("ready")
        def test_b(killing, console, waited_for_us):
            assert not waited_for_us
            console.expect("ready")
    """)
    result.assert_outcomes(passed=2)


def test_one_that_is_not_wanted_is_ended_and_leaves_nothing(
    run: Run, pytester: pytest.Pytester
) -> None:
    result, boots = run("""
        def test_a(console):
            console.expect("ready")
        @pytest.mark.skip
        def test_b(console):
            console.expect("ready")
        def test_c():
            assert children() == []
    """)
    result.assert_outcomes(passed=2, skipped=1)
    (folder,) = {Path(boot["folder"]).parent for boot in boots}
    assert [path.name.partition("-")[0] for path in folder.iterdir()] == ["test_it.py"]
    assert not list(pytester.path.glob(".karatos/run-*/karatos-*"))


def test_a_run_that_stops_early_leaves_nothing(run: Run, pytester: pytest.Pytester) -> None:
    result, boots = run(
        """
        @pytest.fixture
        def broken(machine):
            yield
            raise ValueError
        def test_a(console, broken):
            console.expect("ready")
        def test_b(console):
            console.expect("ready")
    """,
        "-x",
    )
    result.assert_outcomes(passed=1, errors=1)
    assert len(boots) == 1
    (run_folder,) = pytester.path.glob(".karatos/run-*")
    assert len(list((run_folder / "tests").iterdir())) == 1
    assert not list(run_folder.glob("karatos-*"))


def test_after_three_for_nothing_no_more_are_started(run: Run) -> None:
    result, _ = run(
        """
        import time
        @pytest.mark.parametrize("number", range(5))
        def test_it(console, number):
            console.expect("ready")
        @pytest.fixture
        def late(machine):
            yield
            assert len(children()) == 1
        def test_b(late, console):
            console.expect("ready")
        def test_c(console):
            console.expect("ready")
    """,
        more=_ARGUMENTS,
    )
    result.assert_outcomes(passed=7)
