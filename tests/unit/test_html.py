"""The page is bounded, says what is red and why, and lets no text become markup."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from pytest_karatos.emulators.facts import unknown_boot
from pytest_karatos.report.html.links import Links, anchor
from pytest_karatos.report.html.page import page, title
from pytest_karatos.report.html.row import FAILURE, row_block
from pytest_karatos.report.html.template import style
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import Phase, TargetFacts
from tests.unit.hand_made import figure

Facts = dict[str, Any]
LINKS = Links(folder=Path("/here/reports"))
FIRMWARE: Facts = {
    "key": "k" * 32,
    "board": "virt",
    "arch": "riscv",
    "profile": "debug",
    "features": [],
    "name": "",
    "binary": "",
    "build": "k1",
    "measurements": [
        figure("flash", 15_000, limit=16_384, limit_origin="karatos.toml:3", room=262_144),
        figure("ram", 1_000, room=65_536),
    ],
    "build_seconds": 2.5,
    "fresh": True,
    "builder": "docker",
    "toolchain": "rustc 1.93.0",
    "image": "builder:1",
    "revision": "7a510ba",
    "command": "./build.sh riscv debug",
    "built_at": "2026-11-23T22:06:19Z",
    "elf": "/here/elf/kernel",
}
RISCV = ("riscv", "virt", "debug")
ARM = ("arm", "lm3s6965evb", "debug")


def line(number: int, text: str, *, mark: bool = False) -> Facts:
    stamp = {"instructions": 1_234 * number, "guest_seconds": 0.000039}
    return {"number": number, "seconds": 0.5, **stamp, "tick": 7, "text": text, "mark": mark}


def boot(*log: Facts) -> Facts:
    told = {"exit_status": 101, "bytes": 1234, "emulator": "QEMU 7.2.9", "command": "qemu -M"}
    blank = unknown_boot("/here/.karatos/run/tests/a")
    return {**blank, **told, "measurements": [], "log": list(log), "elsewhere": []}


def phase(test: str, where: tuple[str, str, str] = RISCV, **more: object) -> Facts:
    arch, board, profile = where
    facts = {"id": f"{test}[{arch}]", "test": test, "target": arch, "when": "call"}
    place = {"arch": arch, "board": board, "profile": profile}
    return {**facts, **place, "outcome": "passed", "seconds": 0.1, "firmware": FIRMWARE, **more}


def target(where: tuple[str, str, str]) -> TargetFacts:
    arch, board, profile = where
    return {"arch": arch, "board": board, "profile": profile}


def ledger(*phases: Facts) -> Ledger:
    made = Ledger(run={"exit_status": int(any(one["outcome"] == "failed" for one in phases))})
    for one in phases:
        made.take(cast("Phase", one))
    return made


class Seen(HTMLParser):
    """What a browser makes of the page: elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def having(self, name: str, value: str) -> int:
        return sum(value in (found.get(name) or "").split() for _, found in self.elements)


def seen(*phases: Facts) -> Seen:
    return Seen(page(ledger(*phases), LINKS))


def test_a_silent_console_shows_what_came_out_elsewhere() -> None:
    place = {"name": "stdout.log", "bytes": 1072, "lines": ["Hard Fault at <0x41c>"]}
    silent = {**boot(), "elsewhere": [place]}
    found = seen(phase("test_a", outcome="failed", message="Stuck: silent", boots=[silent]))
    assert "stdout: Hard Fault at <0x41c>" in found.text
    assert "stdout.log has 1,072 bytes" in found.text
    assert found.having("href", "../.karatos/run/tests/a/stdout.log") == 1


def test_the_top_says_what_is_red_and_why() -> None:
    log = boot(line(1, "boot"), line(90, "@7 panic task=high", mark=True))
    bad: Facts = {"outcome": "failed", "message": "Forbidden: a panic", "boots": [log]}
    run = ledger(phase("t.py::test_a", ARM, **bad), phase("t.py::test_a", **bad), phase("t::b"))
    found = Seen(page(run, LINKS))
    assert title(run) == "✗ 2 failed, 1 of 3 tests passed"
    top = found.text.partition("Boards")[0]
    assert top.count("Forbidden: a panic") == top.count("@7 panic task=high") == 1
    assert found.having("href", f"#{anchor('t.py::test_a')}") == 1
    assert found.having("id", anchor("t.py::test_a")) == 1


def test_a_green_and_an_empty_run_say_so() -> None:
    assert title(ledger(phase("a"), phase("b"))) == "✓ all 2 tests passed"
    assert title(Ledger()) == "○ no test ran"
    assert title(Ledger(run={"exit_status": 2})).startswith("✗ the run was interrupted")


def test_a_board_without_a_test_has_a_row() -> None:
    run = ledger(phase("a", ARM, outcome="skipped", firmware=None))
    run.targets = [target(RISCV)]
    text = Seen(page(run, LINKS)).text
    assert "no test ran" in text
    assert "0 of 1 passed (1 skipped)" in " ".join(text.split())


def test_sizes_are_held_against_the_budget_else_the_memory() -> None:
    found = seen(phase("a"))
    assert "92% of 16 KiB budget" in found.text
    assert "2% of 64 KiB memory" in found.text
    widths = [one["style"] for _, one in found.elements if "k-fill" in (one.get("class") or "")]
    assert widths == ["width:92%", "width:2%"]
    assert found.having("class", "k-near") == 1


