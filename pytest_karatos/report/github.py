"""Write the ledger for GitHub: a step summary in Markdown (annotations are next door).

Pure functions of :meth:`pytest_karatos.report.ledger.Ledger.as_json`; who calls them knows where
GitHub wants them.
"""

from collections import Counter
from collections.abc import Sequence

from pytest_karatos.report.annotation import annotations, pause, resume
from pytest_karatos.report.cause import BAD, Cause, causes
from pytest_karatos.report.excerpt import TAIL
from pytest_karatos.report.markdown import code, fence, prose, table
from pytest_karatos.report.outcome import Facts
from pytest_karatos.text import fitted, printable

__all__ = ["LIMIT_BYTES", "annotations", "pause", "resume", "summary"]

#: GitHub refuses a step's summary above 1 MiB as a whole, other writers of the step included.
LIMIT_BYTES = 1_000_000
_HEAD = ("board", "arch", "profile", "passed", "failed", "flash", "RAM", "build", "verdict")
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


def summary(ledger: Facts, *, limit_bytes: int = LIMIT_BYTES) -> str:
    """Return Markdown of at most ``limit_bytes`` (UTF-8) that says how the run went.

    What does not fit is left out from the end, and a sentence says so.
    """
    blocks = [
        _headline(ledger),
        "\n".join(table(_HEAD, [_board(row, ledger["firmwares"]) for row in ledger["boards"]])),
        _builds(ledger["builds"]),
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


def _headline(ledger: Facts) -> str:
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


def _board(row: Facts, firmwares: Facts) -> list[str]:
    firmware = firmwares.get(row["firmware"], {})
    bad = row["failed"] + row["errors"]
    sign = "❌ " if bad else "✅ " if row["passed"] else ""
    words = [prose(str(row[key])) for key in ("board", "arch", "profile")]
    sizes = [_size(firmware, metric) for metric in ("flash", "ram")]
    return [*words, str(row["passed"]), str(bad), *sizes, _made(firmware), sign + row["verdict"]]


def _size(firmware: Facts, metric: str) -> str:
    used, limit = firmware.get(f"{metric}_bytes"), firmware.get(f"{metric}_limit")
    if used is None:
        return "unknown"
    if not limit:
        return f"{used:,} B, no budget"
    return f"{bar(used / limit)} {used:,} of {limit:,} B ({100 * used / limit:.0f} %)"


def bar(share: float) -> str:
    """Draw a share of a whole; anything above nothing shows, and only a full bar is full.

    >>> bar(0.001), bar(0.999), bar(1.0), bar(3.0)
    ('█░░░░░░░░░', '█████████░', '██████████', '██████████')
    """
    cells = min(int(share * _BAR_CELLS), _BAR_CELLS)
    cells = max(cells, 1) if share > 0 else 0
    return "█" * cells + "░" * (_BAR_CELLS - cells)


def _made(firmware: Facts) -> str:
    if not firmware:
        return "not built"
    return f"{firmware['build_seconds']:.1f} s" if firmware["fresh"] else "from the shelf"


def _builds(builds: Sequence[Facts]) -> str:
    broken = [code(str(build["title"])) for build in builds if not build["ok"]]
    failed = f", {len(broken)} failed: {_listed(broken)}" if broken else ""
    return f"{len(builds) - len(broken)} built{failed}."


def _origin(ledger: Facts) -> str:
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
            shown = _lines(boot["log"]) or _elsewhere(boot)
            if shown:
                said = f"<details><summary>console of {prose(str(test['board']))}</summary>"
                return ["", said, "", *fence(shown), "", "</details>"]
    return []


def _elsewhere(boot: Facts) -> list[str]:
    """Show what a boot said that said nothing on its console."""
    return [
        f"{place['name']} | {fitted(printable(line))}"
        for place in boot.get("elsewhere") or []
        for line in place["lines"]
    ]


def _lines(log: Sequence[Facts]) -> list[str]:
    """Show the last lines, and above them the fault when it lies further up."""
    start = max(0, len(log) - TAIL)
    fault = [line for line in log[:start] if line["mark"]]
    shown: list[str] = []
    before = 0
    for line in [*fault, *log[start:]]:
        if line["number"] > before + 1:
            shown.append("[...]")
        before = line["number"]
        shown.append(f"{'>' if line['mark'] else ' '} {before:>5}{_time(line)} | {_text(line)}")
    return shown


def _time(line: Facts) -> str:
    return "" if line["seconds"] is None else f" {line['seconds']:9.3f} s"


def _text(line: Facts) -> str:
    return fitted(" ".join(printable(str(line["text"])).split("\n")))
