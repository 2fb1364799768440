"""Tell people of a run: on red, on green again, on figures that grew; each in three lines.

LEDGER is what `pytest --karatos-json=FILE` wrote; that there is none is news too. The addresses are
those of apprise (mail, chats, webhooks), in the environment variable APPRISE_URLS: they are secrets
and are never printed. Whatever goes wrong here is said, and changes no verdict: the status is 0.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting
from pytest_karatos.history import History
from pytest_karatos.notify import VARIABLE, addresses, send
from pytest_karatos.report.news import RED, RULES, News, read_told, unknown_end
from pytest_karatos.settings import load

HELP = "tell people of a run that is red, green again, or has grown"
#: Runs before this one that are looked at.
_BEFORE = 50


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("ledger", metavar="LEDGER", help="the file of --karatos-json")
    words = ",".join(RULES)
    parser.add_argument("--on", type=_rules, default=words, metavar="WORDS", help=f"({words})")
    parser.add_argument(
        "--grown-by", type=float, default=0.0, metavar="PERCENT", help="allowed (0)"
    )
    parser.add_argument("--history", metavar="PATH", help="the file of all runs (of the settings)")
    parser.add_argument("--dry-run", action="store_true", help="print the message, send nothing")


def _rules(text: str) -> Sequence[str]:
    words = [one.strip() for one in text.split(",") if one.strip()]
    wrong = [one for one in words if one not in RULES]
    if wrong or not words:
        raise ArgumentTypeError(f"{text!r} is not a list of {', '.join(RULES)}")
    return words


def run(options: Namespace, shell: Shell) -> int:
    """Print the message and send it; always 0, for no message is a verdict."""
    news = _news(options, shell)
    if news is None:
        shell.say(f"no news: nothing of {', '.join(options.on)}")
        return 0
    for line in (news.title, *news.lines):
        shell.say(line)
    to = addresses(shell.environ.get(VARIABLE, ""))
    if options.dry_run:
        return 0
    if not to:
        shell.remark(f"karatos: nobody was told: {VARIABLE} is empty; it takes apprise's addresses")
        return 0
    _send(to, news, shell)
    return 0


def _send(to: Sequence[str], news: News, shell: Shell) -> None:
    try:
        troubles = list(send(to, news.title, news.body))
    except BadSetting as error:
        shell.remark(f"karatos: nobody was told: {error}")
        return
    for one in troubles:
        shell.remark(f"karatos: {one}")
    shell.say(f"told {len(to) - len(troubles)} of {len(to)} addresses")


def _settled(shell: Shell) -> Path:
    return load(root=shell.folder, environ=shell.environ, typed={}).history


def _news(options: Namespace, shell: Shell) -> News | None:
    try:
        path = shell.folder / options.history if options.history else _settled(shell)
        runs = History(path).runs(_BEFORE) if path.is_file() else []
    except BadSetting as error:  # what it cannot say of the runs before is no reason for silence
        shell.remark(f"karatos: of the runs before nothing is known: {error}")
        runs = []
    try:
        told = read_told(shell.folder / options.ledger, runs, grown_by=options.grown_by)
    except BadSetting as error:
        return unknown_end(error) if RED in options.on else None
    return next(filter(None, (RULES[one](told) for one in options.on)), None)
