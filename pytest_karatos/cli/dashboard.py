"""Write a page about all runs: figures, verdicts, tests that did not always pass, time.

It is one file without a script, made of the history of runs; it opens from a folder and from any
web server, as GitHub Pages. Where REPORTS holds a folder for each run, by its name, with a
report.html in it, the page leads there.
"""

import os
from argparse import ArgumentParser, Namespace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History
from pytest_karatos.settings import load

HELP = "write a page about all runs"
PAGE, REPORT = "index.html", "report.html"
_LAST = 200


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--to", metavar="DIR", default="dashboard", help="where to (dashboard)")
    parser.add_argument("--last", type=int, default=_LAST, metavar="N", help=f"runs ({_LAST})")
    parser.add_argument("--history", metavar="PATH", help="the file of all runs (of the settings)")
    parser.add_argument("--reports", metavar="DIR", help="folders of runs, with their reports")
    parser.add_argument("--title", default="", help="the title (the folder's name)")


def run(options: Namespace, shell: Shell) -> int:
    """Write the page; 0 when that is done.

    :raises BadSetting: where there is no history, or the extra with the templates is missing.
    """
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    path = shell.folder / options.history if options.history else settings.history
    if not path.is_file():
        raise BadSetting(
            f"there is no history of runs at {path}.",
            why="the page is about the runs in it.",
            fix="run pytest with a firmware first, or --import lines that another machine kept",
        )
    history, to = History(path), shell.folder / options.to
    reports = shell.folder / options.reports if options.reports else None
    text = _template().dashboard(
        history.runs(options.last),
        history.series(options.last),
        link_of=partial(_link, reports, to),
        title=options.title or shell.folder.absolute().name,
    )
    to.mkdir(parents=True, exist_ok=True)
    write_whole(to / PAGE, text.encode(errors="replace"))
    shell.say(f"wrote {to / PAGE}")
    return 0


def _template() -> ModuleType:
    try:
        return import_module("pytest_karatos.report.html.dashboard")
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"there is no module '{error.name}'.",
            why="the page is made of a template.",
            fix="pip install 'pytest-karatos[html]'",
        ) from None


def _link(reports: Path | None, to: Path, run: str) -> str:
    """Return the address of a run's report as seen from the page; empty without one."""
    if reports is None or run in {"", ".", ".."} or "/" in run:
        return ""
    report = reports / run / REPORT
    return quote(os.path.relpath(report, to)) if report.is_file() else ""
