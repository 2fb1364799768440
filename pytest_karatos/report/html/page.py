"""The top of the page: verdict, boards, what was built, tests side by side."""

from collections.abc import Sequence

from pytest_karatos.report.explored import strips
from pytest_karatos.report.html.boards import boards_view, provenance
from pytest_karatos.report.html.headline import headline
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.matrix import ALLOWANCE, matrix
from pytest_karatos.report.html.template import render, style
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import View


def page(  # noqa: PLR0913 - what a page is made of
    ledger: Ledger,
    links: Links,
    heading: str = "",
    allowance: int = ALLOWANCE,
    *,
    red: Sequence[str] = (),
    maps: View | None = None,
) -> str:
    """Return the HTML that stands above pytest-html's table, with its style sheet.

    ``heading`` is a title of the user's; ``allowance`` bounds the characters of console text;
    ``red`` is what was wrong beside the tests, ``maps`` are drawings of firmware (see
    ``sizes.size_maps``).
    """
    return render(
        "page.jinja2",
        style=style(),
        heading=heading,
        headline=headline(ledger, red),
        boards=boards_view(ledger),
        warnings=ledger.warnings,
        unjudged=ledger.unjudged,
        provenance=provenance(ledger, links),
        coverage=_coverage(ledger, links),
        maps=maps or {"rows": [], "left": 0},
        explored=strips(ledger.tests),
        matrix=matrix(ledger, links, allowance),
    )


def _coverage(ledger: Ledger, links: Links) -> View:
    rows = [
        {
            "name": one["target"] or "together",
            "percent": f"{100 * one['covered'] / one['lines']:.1f} %" if one["lines"] else "-",
            "lines": f"{one['covered']} of {one['lines']}",
            "functions": f"{one['covered_functions']} of {one['functions']}",
            "branches": f"{one['covered_branches']} of {one['branches']}"
            if one["branches"]
            else "",
        }
        for one in ledger.coverage
    ]
    page = links.to(ledger.coverage[0]["page"]) if ledger.coverage else ""
    return {"rows": rows, "page": page}


def title(ledger: Ledger, red: Sequence[str] = ()) -> str:
    """Return the page's title: the verdict, so that a browser tab says it.

    >>> title(Ledger())
    '○ no test ran'
    """
    told = headline(ledger, red)
    return f"{told['sign']} {told['text']}"
