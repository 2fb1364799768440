"""The marker: what is wrong in it is said, and what it varies holds for its test alone."""

import pytest

from tests.plugin.guests import Guests
from tests.plugin.tree import Tree

MARKED = """
import pytest

def test_plain(console):
    console.expect("pass")

@pytest.mark.karatos({words})
def test_marked(console):
    console.expect("pass")
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('arch="amr"', "no board has arch 'amr'. Did you mean 'arm'?"),
        ('board="lm3s6965ebv"', "unknown board 'lm3s6965ebv'. Did you mean 'lm3s6965evb'?"),
        ('profile="relase"', "unknown profile 'relase'. Did you mean 'release'?"),
        ("silense=3", "unknown word 'silense'. Did you mean 'silence'?"),
        ('silence="3"', "silence must be a number of seconds above zero, not '3'."),
        ("timeout=-1", "timeout must be a number of seconds above zero, not -1."),
        ('expect_exit="nevr"', "expect_exit must be an exit status"),
        ("arch=3", "a text or a list of texts is wanted, not 3."),
        ('"arm"', "'arm' has no word."),
    ],
)  # fmt: skip
def test_a_slip_in_the_marker_never_lets_a_test_vanish(tree: Tree, words: str, said: str) -> None:
    tree.tests(MARKED.format(words=words))
    result = tree.run("--arch=arm", "--collect-only")
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    text = result.stdout.str()
    assert f"marker karatos of test_it.py::test_marked: {said}" in text
    assert "Traceback" not in text


def test_what_a_marker_varies_holds_for_its_test_alone_and_builds_nothing(tree: Tree) -> None:
    tree.tests(MARKED.format(words='faults=["boot"]'))
    result = tree.run("--arch=arm")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*FAILED test_it.py::test_marked*"])
    assert tree.builds == ["arm debug"]


def test_a_marker_names_the_line_that_is_the_console(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        from pytest_karatos.errors import MachineEnded

        @pytest.mark.karatos(console="uart1", silence=0.5)
        def test_silent(machine):
            with pytest.raises(MachineEnded, match="No byte came"):
                machine.console.expect("boot")
            assert machine.board.console == "uart1"
        """
    )
    tree.run("--arch=arm").assert_outcomes(passed=1)


NEAREST = """
pytestmark = pytest.mark.karatos(features="echo", timeout=1, settle=0.2)

@pytest.mark.karatos(timeout=2)
class TestOne:
    @pytest.mark.karatos(timeout=3)
    def test_nearest(self, console, machine):
        console.expect("boot")
        watch = machine.board.watch
        assert (watch.timeout_seconds, watch.settle_seconds) == (3, 0.2)

    def test_of_the_class(self, console, machine):
        console.expect("boot")
        assert machine.board.watch.timeout_seconds == 2
"""


def test_the_nearest_mark_counts(guests: Guests) -> None:
    guests.tests(test_it=NEAREST)
    guests.run()[0].assert_outcomes(passed=2)
