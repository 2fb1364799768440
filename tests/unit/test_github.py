"""What GitHub shows of a run, and that nothing a firmware prints can act there."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cmarkgfm
import jsonschema
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

import pytest_karatos
from pytest_karatos.report import github
from pytest_karatos.report.annotation import command
from pytest_karatos.report.markdown import code, fence, prose, table
from pytest_karatos.text import printable
from tests.workflow.runner import obeyed

Facts = dict[str, Any]
SCHEMA = json.loads(
    (Path(pytest_karatos.__file__).parent / "resources" / "ledger.schema.json").read_text()
)
#: What would be markup, a link, a mention or a command, and any other text.
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            [
                *("|", "`", "``` ", "<", ">", "[a](b)", "![", "*", "_", "~~", "#", "##[", "::"),
                *("\\", "\n", "\n\n", "- ", "1. ", "http://e.de", "www.e.de", "a@b.de", "@you"),
                *("&amp;", "%0A", "x ", "<script>", "</details>", "<img src=x onerror=y>", ","),
                *("&#60;", "-->", "]]>", "\r", "##[add-mask]x", "::error::x", "::stop-commands::x"),
            ]
        ),
        max_size=30,
    ).map("".join),
)


def line(number: int, text: str, *, mark: bool = False) -> Facts:
    return {"number": number, "seconds": None, "tick": None, "text": text, "mark": mark}


def boot(*texts: str) -> Facts:
    log = [line(number, text) for number, text in enumerate(texts, 1)]
    return {"folder": "", "log": log}


def record(name: str, **more: object) -> Facts:
    target = more.setdefault("target", "arm")
    return {
        "id": f"{name}[{target}]",
        "test": name,
        "board": "lm3s6965evb" if target == "arm" else "virt",
        "arch": target,
        "profile": "debug",
        "outcome": "passed",
        "when": "teardown",
        "seconds": 0.1,
        "worker": "gw0",
        "reruns": 0,
        "firmware": "k1",
        "message": "",
        "details": "",
        "file": "tests/test_a.py",
        "line": 7,
        "boots": [],
        "measurements": [],
        **more,
    }


def failed(name: str, message: str, **more: object) -> Facts:
    return record(name, **{"outcome": "failed", "message": message, **more})


def ledger(*tests: Facts, **more: object) -> Facts:
    bad = sum(test["outcome"] != "passed" for test in tests)
    firmware: Facts = {
        **dict.fromkeys(("key", "builder", "image", "revision", "command", "built_at", "elf"), ""),
        **dict.fromkeys(("flash_limit_origin", "ram_limit_origin"), ""),
        **dict.fromkeys(("flash_room", "ram_room", "reserved_bytes"), 0),
        "board": "lm3s6965evb",
        "arch": "arm",
        "profile": "debug",
        "features": [],
        "flash_bytes": 14232,
        "flash_limit": 24576,
        "ram_bytes": 9000,
        "ram_limit": None,
        "build_seconds": 1.234,
        "fresh": True,
        "toolchain": "rustc 1.85",
    }
    counts = {"passed": len(tests) - bad, "failed": bad, "errors": 0, "skipped": 0}
    row = {"board": "lm3s6965evb", "arch": "arm", "profile": "debug", "firmware": "k1", **counts}
    run = {"id": "1", "started": "2026-01-02T03:04:05Z", "workers": 0, "platform": "Linux"}
    made: Facts = {
        "schema": 1,
        "run": {**run, "exit_status": int(bad > 0), "seconds": 3.21, "versions": {"pytest": "9.2"}},
        "settings": {"source": ".", "builder": "docker", "builder_why": "", "revision": "abc123"},
        "builds": [{"title": "arm debug", "ok": True, "by": "gw0", "seconds": 1.2}],
        "firmwares": {"k1": firmware},
        "boards": [{**row, "verdict": f"{bad} failed" if bad else "passed"}],
        "tests": list(tests),
        **more,
    }
    jsonschema.validate(made, SCHEMA)
    return made


def shown(markdown: str) -> "Page":
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
    page = shown(text)
    assert page.tags.count("table") == 1
    assert "1 built." in page.text


def test_a_red_run_shows_cause_tests_and_console() -> None:
    red = failed("test_a", "Stuck: it idles for ever", boots=[boot("hello", "HardFault at 0x10")])
    text = github.summary(ledger(red, record("test_b")))
    assert text.startswith("## ❌ karatos: the run failed: 1 failed, 1 passed")
    assert "| ❌ 1 failed |" in text
    page = shown(text)
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
    build = {"title": other, "ok": False, "by": text, "seconds": 1}
    settings = {"revision": text, "builder": other, "builder_why": "", "source": "."}
    page = shown(github.summary(ledger(red, builds=[build], settings=settings)))
    assert set(page.tags) <= ALLOWED
    assert page.tags.count("pre lang") == 1
    assert page.tags.count("table") == 1
    assert page.tags.count("tr") == 2


@given(HOSTILE)
def test_prose_reads_as_it_was_written(text: str) -> None:
    wanted = " ".join(printable(text).split())
    cell = shown("\n".join(table(["x"], [[f"b{prose(text)}e"]])))
    assert cell.text.split() == ["x", *f"b{wanted}e".split()]
    assert set(shown(f"b{prose(text)}e {code(text)}").tags) == {"p", "code"}


@given(st.lists(HOSTILE.map(lambda text: "1 | " + " ".join(printable(text).split("\n")))))
def test_no_line_ends_its_fence(lines: list[str]) -> None:
    page = shown("\n".join([*fence(lines), "", "behind"]))
    assert page.tags == ["pre lang", "code", "p"]
    assert page.text.strip().endswith("behind")


# ---- annotations ---------------------------------------------------------------------------------


def test_an_annotation_points_at_the_line() -> None:
    found = github.annotations(ledger(failed("tests/test_a.py::test_a", "Stuck: 100 %")))
    where = "file=tests/test_a.py,line=7,title=tests/test_a.py%3A%3Atest_a on arm"
    assert found == [f"::error {where}::Stuck: 100 %25"]
    (inner,) = github.annotations(ledger(failed("test_a", "x")), folder="firmware")
    assert "file=firmware/tests/test_a.py," in inner


def test_one_line_that_fails_on_two_boards_is_annotated_once() -> None:
    reds = [
        failed("t", f"OverBudget: {size} B", target=arch)
        for size, arch in ((5, "arm"), (6, "riscv"))
    ]
    (found,) = github.annotations(ledger(*reds))
    assert "title=t on arm%2C riscv::OverBudget: 5 B" in found


def test_equal_words_at_other_lines_are_other_causes() -> None:
    reds = [failed("t", "AssertionError: assert False", line=number) for number in (1, 2)]
    assert len(github.annotations(ledger(*reds))) == 2


def test_at_most_ten_and_the_gravest_first() -> None:
    many = [failed(f"t{letter}", f"cause {letter}") for letter in "abcdefghijklm"]
    grave = [failed(f"g{number}", "BuildFailed: building 'arm' failed.") for number in range(9)]
    found = github.annotations(ledger(*many, *grave))
    assert len(found) == 10
    assert "title=g0 on arm and 8 more tests::BuildFailed" in found[0]
    assert "[arm]%0Aand 4 more tests" in found[0]
    assert found[9].startswith("::error title=5 further causes::")
    assert len(github.annotations(ledger(*many[:10]))) == 10


def test_a_crashed_worker_and_a_silent_failure_have_words() -> None:
    crashed = failed("t", "", outcome="crashed", details="a\nworker 'gw0' crashed\n", line=None)
    silent = failed("u", "", file="", line=None)
    found = github.annotations(ledger(crashed, silent))
    assert found[0] == "::error file=tests/test_a.py,title=t on arm::worker 'gw0' crashed"
    assert found[1] == "::error title=u on arm::failed, and nobody said why"
    assert github.annotations(ledger(record("t"))) == []


@given(HOSTILE, HOSTILE)
def test_the_runner_reads_exactly_what_was_meant(text: str, other: str) -> None:
    (found,) = github.annotations(ledger(failed(text, f"c{other}", file=other, target=text)))
    assert "\n" not in found
    assert "\r" not in found
    (read,) = obeyed(found)
    assert read.name == "error"
    assert read.message == printable(f"c{other}").partition("\n")[0].strip()
    assert set(read.properties) <= {"file", "line", "title"}


@given(HOSTILE, HOSTILE)
def test_properties_come_back_as_they_were(text: str, other: str) -> None:
    (read,) = obeyed(command("error", {"title": text, "file": other}, text))
    wanted = {"title": printable(text).strip(), "file": printable(other).strip()}
    read_back = {key: value.strip() for key, value in read.properties.items()}
    assert {"title": "", "file": "", **read_back} == wanted
    assert read.message == printable(text)


# ---- what firmware prints ------------------------------------------------------------------------


@given(HOSTILE)
def test_no_echoed_line_is_a_command(text: str) -> None:
    assert obeyed(f"| {printable(text)}".replace("\n", "\n| ")) == []
    assert obeyed(github.pause("t0ken") + "\n" + text + "\n" + github.resume("t0ken")) == []
