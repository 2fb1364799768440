"""GitHub's step summary (Markdown) and workflow commands (annotations), made of the ledger.

Pure functions of :meth:`pytest_karatos.report.ledger.Ledger.as_json`; who calls them knows where
GitHub wants them.
"""

from collections import Counter
from collections.abc import Sequence

from pytest_karatos.choices import is_compiled
from pytest_karatos.measurement import amount
from pytest_karatos.report.cause import BAD, Cause, causes
from pytest_karatos.report.excerpt import TAIL
from pytest_karatos.report.figures import Column, columns, largest
from pytest_karatos.report.markdown import code, fence, prose, table
from pytest_karatos.report.shape import (
    BoardFacts,
    BootFacts,
    BuildFacts,
    FirmwareFacts,
    LedgerFacts,
    LineFacts,
    MeasurementFacts,
)
from pytest_karatos.text import fitted, printable

#: GitHub shows no more of one step.
MOST = 10
_ANNOTATED_NAMES = 5
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


def annotations(ledger: LedgerFacts, *, folder: str = "") -> list[str]:
    """Return at most ten lines that annotate the causes of failures, the gravest first.

    ``folder`` is where test files are seen from, relative to the repository's top: GitHub looks
    for a file from there.
    """
    found = causes(ledger["tests"])
    short_repr = found if len(found) <= MOST else found[: MOST - 1]
    lines = [_annotation(cause, folder) for cause in short_repr]
    if len(found) > len(short_repr):
        left = len(found) - len(short_repr)
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
    left = len(names) - _ANNOTATED_NAMES
    more = [f"and {left} more tests"] if left > 0 else []
    return [cause.message[:_MESSAGE], *(names[:_ANNOTATED_NAMES] if len(names) > 1 else ()), *more]


__all__ = ["LIMIT_BYTES", "annotations", "pause", "resume", "summary"]

#: GitHub refuses a step's summary above 1 MiB as a whole, other writers of the step included.
LIMIT_BYTES = 1_000_000
_BEFORE, _AFTER = ("board", "arch", "profile", "passed", "failed"), ("build", "verdict")
_BAR_CELLS = 10
_NAMES = 20
_ENDINGS = {
    0: "passed",
    1: "failed",
    2: "was interrupted",
    3: "broke on an internal error",
    4: "was called wrongly",
    5: "ran no test",
}
_LEFT_OUT = 200


def summary(ledger: LedgerFacts, *, limit_bytes: int = LIMIT_BYTES, red: Sequence[str] = ()) -> str:
    """Return Markdown of at most ``limit_bytes`` (UTF-8) that says how the run went.

    ``red`` is what was wrong beside its tests.

    What does not fit is left out from the end, and a sentence says so.
    """
    blocks = [
        _headline(ledger),
        "\n".join(f"- ❌ {prose(text)}" for text in red),
        _boards(ledger),
        _builds(ledger["builds"]),
        *_warnings(ledger),
        _origin(ledger),
        *(_cause(cause) for cause in causes(ledger["tests"])),
    ]
    return _fitting([block for block in blocks if block], limit_bytes)


def _fitting(blocks: Sequence[str], limit_bytes: int) -> str:
    kept: list[str] = []
    room = limit_bytes - _LEFT_OUT
    for block in blocks:
        room -= len(block.encode()) + 2
        if room < 0:
            break
        kept.append(block)
    left = len(blocks) - len(kept)
    if left:
        kept.append(f"{left} more parts do not fit into a step summary; the report has them all.")
    return "\n\n".join(kept) + "\n\n"


def _headline(ledger: LedgerFacts) -> str:
    status = int(ledger["run"].get("exit_status", 0))
    counts = Counter(str(test["outcome"]) for test in ledger["tests"])
    red = status != 0 or any(counts[outcome] for outcome in BAD)
    words = sorted(counts, key=lambda outcome: (outcome not in BAD, outcome))
    tests = (
        ", ".join(f"{counts[outcome]} {prose(outcome) or 'unfinished'}" for outcome in words)
        or "no test"
    )
    boards = ", ".join(prose(name) for name in sorted({row["board"] for row in ledger["boards"]}))
    ending = _ENDINGS.get(status, f"ended with status {status}")
    seconds = float(ledger["run"].get("seconds", 0.0))
    said = f"the run {ending}: {tests} on {boards or 'no board'} in {seconds:.1f} s"
    return f"## {'❌' if red else '✅'} karatos: {said}"


def _boards(ledger: LedgerFacts) -> str:
    firmwares = ledger["firmwares"]
    shown = columns(firmwares.values())
    head = [*_BEFORE, *(title for _, title in shown), *_AFTER]
    rows = [_board(row, _known(ledger, row["firmwares"]), shown) for row in ledger["boards"]]
    return "\n".join(table(head, rows))


