"""Machines that are not QEMU's in a whole run: hardware on a port, an emulator of the user's."""

import json

import pytest

from tests.integration.pty_board import pty_board
from tests.plugin.tree import Tree

SERIAL = """
[boards.nucleo]
arch = "arm"
kind = "serial"
port = "%s"
flash = ["sh", "-c", "echo 'boot of the board' > %s; test -s {elf}"]
reset = ["sh", "-c", "echo {port} > %s"]
"""
PARROT = """
import contextlib, os, pty
from pytest_karatos.console import DescriptorSource
from pytest_karatos.emulators.line import line_machine

class Parrot:
    name, in_container = "parrot", False

    def require(self, board, launcher):
        pass

    def version(self, board, launcher):
        return "Parrot 1.0"

    @contextlib.contextmanager
    def boot(self, boot, launcher):
        ours, theirs = pty.openpty()
        said = dict(boot.board.options)["says"] + "\\n"
        with line_machine(
            boot,
            DescriptorSource(ours),
            emulator="Parrot 1.0",
            start=lambda: os.write(theirs, said.encode()),
        ) as machine:
            yield machine
        os.close(theirs)

def pytest_karatos_emulators():
    return Parrot()
"""


def test_hardware_has_the_same_ledger_and_report(tree: Tree) -> None:
    with pty_board(tree.path) as hardware:
        tree.settings(SERIAL % (hardware.port, hardware.flashed, hardware.button))
        tree.tests("""
            def test_green(console):
                console.expect("boot of the board")
            def test_red(console):
                console.expect("never", timeout=0.2)
        """)
        found = tree.run("--karatos-board=nucleo", "--karatos-json=l.json", "--html=r.html")
    found.assert_outcomes(passed=1, failed=1)
    found.stdout.fnmatch_lines(["*NotSeen: Waited for 'never'; it did not come within 0.2 s*"])
    ledger = json.loads((tree.path / "l.json").read_text())
    (boot,) = ledger["tests"][0]["boots"]
    assert boot["board"] == "nucleo"
    assert boot["emulator"] == f"serial port {hardware.port} at 115200 baud"
    assert boot["exit_status"] is None
    assert [line["text"] for line in boot["log"]] == ["boot of the board"]
    assert boot["command"].startswith("sh -c ")
    assert ledger["boards"][0]["verdict"] == "1 failed"
    assert "boot of the board" in (tree.path / "r.html").read_text()


def test_an_emulator_of_the_users_is_found_by_its_kind(tree: Tree) -> None:
    tree.settings('[boards.bird]\narch = "arm"\nkind = "parrot"\noptions.says = "Polly 5"')
    tree.pytester.makeconftest(PARROT)
    tree.tests(r"""
        def test_it(console):
            console.expect(r"Polly (\d)")
            assert console.match[1] == "5"
    """)
    found = tree.run("--karatos-board=bird", "--karatos-json=l.json")
    found.assert_outcomes(passed=1)
    ledger = json.loads((tree.path / "l.json").read_text())
    assert ledger["tests"][0]["boots"][0]["emulator"] == "Parrot 1.0"


@pytest.mark.parametrize(
    ("settings", "conftest", "sentence"),
    [
        ('kind = "parot"', PARROT, "*unknown kind of board 'parot'. Did you mean 'parrot'?*"),
        ('kind = "serial"', "", "*board 'bird' is of kind 'serial' and has no port.*"),
        ('kind = "parrot"\nqemu = []', PARROT, "*has qemu, but only boards of kind 'qemu' do*"),
        ('port = "/dev/x"', "", "*has port, but only boards of kind 'serial' do*"),
        (
            'kind = "x"',
            "def pytest_karatos_emulators(): return 5",
            "*pytest_karatos_emulators of conftest.py returned 5, which has no name*",
        ),
    ],
)
def test_a_kind_that_cannot_be_is_told(
    tree: Tree, settings: str, conftest: str, sentence: str
) -> None:
    tree.settings(f'[boards.bird]\narch = "arm"\n{settings}')
    tree.pytester.makeconftest(conftest)
    tree.tests("def test_it(console): pass")
    found = tree.run("--karatos-board=bird")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines([sentence])
