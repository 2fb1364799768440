"""The page about all runs: what is on it, and that nothing on it acts."""

import html.parser
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.history import FigureRow, History, RunRow, TestRow
from pytest_karatos.report.html.dashboard import dashboard
from tests.unit.test_commands import asked


def figure(name: str, value: float, test: str = "") -> FigureRow:
    return FigureRow(
        board="virt", profile="debug", firmware="", test=test, name=name, value=value, unit="B"
    )


def outcome_of(name: str, outcome: str = "passed", reruns: int = 0) -> TestRow:
    return TestRow(test=name, target="riscv", outcome=outcome, seconds=0.25, reruns=reruns)


def run(number: int) -> RunRow:
    """Return a run: each fifth fails, each seventh repeats a test, flash grows at the thirtieth."""
    outcome = "passed" if number % 5 else "failed"
    return RunRow(
        id=f"2026-01-01T00:{number:02}:00Z run-{number:02}",
        started=f"2026-01-01T00:{number:02}:00Z",
        seconds=10.0 + number,
        exit_status=0 if number % 5 else 1,
        revision=f"{number:040x}",
        figures=(figure("flash", 14000 + 1024 * (number >= 30)), figure("stack", 500, "t.py::a")),
        tests=(outcome_of("t.py::a", outcome), outcome_of("t.py::b", reruns=int(number % 7 == 0))),
    )


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    history = History(tmp_path / ".karatos" / "history.sqlite")
    for number in range(60):
        history.add(run(number))
    return tmp_path


class Tags(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_sixty_runs_on_one_page(filled: Path) -> None:
    for number in (3, 59):
        folder = filled / "kept" / f"run-{number:02}"
        folder.mkdir(parents=True)
        (folder / "report.html").touch()
    status, said, _ = asked(filled, "dashboard", "--to=site", "--reports=kept", "--title=blinky")
    assert (status, said) == (0, f"wrote {filled / 'site' / 'index.html'}\n")
    page = (filled / "site" / "index.html").read_text()
    assert "60 runs, 48 of them green; the last one is" in page
    assert "14,000 to 15,024 B" in page
    assert ">+1,024</span>" in page
    assert "<td>12 of 60</td>" in page  # t.py::a failed so often, t.py::b never
    assert "<td>0 of 60</td><td>9</td>" in page
    found = Tags(page)
    assert set(found.links) == {"../kept/run-03/report.html", "../kept/run-59/report.html"}
    assert "script" not in found.names
    assert len(page) < 300_000


def test_the_tests_of_the_last_run_that_failed_come_first(filled: Path) -> None:
    last = replace(run(61), exit_status=1, tests=(outcome_of("t.py::late", "failed"),))
    History(filled / ".karatos" / "history.sqlite").add(last)
    asked(filled, "dashboard")
    page = (filled / "dashboard" / "index.html").read_text()
    table = page[page.index("<table>") :]
    assert table.index("t.py::late") < table.index("t.py::a</bdi>")
    assert 'the last one is <b class="d-worse">red</b>' in page


def test_what_a_history_holds_cannot_act(tmp_path: Path) -> None:
    bad = '"><script>alert(1)</script>\u202e'
    row = replace(
        run(1),
        revision=bad,
        id=f"x ../../etc {bad}",
        figures=(figure(bad, 1.0, bad),),
        tests=(outcome_of(bad, "failed"),),
    )
    History(tmp_path / "h.sqlite").add(row)
    series = History(tmp_path / "h.sqlite").series()
    page = dashboard([row], series, link_of=lambda _: bad, title=bad)
    assert "script" not in Tags(page).names
    assert "\u202e" not in page


def test_a_page_is_bounded(tmp_path: Path) -> None:
    many = tuple(figure(f"figure{number}", number) for number in range(1000))
    History(tmp_path / "h.sqlite").add(replace(run(1), figures=many))
    asked(tmp_path, "dashboard", "--history=h.sqlite")
    page = (tmp_path / "dashboard" / "index.html").read_text()
    assert len(re.findall("<figure", page)) == 301
    assert "700 more figures are in the history" in page


def test_without_a_history_it_says_how_to_get_one(tmp_path: Path) -> None:
    status, _, remarks = asked(tmp_path, "dashboard")
    assert status == 2
    assert "there is no history of runs at" in remarks


def test_no_folder_outside_is_linked(filled: Path) -> None:
    (filled / "report.html").touch()
    (filled / "kept").mkdir()
    row = replace(run(2), id="x ..")
    History(filled / "h.sqlite").add(row)
    asked(filled, "dashboard", "--history=h.sqlite", "--reports=kept")
    assert Tags((filled / "dashboard" / "index.html").read_text()).links == []
