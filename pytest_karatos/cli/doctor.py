"""Say why it does not work here: each need of a run, whether it is met, and the fix.

Exit status 0 when `pytest` could run here for the chosen boards, 1 when something is
missing. What is optional-missing does not stop a run.
"""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from pytest_karatos.choices import BUILDERS
from pytest_karatos.cli.checks.need import MISSING, OK, Need
from pytest_karatos.cli.checks.survey import survey
from pytest_karatos.cli.shell import Shell
from pytest_karatos.settings import Settings
from pytest_karatos.text import printable

HELP = "say what a run needs, what is missing here, and the command that fixes it"
#: Raised when a reader of the JSON would have to change.
SCHEMA_VERSION = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options: those of a run that change what it needs."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--arch", action="append", metavar="ARCH", help="ask for this arch only, as pytest --arch"
    )
    parser.add_argument(
        "--board", action="append", metavar="NAME", help="ask for this board, by name"
    )
    parser.add_argument("--builder", metavar="WAY", help=str(BUILDERS))
    parser.add_argument("--source", metavar="DIR", help="the firmware tree")


def run(options: Namespace, shell: Shell) -> int:
    """Examine, print, and say in the status whether a run could go."""
    words = ("arch", "board", "builder", "source")
    typed = {word: getattr(options, word) for word in words}
    needs, settings = survey(shell, typed)
    missing = [need for need in needs if need.state == MISSING]
    verdict = _first(missing) if missing else _ready(settings, typed)
    if options.json:
        shell.say(_as_json(needs, verdict, ready=not missing))
    else:
        _print(needs, verdict, shell)
    return 1 if missing else 0


def _as_json(needs: list[Need], verdict: str, *, ready: bool) -> str:
    rows = [asdict(need) for need in needs]
    return json.dumps(
        {"schema": SCHEMA_VERSION, "ready": ready, "verdict": verdict, "needs": rows}, indent=1
    )


def _print(needs: list[Need], verdict: str, shell: Shell) -> None:
    state, name = (max(len(text) for text in column) for column in _columns(needs))
    for need in needs:
        found = printable(need.found).replace("\n", " ")
        plainly = f"  # {need.why.removesuffix('.')}" if need.state == OK else ""
        shell.say(f"{need.state:<{state}}  {need.name:<{name}}  {found}{plainly}")
        if need.state != OK:
            margin = " " * (state + name + 4)
            shell.say(f"{margin}why: {need.why}")
            if need.fix:
                shell.say(f"{margin}fix: {need.fix}")
    shell.say()
    shell.say(verdict)


def _columns(needs: list[Need]) -> tuple[list[str], list[str]]:
    return [need.state for need in needs], [need.name for need in needs]


def _first(missing: list[Need]) -> str:
    """Say what to do first."""
    need = missing[0]
    rest = len(missing) - 1
    more = f" ({rest} more {'is' if rest == 1 else 'are'} missing)" if rest else ""
    fix = f"first: {need.fix}" if need.fix else f"first: see to '{need.name}'"
    return f"not ready: {need.name}{more}; {fix}"


def _ready(settings: Settings, typed: dict[str, list[str] | str | None]) -> str:
    flags = [f"--arch={word}" for word in typed["arch"] or ()]
    flags += [f"--karatos-board={word}" for word in typed["board"] or ()]
    flags += [f"--karatos-{word}={typed[word]}" for word in ("builder", "source") if typed[word]]
    if not flags:
        archs = list(dict.fromkeys(board.arch for board in settings.chosen))
        flags = [f"--arch={archs[0] if len(archs) == 1 else 'all'}"]
    return f"ready: {' '.join(['pytest', *flags])}"
