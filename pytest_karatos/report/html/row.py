"""The part of a row in pytest-html's table that opens: why the test failed, what it printed."""

from collections.abc import Iterable

from pytest_karatos.report.html.links import Links, anchor, row_anchor
from pytest_karatos.report.html.log import boot_view, key_lines
from pytest_karatos.report.html.template import render
from pytest_karatos.report.html.words import bounded, figures, verdicts
from pytest_karatos.report.shape import TestRecord

#: Characters of a failure's text, and of each captured text, that the page shows.
FAILURE, CAPTURED = 4_000, 1_500
_SECTIONS = 8


def row_block(
    record: TestRecord | None,
    failure: str,
    sections: Iterable[tuple[str, str]],
    links: Links,
    share: float = 1.0,
) -> str:
    """Return a row's HTML; ``share`` (0 to 1) of the usual text when the page is full of it.

    ``record`` is the ledger's, None for what is not a test (a file that could not be collected).
    """
    boots = record["boots"] if record else []
    return render(
        "row.jinja2",
        failure=bounded(failure, int(FAILURE * share)),
        sections=captured(sections, share),
        place=row_anchor(record["id"]) if record else "",
        anchor=anchor(record["test"]) if record and record["board"] else "",
        key_lines=key_lines(boots),
        boots=[boot_view(boot, links, short_repr=False) for boot in boots],
        figures=figures(record) if record else [],
        verdicts=verdicts(record) if record else [],
    )


def captured(sections: Iterable[tuple[str, str]], share: float = 1.0) -> list[tuple[str, str]]:
    """Bound what a test printed: some sections, some text of each."""
    found = [(bounded(title, 200), text) for title, text in sections if text.strip()]
    limit = int(CAPTURED * share)
    return [(title, bounded(text.rstrip("\n"), limit)) for title, text in found[:_SECTIONS]]


def more_captured(text: str) -> str:
    """Return the HTML of text that pytest-html adds behind the block."""
    return render("text.jinja2", text=bounded(text, CAPTURED), css="k-captured")
