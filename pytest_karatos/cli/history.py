"""Show how figures went through the runs, and carry them from one machine to another.

Each run of pytest with firmware adds its figures and verdicts to .karatos/history.sqlite. On CI,
where that is new each time, keep the lines of --export as a file, and --import them.
"""

import fnmatch
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History, as_line, of_line
from pytest_karatos.report.history import Series, as_json, as_svg, as_text
from pytest_karatos.settings import load

HELP = "show how figures went through the runs"
FORMATS: Mapping[str, Callable[[Series], str]] = {"text": as_text, "json": as_json, "svg": as_svg}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="names or patterns (all)")
    parser.add_argument("--board", metavar="NAME", help="only of this board or arch")
    parser.add_argument("--last", type=int, default=0, metavar="N", help="runs (all)")
    parser.add_argument("--format", choices=tuple(FORMATS), default="text", help="as what (text)")
    parser.add_argument("--file", metavar="PATH", help="another history than that of the settings")
    carry = parser.add_mutually_exclusive_group()
    carry.add_argument("--export", action="store_true", help="print the runs as JSON lines")
    carry.add_argument("--import", dest="lines", metavar="PATH", help="add the runs of such lines")


def run(options: Namespace, shell: Shell) -> int:
    """Print, export or import; 1 when there is no such figure."""
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    history = History(shell.folder / options.file if options.file else settings.history)
    if options.export:
        for one in history.runs(options.last):
            shell.say(as_line(one))
        return 0
    if options.lines:
        return _import(history, shell.folder / options.lines, shell)
    names = {one.name for one in settings.boards if options.board in (one.name, one.arch)}
    found = {
        key: points
        for key, points in history.series(options.last).items()
        if (not options.board or key[0] in {*names, options.board})
        and (not options.figures or any(fnmatch.fnmatch(key[-1], one) for one in options.figures))
    }
    if not found:
        raise BadSetting(
            f"no run has a figure {' or '.join(options.figures) or 'at all'}.",
            fix="python -m pytest_karatos history, without a name, lists all that there are",
        )
    shell.say(FORMATS[options.format](found))
    return 0


def _import(history: History, path: Path, shell: Shell) -> int:
    with path.open(errors="replace") as file:
        runs = [of_line(line) for line in file if line.strip()]
    added = sum(history.add(one) for one in runs)
    shell.say(f"{added} of {len(runs)} runs added; the others were there")
    return 0
