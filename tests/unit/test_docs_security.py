"""Each promise of the page on security names a test, and the test is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_of_the_promises_are_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page))
    assert len(named) > 10
    missing = [one for one in named if f"def {one[1]}(" not in (ROOT / one[0]).read_text()]
    assert not missing


def test_each_promise_has_one() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    for table in re.findall(r"^\|.*\| test \|\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE):
        assert all("::test_" in row for row in table.splitlines())
