"""Write workflow commands for GitHub's runner: annotations, and the pause of all other commands.

The runner obeys ``::command::`` at the start of a line, blanks before it ignored, and
``##[command]`` *anywhere* in a line. So what a firmware prints is kept out of its reach twice:
:func:`pytest_karatos.text.printable` breaks ``##[``, and between :func:`pause` and :func:`resume`
the runner obeys nothing.
"""

from pytest_karatos.report.cause import Cause, causes
from pytest_karatos.report.outcome import Facts
from pytest_karatos.text import printable

#: GitHub shows no more of one step.
MOST = 10
_NAMES = 5
_MESSAGE = 1000


def pause(token: str) -> str:
    """Return the line behind which the runner obeys nothing but :func:`resume`.

    ``token`` must be one that no firmware can guess, of letters and digits.

    >>> pause("e2f0")
    '::stop-commands::e2f0'
    """
    return f"::stop-commands::{token}"


def resume(token: str) -> str:
    """Return the line that ends the pause.

    >>> resume("e2f0")
    '::e2f0::'
    """
    return f"::{token}::"


def annotations(ledger: Facts, *, folder: str = "") -> list[str]:
    """Return at most ten lines that annotate the causes of failures, the gravest first.

    ``folder`` is where test files are seen from, relative to the repository's top: GitHub looks
    for a file from there.
    """
    found = causes(ledger["tests"])
    shown = found if len(found) <= MOST else found[: MOST - 1]
    lines = [_annotation(cause, folder) for cause in shown]
    if len(found) > len(shown):
        left = len(found) - len(shown)
        text = "GitHub shows ten annotations a step; the step summary and the report have all."
        lines.append(command("error", {"title": f"{left} further causes"}, text))
    return lines


def command(name: str, properties: dict[str, str], message: str) -> str:
    r"""Return one workflow command, whatever its values hold, in one line.

    >>> command("error", {"file": "a,b.py", "title": ""}, "100 %\n")
    '::error file=a%2Cb.py::100 %25%0A'
    """
    pairs = [f"{key}={_escaped(value, ':,')}" for key, value in properties.items() if value]
    return f"::{name}{' ' if pairs else ''}{','.join(pairs)}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    escaped = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for character in more:
        escaped = escaped.replace(character, f"%{ord(character):02X}")
    return escaped


def _annotation(cause: Cause, folder: str) -> str:
    first = cause.tests[0]
    file = str(first["file"] or "")
    properties = {
        "file": f"{folder}/{file}" if folder and file else file,
        "line": str(first["line"]) if file and first["line"] else "",
        "title": _title(cause),
    }
    return command("error", properties, "\n".join(_message(cause)))


def _title(cause: Cause) -> str:
    names = list(cause.names.items())
    name, targets = names[0]
    where = f" on {', '.join(targets)}" if targets else ""
    more = f" and {len(names) - 1} more tests" if len(names) > 1 else ""
    return f"{name}{where}{more}"


def _message(cause: Cause) -> list[str]:
    names = [f"{name} [{', '.join(targets)}]" for name, targets in cause.names.items()]
    left = len(names) - _NAMES
    more = [f"and {left} more tests"] if left > 0 else []
    return [cause.message[:_MESSAGE], *(names[:_NAMES] if len(names) > 1 else ()), *more]
