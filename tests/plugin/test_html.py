"""The HTML report of real runs, looked at with a real browser."""

from pathlib import Path

import pytest

from tests.emulated.tiny_guest import image
from tests.plugin.browser import dom_of
from tests.plugin.tree import Tree

HTML = ("--html=r.html", "--self-contained-html")
MARK = "document.documentElement.setAttribute('data-hacked','yes')"
ATTACK = f"<script>{MARK}</script><img src=x onerror={MARK}>\"'></pre></script>"
MIXED = """
import os, pytest

def test_good(console):
    console.expect("pass rounds=")

def test_bad(console):
    console.expect("no such words", timeout=5)

@pytest.mark.skip(reason="not today")
def test_later(console): ...

def test_worker_dies(board):
    if board.arch == "arm":
        os._exit(3)
"""


def report(tree: Tree) -> str:
    return (tree.path / "r.html").read_text()


def test_both_boards_are_side_by_side_and_a_dead_worker_has_a_row(tree: Tree) -> None:
    tree.tests(MIXED)
    result = tree.run("--arch=all", "-n2", "--junitxml=j.xml", *HTML)
    result.assert_outcomes(passed=3, failed=3, skipped=2)
    dom = dom_of(tree.path / "r.html")
    assert dom.count('<td class="col-testId">') == 8
    assert '<td class="col-testId">test_it.py::test_worker_dies[arm]</td>' in dom
    assert "crashed while running" in dom
    assert "✗ 2 failed, 1 crashed, 2 skipped, 3 of 8 tests passed" in dom
    assert dom.count('data-column-type="board"') == 1
    assert dom.count('<td class="col-board">virt debug</td>') == 4
    assert dom.count("@50 exit status=0") >= 2
    # JUnit, by pytest's own count: a dead worker is an error there, and not told of twice.
    assert 'errors="1" failures="2" skipped="2" tests="8"' in (tree.path / "j.xml").read_text()


def test_links_lead_to_the_files(tree: Tree) -> None:
    tree.tests("def test_a(console):\n    console.expect('boot')")
    tree.run("--arch=arm", "--html=deep/er/r.html", "--self-contained-html")
    page = tree.path / "deep" / "er" / "r.html"
    links = [part.partition('"')[0] for part in page.read_text().split('href="')[1:]]
    logs = [link for link in links if link.endswith(("console.log", "command.txt", "stderr.log"))]
    assert len(logs) == 3
    assert all((page.parent / link).is_file() for link in logs)


def test_a_failed_build_is_a_row_and_says_the_compilers_words(tree: Tree) -> None:
    tree.tests("def test_a(console): ...")
    (tree.path / "fw" / "broken").write_text("")
    tree.run("--arch=all", *HTML).assert_outcomes(errors=2)
    dom = dom_of(tree.path / "r.html")
    assert dom.count('<td class="col-testId">test_it.py::test_a[') == 2
    top = dom.partition("<h2>Boards")[0]
    assert "error[E0425]: cannot find value" in top.partition("k-headline k-bad")[2]


def test_a_board_whose_tests_all_went_away_has_a_row(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        @pytest.mark.karatos(arch="arm")
        def test_a(board): ...
        """
    )
    tree.run("--arch=all", *HTML).assert_outcomes(passed=1)
    assert "no test ran" in report(tree)


def test_hostile_text_stays_text(tree: Tree, tmp_path: Path) -> None:
    elf = image(tmp_path, "arm", ("say", f"{ATTACK} panicked\n".encode()), ("exit", 0))
    tree.tests(
        f"""
        import pytest
        ATTACK = {ATTACK!r}
        @pytest.fixture
        def loud():
            yield
            print(ATTACK)
        @pytest.mark.parametrize("word", [ATTACK], ids=[ATTACK])
        def test_a(machine, word, loud):
            print(word)
            assert machine.wait(10) == word
        """
    )
    (tree.path / "test_<b>it.py").write_text("raise SystemError('<script>')")
    tree.run("--arch=arm", f"--karatos-elf=arm={elf}", "--continue-on-collection-errors", *HTML)
    dom = dom_of(tree.path / "r.html")
    assert "data-hacked" not in dom.partition(">")[2].partition(">")[0]
    assert '<img src="x"' not in dom
    assert "&lt;img src=x onerror=" in dom
    assert "test_&lt;b&gt;it.py" in dom


def test_the_browser_would_show_an_attack(tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    page.write_text(f"<!DOCTYPE html><html><body>{ATTACK}</body></html>")
    assert 'data-hacked="yes"' in dom_of(page)


def test_what_tests_print_is_bounded(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        @pytest.fixture
        def loud():
            yield
            print("<" * 3_000_000)
        def test_a(board, loud):
            print("&" * 3_000_000)
            assert not board
        """
    )
    tree.run("--arch=arm", "--show-capture=no", *HTML).assert_outcomes(failed=1)
    assert len(report(tree)) < 300_000
    assert report(tree).count("characters left out") == 2


def test_pytest_htmls_own_filter_and_titles_still_work(tree: Tree) -> None:
    tree.tests(MIXED.partition("@pytest")[0])
    (tree.path / "conftest.py").write_text(
        "def pytest_html_report_title(report):\n    report.title = 'Our own'\n"
    )
    tree.run("--arch=arm", *HTML).assert_outcomes(passed=1, failed=1)
    dom = dom_of(tree.path / "r.html", "?visible=failed")
    assert dom.count('<td class="col-testId">') == 1
    assert '<title id="head-title">Our own</title>' in dom
    assert '<p class="k-heading">Our own</p>' in dom


@pytest.mark.parametrize("arguments", [("-p", "no:html"), ("--collect-only", *HTML)])
def test_without_a_page_to_write_nothing_is_written(tree: Tree, *, arguments: list[str]) -> None:
    tree.tests("def test_a(firmware): ...")
    result = tree.run("--arch=arm", *arguments)
    assert result.ret == 0
    assert not (tree.path / "r.html").exists() or "k-page" not in report(tree)
