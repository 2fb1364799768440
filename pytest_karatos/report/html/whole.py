"""The whole page where there is no pytest-html beside it: the top, and a row for each test."""

from collections.abc import Iterable, Iterator, Sequence

from markupsafe import Markup

from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.page import page, title
from pytest_karatos.report.html.row import row_block
from pytest_karatos.report.html.template import render
from pytest_karatos.report.html.words import is_bad, outcome, time
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import TestRecord, View

#: Characters of rows that open; behind that each gets a part of its own.
_ROWS = 450_000
_PART = 0.15


def whole_page(ledger: Ledger, links: Links, red: Sequence[str] = ()) -> str:
    """Return the page of ``ledger``; ``red`` says what is wrong beside its tests."""
    return render(
        "whole.jinja2",
        title=title(ledger, red),
        page=Markup(page(ledger, links, red=red)),  # noqa: S704 - escaped by the template that made it
        red=red,
        rows=list(_rows(sorted(ledger.tests, key=lambda one: not is_bad(one)), links)),
    )


def _rows(tests: Iterable[TestRecord], links: Links) -> Iterator[View]:
    written = 0
    for one in tests:
        share = 1.0 if written < _ROWS else _PART
        block = row_block(one, one["details"] or one["message"], (), links, share)
        written += len(block)
        yield {
            **outcome(one["outcome"]),
            "name": one["id"],
            "where": " ".join(filter(None, (one["board"], one["profile"]))),
            "time": time(one["seconds"]),
            "open": is_bad(one),
            "block": Markup(block),  # noqa: S704 - as above
        }
