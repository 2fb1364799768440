"""The list of sabotages does not rot, and those that no test sees are told from the rest."""

from pathlib import Path

import pytest

from pytest_karatos.process import output_of
from sabotage.__main__ import main, row
from sabotage.plan import Rotten, Sabotage, sabotages
from sabotage.trial import Unusable, tried

REPOSITORY = Path(__file__).parents[2]
ALL = sabotages()


@pytest.mark.parametrize("sabotage", ALL, ids=lambda one: one.name)
def test_a_sabotage_fits_the_code(sabotage: Sabotage) -> None:
    text = (REPOSITORY / sabotage.file).read_text()
    assert sabotage.applied(text) != text
    for test in sabotage.tests:
        file, _, function = test.partition("::")
        assert f"def {function}" in (REPOSITORY / file).read_text()


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    names = {one.name for one in ALL}
    assert len(names) == len(ALL) >= 10


CODE = "def fits(value: int, limit: int) -> bool:\n    return value <= limit\n"
TEST = "from code_under import fits\n\n\ndef test_a_limit():\n    assert fits(3, 3)\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "code_under.py").write_text(CODE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(TEST)
    (tmp_path / "conftest.py").write_text("")
    assert output_of(["git", "-C", str(tmp_path), "init", "-q"]).status == 0
    commit(tmp_path)
    return tmp_path


def commit(repository: Path) -> None:
    for words in ("add -A", "-c user.name=x -c user.email=x@localhost commit -qm it"):
        assert output_of(["git", "-C", str(repository), *words.split()]).status == 0


def sabotage(old: str, new: str) -> Sabotage:
    return Sabotage(
        name="one",
        breaks="it is off by one",
        file="code_under.py",
        old=old,
        new=new,
        tests=("tests/test_it.py",),
    )


def test_a_sabotage_that_a_test_sees_is_caught_by_an_older_test(repository: Path) -> None:
    found = tried(sabotage("<=", "<"), repository)
    assert found.red == found.older == ("tests/test_it.py::test_a_limit",)
    assert "1 red" in row(found)
    assert "older than the sabotage: 1 of 1" in row(found)
    assert "<=" in (repository / "code_under.py").read_text()


def test_a_sabotage_that_no_test_sees_has_survived(repository: Path) -> None:
    assert not tried(sabotage("<=", "=="), repository, whole=("tests",)).caught


def test_the_whole_suite_may_see_what_the_tests_named_do_not(repository: Path) -> None:
    (repository / "tests" / "test_more.py").write_text(TEST.replace("(3, 3)", "(2, 3)"))
    commit(repository)
    found = tried(sabotage("<=", "=="), repository, whole=("-n2", "-x", "tests"))
    assert found.red == ("tests/test_more.py::test_a_limit",)
    assert not found.named
    assert "by the whole suite, not by the tests named for it" in row(found)


def test_a_test_that_is_red_anyway_has_seen_nothing(repository: Path) -> None:
    (repository / "tests" / "test_more.py").write_text("def test_no():\n    assert not __file__\n")
    commit(repository)
    with pytest.raises(Unusable, match=r"sabotage 'one': .* red too: tests/test_more\.py::test_no"):
        tried(sabotage("<=", "=="), repository, whole=("tests",))


def test_a_sabotage_that_has_rotted_is_an_error(repository: Path) -> None:
    with pytest.raises(Rotten, match=r"its old text is 0 times in code_under\.py, not once"):
        tried(sabotage(">=", ">"), repository)
    with pytest.raises(Rotten, match="its old text is 2 times"):
        tried(sabotage("value", "limit"), repository)
    with pytest.raises(Rotten, match="leaves no valid Python"):
        tried(sabotage("<=", "<<<"), repository)


def test_tests_that_cannot_be_collected_have_seen_nothing(repository: Path) -> None:
    with pytest.raises(Unusable, match="pytest ended with"):
        tried(sabotage("fits", "suits"), repository)


def test_an_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-one"]) == 2
    assert "no such sabotage: no-such-one; there are forbid-ignored" in capsys.readouterr().out
