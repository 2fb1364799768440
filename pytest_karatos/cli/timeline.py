"""Draw a boot's schedule: a picture (SVG), and a trace that ui.perfetto.dev opens.

Both are written beside the console's log, or where you say.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting
from pytest_karatos.report import timeline, trace
from pytest_karatos.settings import load

HELP = "draw a boot's schedule: lanes of tasks, and a trace for Perfetto"
_LOG = "console.log"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("boot", metavar="FOLDER", help="a boot's folder, or a console's log")
    parser.add_argument("--svg", metavar="FILE", help="write the picture there")
    parser.add_argument("--trace", metavar="FILE", help="write the trace there")


def run(options: Namespace, shell: Shell) -> int:
    """Write both files and say where they are."""
    given = shell.folder / options.boot
    log = given / _LOG if given.is_dir() else given
    if not log.is_file():
        raise BadSetting(
            f"there is no console's log at {log}.",
            fix="name a boot's folder, as .karatos/latest/tests/NAME, or a log",
        )
    settings = load(root=shell.folder, environ=shell.environ, typed={})
    events = timeline.events_of(log, settings.dialects)
    picture = timeline.drawn(events)
    if not picture:
        raise BadSetting(
            f"no dialect knows a task's line in {log}; tried: "
            f"{', '.join(one.name for one in settings.dialects if not one.tells_of_cases)}.",
            fix="describe how the RTOS talks in [[dialects.NAME]] of karatos.toml",
        )
    _write(shell, options.svg, log.parent / timeline.NAME, picture)
    _write(shell, options.trace, log.parent / trace.NAME, trace.trace(events, log))
    return 0


def _write(shell: Shell, asked: str | None, usual: Path, text: str) -> None:
    file = shell.folder / asked if asked else usual
    file.write_text(text, encoding="utf-8")
    shell.say(f"{file}: {len(text.encode()):,} bytes")
