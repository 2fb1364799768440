"""Write the ledger as a small table for a terminal."""

from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.outcome import Facts
from pytest_karatos.text import aligned

_HEAD = ("board", "profile", "tests", "flash", "RAM", "build", "verdict")
#: The columns of sizes and times.
_FIGURES = range(3, 6)


def table(ledger: Ledger) -> list[str]:
    """Return the summary's lines, a row per board and profile; none when no firmware was used."""
    boards = ledger.boards()
    if not any(row["firmware"] or row["errors"] or row["skipped"] for row in boards):
        return []
    rows = [_row(row, ledger.firmwares.get(row["firmware"])) for row in boards]
    made = [build for build in ledger.builds if build["ok"]]
    return [
        *aligned([_HEAD, *rows], right=_FIGURES),
        f"{len(made)} built, {_broken(ledger)}{_taken(ledger)}",
    ]


def _row(row: Facts, firmware: Facts | None) -> tuple[str, ...]:
    total = sum(row[word] for word in ("passed", "failed", "errors", "skipped"))
    figures = ("-", "-", "-")
    if firmware is not None:
        seconds = firmware["build_seconds"]
        figures = (
            _size(firmware, "flash"),
            _size(firmware, "ram"),
            f"{seconds:.1f} s" if firmware["builder"] != "prebuilt" else "prebuilt",
        )
    tests = f"{row['passed']} of {total} passed" if total else "none"
    return (f"{row['board']} ({row['arch']})", row["profile"], tests, *figures, row["verdict"])


def _size(firmware: Facts, metric: str) -> str:
    """Write bytes, with their limit where one was set: ``7,536 of 16,384 B``.

    >>> _size({"ram_bytes": 1000, "ram_limit": 1024}, "ram")
    '1,000 of 1,024 B'
    """
    limit = firmware[f"{metric}_limit"]
    of = "" if limit is None else f" of {limit:,}"
    return f"{firmware[f'{metric}_bytes']:,}{of} B"


def _broken(ledger: Ledger) -> str:
    broken = sum(not build["ok"] for build in ledger.builds)
    return f"{broken} failed to build, " if broken else ""


def _taken(ledger: Ledger) -> str:
    made = sum(bool(build["ok"]) for build in ledger.builds)
    return f"{max(0, len(ledger.firmwares) - made)} taken from the shelf"