def _known(ledger: LedgerFacts, keys: Sequence[str]) -> list[FirmwareFacts]:
    return [ledger["firmwares"][key] for key in keys if key in ledger["firmwares"]]


def _board(
    row: BoardFacts, firmwares: Sequence[FirmwareFacts], shown: Sequence[Column]
) -> list[str]:
    bad = row["failed"] + row["errors"]
    sign = "❌ " if bad else "✅ " if row["passed"] else ""
    words = [prose(word) for word in (row["board"], row["arch"], row["profile"])]
    figures = [_spanned(firmwares, name) for name, _ in shown]
    made = _made(firmwares[0] if firmwares else None)
    return [*words, str(row["passed"]), str(bad), *figures, made, sign + row["verdict"]]


def _spanned(firmwares: Sequence[FirmwareFacts], name: str) -> str:
    found = largest(firmwares, name)
    if found is None:
        return "unknown"
    most, whose, least = found
    return f"{least:,} to {_figure(most)} ({prose(whose)})" if whose else _figure(most)


def _figure(one: MeasurementFacts) -> str:
    if not one["limit"]:
        return f"{amount(one['value'], one['unit'])}, no budget"
    share = one["value"] / one["limit"]
    most = amount(one["limit"], one["unit"])
    return f"{bar(share)} {one['value']:,} of {most} ({100 * share:.0f} %)"


def bar(share: float) -> str:
    """Draw a share of a whole; anything above nothing shows, and only a full bar is full.

    >>> bar(0.001), bar(0.999), bar(1.0), bar(3.0)
    ('█░░░░░░░░░', '█████████░', '██████████', '██████████')
    """
    cells = min(int(share * _BAR_CELLS), _BAR_CELLS)
    cells = max(cells, 1) if share > 0 else 0
    return "█" * cells + "░" * (_BAR_CELLS - cells)


def _made(firmware: FirmwareFacts | None) -> str:
    if firmware is None:
        return "not built"
    if not is_compiled(firmware["builder"]):
        return "prebuilt"
    return f"{firmware['build_seconds']:.1f} s" if firmware["fresh"] else "cached"


def _builds(builds: Sequence[BuildFacts]) -> str:
    broken = [code(str(build["title"])) for build in builds if not build["ok"]]
    failed = f", {len(broken)} failed: {_listed(broken)}" if broken else ""
    return f"{len(builds) - len(broken)} built{failed}."


def _warnings(ledger: LedgerFacts) -> list[str]:
    texts = (text for one in ledger["firmwares"].values() for text in one["warnings"])
    return [f"⚠️ {prose(text)}" for text in dict.fromkeys(texts)]


def _origin(ledger: LedgerFacts) -> str:
    settings = ledger["settings"]
    toolchains = {one["toolchain"].partition("\n")[0] for one in ledger["firmwares"].values()}
    said = {
        "source revision": settings.get("revision"),
        "builder": settings.get("builder"),
        "toolchain": ", ".join(sorted(toolchains)),
        **ledger["run"].get("versions", {}),
    }
    return " · ".join(f"{prose(key)} {code(str(value))}" for key, value in said.items() if value)


def _cause(cause: Cause) -> str:
    names = [
        code(name) + (f" on {prose(', '.join(targets))}" if targets else "")
        for name, targets in cause.names.items()
    ]
    return "\n".join([f"### {code(cause.message)}", "", f"{_listed(names)}.", *_console(cause)])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _console(cause: Cause) -> list[str]:
    for test in cause.tests:
        for boot in test["boots"][-1:]:
            short_repr = _lines(boot["log"]) or _elsewhere(boot)
            if short_repr:
                said = f"<details><summary>console of {prose(str(test['board']))}</summary>"
                return ["", said, "", *fence(short_repr), "", "</details>"]
    return []


def _elsewhere(boot: BootFacts) -> list[str]:
    """Show what a boot said that said nothing on its console."""
    return [
        f"{place['name']} | {fitted(printable(line))}"
        for place in boot.get("elsewhere") or []
        for line in place["lines"]
    ]


def _lines(log: Sequence[LineFacts]) -> list[str]:
    """Show the last lines, and above them the fault when it lies further up."""
    start = max(0, len(log) - TAIL)
    fault = [line for line in log[:start] if line["mark"]]
    short_repr: list[str] = []
    before = 0
    for line in [*fault, *log[start:]]:
        if line["number"] > before + 1:
            short_repr.append("[...]")
        before = line["number"]
        short_repr.append(
            f"{'>' if line['mark'] else ' '} {before:>5}{_time(line)} | {_text(line)}"
        )
    return short_repr


def _time(line: LineFacts) -> str:
    return "" if line["seconds"] is None else f" {line['seconds']:9.3f} s"


def _text(line: LineFacts) -> str:
    return fitted(" ".join(printable(str(line["text"])).split("\n")))