def test_what_was_built_from_what_is_told() -> None:
    text = seen(phase("a", boots=[boot(line(1, "hello"))])).text
    for fact in ("7a510ba", "rustc 1.93.0", "builder:1", "QEMU 7.2.9", "./build.sh riscv debug"):
        assert fact in text


def test_arm_and_riscv_stand_side_by_side_with_their_logs() -> None:
    arm, riscv = (boot(line(1, f"hello {name}"), line(30, "end")) for name in ("arm", "riscv"))
    found = seen(phase("t::a", ARM, boots=[arm]), phase("t::a", boots=[riscv]), phase("t::b", ARM))
    assert found.having("class", "k-side") == 3
    assert found.text.index("hello arm") < found.text.index("hello riscv")
    assert found.text.count("28 lines left out") == 2
    assert "not run" in found.text
    assert found.having("href", "../.karatos/run/tests/a/console.log") == 2


def test_the_fault_line_is_marked_by_more_than_colour() -> None:
    found = seen(phase("a", outcome="failed", boots=[boot(line(3, "HardFault", mark=True))]))
    assert found.having("class", "k-fault") == 1
    assert "▶ HardFault" in found.text


def test_a_line_has_the_guests_measures_where_a_test_asked() -> None:
    unasked = {**line(2, "other"), "instructions": None, "guest_seconds": None}
    found = seen(phase("a", boots=[boot(line(1, "one"), unasked)]))
    assert "instructions" in found.text
    assert "1,234" in found.text
    assert "0.000039" in found.text
    assert "guest s" not in seen(phase("a", boots=[boot(unasked)])).text


def test_only_red_tests_are_open() -> None:
    found = seen(phase("a"), phase("b", outcome="failed", message="no"))
    matrix = [one for tag, one in found.elements if tag == "details"]
    assert [one.get("class") for one in matrix if "open" in one] == ["k-details", "k-red"]


def test_the_same_failure_can_be_run_again() -> None:
    run = ledger(phase("t.py::a b", outcome="failed"))
    run.targets = [target(RISCV)]
    text = Seen(page(run, LINKS)).text
    assert "pytest --arch=riscv --karatos-profile=debug 't.py::a b[riscv]'" in text


def test_the_page_is_bounded_and_red_logs_come_first() -> None:
    log = boot(*(line(number, "<" * 200) for number in range(40)))
    passing = [phase(f"t::ok{number}", boots=[log]) for number in range(100)]
    run = ledger(*passing, phase("t::red", outcome="failed", boots=[boot(line(1, "red log"))]))
    html = page(run, LINKS)
    assert len(html) < 1_200_000
    assert "red log" in html
    assert "The page has its fill of console text: read console.log." in html


def test_a_silent_console_is_shown() -> None:
    found = seen(phase("a", boots=[boot()]))
    assert "The console stayed silent: not one byte." in found.text


def test_a_row_is_bounded_and_links_to_the_console() -> None:
    run = ledger(phase("t::a", outcome="failed", boots=[boot(line(1, "bad thing", mark=True))]))
    sections = [("Captured stdout call", "x" * 10**6)] * 50
    html = row_block(run.tests[0], "E   no\n" * 10**5, sections, LINKS)
    assert len(html) < FAILURE + 20_000
    assert "characters left out" in html
    assert f'href="#{anchor("t::a")}"' in html
    assert "bad thing" in html


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "</style><script>hacked()</script>",
            '"><img src=x onerror=hacked()>',
            "' onmouseover='hacked()",
            "javascript:hacked()",
            "--><script>hacked()</script><!--",
            "]]><script>{{ 7*7 }}{% raw %}",
            "\x00\x1b]0;x\x07\udcff\ud800\u202e\u200f",
        ]
    ),
)
NEUTRAL = "neutral"


def everywhere(text: str) -> Seen:
    """Put ``text`` wherever a run takes text from outside."""
    words = {key: text for key, value in FIRMWARE.items() if isinstance(value, str)}
    firmware = {**FIRMWARE, **words, "features": [text], "fresh": False}
    where = (text, text, text)
    log = {**boot(line(1, text, mark=True)), "command": text, "folder": f"/{text}", "board": text}
    told = {"message": text, "details": text, "file": text, "line": 3, "worker": text}
    one = phase(text, where, outcome="failed", firmware=firmware, boots=[log], **told)
    crashed = phase(f"{text}2", where, outcome="failed", when="???", firmware=None, **told)
    run = ledger(one, crashed)
    run.targets = [target(where)]
    run.run["id"] = text
    html = page(run, LINKS) + row_block(run.tests[0], text, [(text, text + "x")], LINKS)
    html.encode()  # a page with half a surrogate could not be written
    return Seen(html.replace(style(), ""))


@given(HOSTILE)
@example("auto")
def test_no_text_becomes_markup(text: str) -> None:
    found, harmless = everywhere(text), everywhere(NEUTRAL)
    tags = [tag for tag, _ in found.elements]
    assert set(tags) <= {tag for tag, _ in harmless.elements} | {"p", "span", "div", "pre"}
    for tag, attributes in found.elements:
        assert tag not in {"script", "img"}
        assert not [name for name in attributes if name.startswith("on")]
        assert set(attributes) <= {"class", "style", "href", "id", "title", "open", "colspan"}
        assert ":" not in (attributes.get("href") or "")
