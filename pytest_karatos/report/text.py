"""The summary table on the terminal."""

from collections.abc import Sequence

from pytest_karatos.choices import is_compiled
from pytest_karatos.report.figures import Column, against_limit, columns, largest
from pytest_karatos.report.ledger import Ledger, tests_of
from pytest_karatos.report.shape import BoardFacts, FirmwareFacts
from pytest_karatos.text import aligned, printable

#: So many builds by one cause are worth a word.
_SEVERAL = 2
_BEFORE, _AFTER = ("board", "profile", "tests"), ("build", "verdict")


def table(ledger: Ledger) -> list[str]:
    """Return the summary's lines, a row per board and profile; none when no firmware was used."""
    boards = ledger.boards()
    if not any(row["firmware"] or row["verdict"] != "no test ran" for row in boards):
        return []
    shown = columns(ledger.firmwares.values())
    rows = [_row(row, [ledger.firmwares[key] for key in row["firmwares"]], shown) for row in boards]
    head = [*_BEFORE, *(title for _, title in shown), *_AFTER]
    first = len(_BEFORE)
    lines = aligned([head, *rows], right=range(first, first + len(shown) + 1))
    return [*lines, _counted(ledger) + _cause(ledger), *_unwatched(ledger)]


def _row(
    row: BoardFacts, firmwares: Sequence[FirmwareFacts], shown: Sequence[Column]
) -> tuple[str, ...]:
    return (
        f"{row['board']} ({row['arch']})",
        row["profile"],
        tests_of(row),
        *(_figure(firmwares, name) for name, _ in shown),
        _build(firmwares),
        row["verdict"],
    )


def _figure(firmwares: Sequence[FirmwareFacts], name: str) -> str:
    """Write a figure, of several firmwares the range and whose is the largest."""
    found = largest(firmwares, name)
    if found is None:
        return "-"
    most, whose, least = found
    return f"{least:,} to {against_limit(most)} ({whose})" if whose else against_limit(most)


def _build(firmwares: Sequence[FirmwareFacts]) -> str:
    if not firmwares:
        return "-"
    firmware = max(firmwares, key=lambda one: one["build_seconds"])
    if not is_compiled(firmware["builder"]):
        return "prebuilt"
    return f"{firmware['build_seconds']:.1f} s"


def _counted(ledger: Ledger) -> str:
    """Say where the firmwares came from: ``1 built, 0 cached``, ``0 built, 1 prebuilt``."""
    made = sum(bool(build["ok"]) for build in ledger.builds)
    broken = len(ledger.builds) - made
    compiled = [one for one in ledger.firmwares.values() if is_compiled(one["builder"])]
    prebuilt = len(ledger.firmwares) - len(compiled)
    builds = {one["build"] for one in compiled}
    cached = max(0, len(builds) - made)
    words = [f"{made} built"]
    if broken:
        words.append(f"{broken} failed to build")
    if cached or not prebuilt:
        words.append(f"{cached} cached")
    if prebuilt:
        words.append(f"{prebuilt} prebuilt")
    many = f" ({len(compiled)} binaries)" if len(compiled) > len(builds) else ""
    return ", ".join(words) + many


def _cause(ledger: Ledger) -> str:
    """Name what caused several builds, where it is one file or program: it may be no source."""
    causes = [build["changed"][0] for build in ledger.builds if build["changes"] == 1]
    if len(causes) < _SEVERAL or len(causes) < len(ledger.builds) or len(set(causes)) > 1:
        return ""
    cause = printable(causes[0])
    if cause.startswith("/") or cause == "PATH":
        return f": {cause} changed"
    return f": {cause} changed; exclude it ([build] exclude) if it is no source"


def _unwatched(ledger: Ledger) -> list[str]:
    """Say that tools were judged by name, where nobody could watch what ran."""
    count = sum(not build["watched"] for build in ledger.builds)
    if not count:
        return []
    share = f"{count} of {len(ledger.builds)} builds"
    return [f"tools were judged by name and PATH: {share} could not be watched for what they ran"]
