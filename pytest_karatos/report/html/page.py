"""Put the top of the page together: verdict, boards, what was built, tests side by side."""

from pytest_karatos.report.html.board_table import board_rows
from pytest_karatos.report.html.headline import headline
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.matrix import ALLOWANCE, matrix
from pytest_karatos.report.html.provenance import provenance
from pytest_karatos.report.html.template import render, style
from pytest_karatos.report.ledger import Ledger


def page(ledger: Ledger, links: Links, heading: str = "", allowance: int = ALLOWANCE) -> str:
    """Return the HTML that stands above pytest-html's table, with its style sheet.

    ``heading`` is a title of the user's; ``allowance`` bounds the characters of console text.
    """
    return render(
        "page.jinja2",
        style=style(),
        heading=heading,
        headline=headline(ledger),
        boards=board_rows(ledger),
        provenance=provenance(ledger, links),
        matrix=matrix(ledger, links, allowance),
    )


def title(ledger: Ledger) -> str:
    """Return the page's title: the verdict, so that a browser tab says it.

    >>> title(Ledger())
    '○ no test ran'
    """
    told = headline(ledger)
    return f"{told['sign']} {told['text']}"
