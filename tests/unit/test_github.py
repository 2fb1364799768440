"""What the step summary shows of a run, and that nothing a firmware prints is markup there."""

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.report import github
from pytest_karatos.report.markdown import code, fence, prose, table
from pytest_karatos.text import printable
from tests.unit.hand_made import HOSTILE, boot, build_facts, failed, ledger, line, record


def short_repr(markdown: str) -> "Page":
    options = Options.CMARK_OPT_UNSAFE  # GitHub lets some HTML through: hold us to not making any
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options))
    return page


class Page(HTMLParser):
    """The tags and the text that a reader's browser gets."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(" ".join([tag, *(name for name, _ in attrs)]))

    def handle_data(self, data: str) -> None:
        self.text += data


# ---- the summary ---------------------------------------------------------------------------------


def test_a_green_run_says_so_and_shows_sizes_against_budgets() -> None:
    text = github.summary(ledger(record("test_a"), record("test_b")))
    assert text.startswith("## ✅ karatos: the run passed: 2 passed on lm3s6965evb in 3.2 s")
    assert (
        "| █████░░░░░ 14,232 of 24,576 B (58 %) | 9,000 B, no budget | 1.2 s | ✅ passed |" in text
    )
    page = short_repr(text)
    assert page.tags.count("table") == 1
    assert "1 built." in page.text


def test_a_red_run_shows_cause_tests_and_console() -> None:
    red = failed("test_a", "Stuck: it idles for ever", boots=[boot("hello", "HardFault at 0x10")])
    text = github.summary(ledger(red, record("test_b")))
    assert text.startswith("## ❌ karatos: the run failed: 1 failed, 1 passed")
    assert "| ❌ 1 failed |" in text
    page = short_repr(text)
    assert "Stuck: it idles for ever" in page.text
    assert "test_a on arm" in page.text
    assert "      2 | HardFault at 0x10" in page.text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (2, "was interrupted"),
        (3, "internal error"),
        (5, "ran no test"),
        (77, "ended with status 77"),
    ],
)
def test_a_run_that_did_not_end_well_is_not_green(status: int, words: str) -> None:
    ended = ledger()
    ended["run"]["exit_status"] = status
    text = github.summary(ended)
    assert text.startswith("## ❌ karatos: the run ")
    assert words in text.splitlines()[0]


def test_a_board_without_firmware_has_a_row() -> None:
    text = github.summary(ledger(failed("test_a", "BuildFailed: x"), firmwares={}))
    assert "| unknown | unknown | not built | ❌ 1 failed |" in text


def test_a_fault_far_above_the_end_is_shown() -> None:
    log = [line(3, "HardFault", mark=True), *(line(number, "idle") for number in range(50, 90))]
    red = failed("test_a", "Forbidden: 'HardFault'", boots=[{**boot(), "log": log}])
    text = github.summary(ledger(red))
    assert ">     3 | HardFault\n[...]\n     74 | idle" in text
    assert "73 | idle" not in text


def test_the_same_failed_build_is_one_cause() -> None:
    first = "BuildFailed: building 'arm debug' failed with exit status 101."
    again = "BuildFailed: building 'arm debug' failed earlier in this run."
    # The one who asked first, and was told at length, may be reported last.
    reds = [
        failed("test_a", again, outcome="error"),
        failed("test_b", first, outcome="error", details="error[E0425]: ..."),
    ]
    other = failed("test_c", "BuildFailed: building 'riscv debug' failed with exit status 1.")
    text = github.summary(ledger(other, *reds))
    assert text.count("\n### ") == 2
    assert "test&#95;a</code> on arm, <code>test&#95;b</code> on arm." in text
    found = github.annotations(ledger(other, *reds))
    assert len(found) == 2
    assert f"::{first}%0Atest_a [arm]%0Atest_b [arm]" in found[0]


def test_more_than_github_takes_is_left_out_with_a_sentence() -> None:
    reds = [
        failed(f"test_{number}", f"cause {'ä' * number}", boots=[boot(*["x" * 199] * 30)])
        for number in range(400)
    ]
    text = github.summary(ledger(*reds))
    assert 900_000 < len(text.encode()) <= github.LIMIT_BYTES
    assert re.search(r"^\d+ more parts do not fit into a step summary", text, re.MULTILINE)
    assert len(github.summary(ledger(*reds), limit_bytes=500).encode()) <= 500


ALLOWED = {
    *("h2", "h3", "p", "code", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "pre lang"),
}


def test_a_silent_console_shows_what_came_out_elsewhere() -> None:
    place = {"name": "stdout.log", "bytes": 20, "lines": ["Hard Fault at 0x41c"]}
    silent = {**boot(), "elsewhere": [place]}
    text = github.summary(ledger(failed("t.py::test_a", "Stuck: silent", boots=[silent])))
    assert "stdout.log | Hard Fault at 0x41c" in text


@given(HOSTILE, HOSTILE)
def test_nothing_hostile_becomes_markup(text: str, other: str) -> None:
    red = failed(text, other, target=other, details=text, boots=[boot(text, other)])
    build = {**build_facts(other), "ok": False, "by": text}
    settings = {"revision": text, "builder": other, "builder_why": "", "source": "."}
    page = short_repr(github.summary(ledger(red, builds=[build], settings=settings)))
    assert set(page.tags) <= ALLOWED
    assert page.tags.count("pre lang") == 1
    assert page.tags.count("table") == 1
    assert page.tags.count("tr") == 2


@given(HOSTILE)
def test_prose_reads_as_it_was_written(text: str) -> None:
    wanted = " ".join(printable(text).split())
    cell = short_repr("\n".join(table(["x"], [[f"b{prose(text)}e"]])))
    assert cell.text.split() == ["x", *f"b{wanted}e".split()]
    assert set(short_repr(f"b{prose(text)}e {code(text)}").tags) == {"p", "code"}


@given(st.lists(HOSTILE.map(lambda text: "1 | " + " ".join(printable(text).split("\n")))))
def test_no_line_ends_its_fence(lines: list[str]) -> None:
    page = short_repr("\n".join([*fence(lines), "", "behind"]))
    assert page.tags == ["pre lang", "code", "p"]
    assert page.text.strip().endswith("behind")


# ---- annotations ---------------------------------------------------------------------------------
