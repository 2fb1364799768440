"""Put the ledgers of several machines together: one page, one JSON, one JUnit, one verdict.

PLACE is a ledger that `pytest --karatos-json=FILE` wrote, or a folder that holds one, as CI keeps
it. Shards must be all there, once each, of one revision: what is missing, twice or from elsewhere
is named, and the exit status is 1 then, as with a failed test.
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History
from pytest_karatos.report import json as json_report
from pytest_karatos.report.coverage import judge
from pytest_karatos.report.github import summary
from pytest_karatos.report.history import row_of
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.junit import junit
from pytest_karatos.report.merge import Merged, Part, merged
from pytest_karatos.report.moved import moved
from pytest_karatos.report.reading import read_ledger
from pytest_karatos.report.text import table
from pytest_karatos.settings import Settings, load

HELP = "make one report of the ledgers of several machines"
JSON, PAGE, JUNIT, COVERAGE = "karatos.json", "report.html", "junit.xml", "coverage"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("places", nargs="+", metavar="PLACE", help="a ledger, or a folder with one")
    parser.add_argument("--to", metavar="DIR", help="where to write it (.karatos/merged)")
    parser.add_argument("--history", metavar="PATH", help="the file of all runs (of the settings)")
    parser.add_argument("--summary", metavar="PATH", help="add Markdown to this file, as on GitHub")


def run(options: Namespace, shell: Shell) -> int:
    """Write the files, say the verdict; 0 when all of it is green."""
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    parts = [_read(shell.folder / place, place) for place in options.places]
    found = merged(parts, allow_none=settings.allow_none)
    to = shell.folder / options.to if options.to else settings.artifacts / "merged"
    to.mkdir(parents=True, exist_ok=True)
    lines, red = _covered(found, parts, settings, to / COVERAGE)
    # Told by the ledger too: who reads that alone must not take it for green.
    found = replace(found, red=(*found.red, *red))
    if found.red and not found.ledger.run["exit_status"]:
        found.ledger.run["exit_status"] = 1
    _write(found, to)
    history = shell.folder / options.history if options.history else settings.history
    if found.ledger.firmwares and not found.red:
        History(history).add(row_of(found.ledger.as_json()))
    if options.summary:
        _add_summary(found, shell.folder / options.summary)
    for line in [*table(found.ledger), *lines, f"report: {to / PAGE}"]:
        shell.say(line)
    for line in found.red:
        shell.say(f"red: {line}")
    return 1 if found.ledger.run["exit_status"] else 0


def _read(path: Path, name: str) -> Part:
    """Read a machine's ledger, with its files where they are now.

    :raises BadSetting: when there is none, or more than one.
    """
    found = [path]
    if path.is_dir():
        found = sorted(one for one in path.glob("*.json") if _is_ledger(one))
    if len(found) != 1:
        raise BadSetting(
            f"there are {len(found)} ledgers in {path}.",
            why="one machine's ledger is wanted, which `pytest --karatos-json=FILE` writes.",
            fix="keep FILE in that folder, or name the file itself",
        )
    return Part(name=name, ledger=moved(read_ledger(found[0]), found[0].parent.absolute()))


def _is_ledger(path: Path) -> bool:
    with suppress(BadSetting):
        return bool(read_ledger(path))
    return False


def _covered(
    found: Merged, parts: Sequence[Part], settings: Settings, folder: Path
) -> tuple[list[str], list[str]]:
    """Sum up what all machines' boots executed, where one of them noted it; lines, and reds."""
    if not any(one.ledger["coverage"] for one in parts):
        return [], []
    places = [Path(one.ledger["settings"].get("source", "/")) for one in parts]
    spec = replace(settings.coverage, roots=(*settings.coverage.roots, *places))
    told = judge.told_of(found.ledger.tests, replace(settings, coverage=spec))
    found.ledger.coverage = judge.facts(told, folder)
    judge.write(told, folder, settings.source, time.time())
    red = [one for one in (judge.refused(told, spec),) if one]
    return list(judge.lines(told)), [*red, *_lost(parts)]


def _lost(parts: Sequence[Part]) -> Iterator[str]:
    """Say of whom it is not known here what was executed: its files are not here."""
    for one in parts:
        boots = [boot for test in one.ledger["tests"] for boot in test["boots"]]
        gone = sum(not Path(boot["folder"]).is_dir() for boot in boots)
        if one.ledger["coverage"] and gone:
            yield (
                f"coverage: what {gone} of the {len(boots)} boots of {one.title} executed is not "
                "here: keep its .karatos folder beside its ledger."
            )


def _write(found: Merged, to: Path) -> None:
    json_report.write(found.ledger, to / JSON)
    write_whole(to / JUNIT, junit(found.ledger.as_json()))
    with suppress(ModuleNotFoundError):
        # Where Jinja is installed, as it is with the extra `html`.
        whole = import_module("pytest_karatos.report.html.whole")
        text = whole.whole_page(found.ledger, Links(folder=to.absolute()), found.red)
        write_whole(to / PAGE, text.encode(errors="replace"))


def _add_summary(found: Merged, path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(summary(found.ledger.as_json(), red=found.red))
