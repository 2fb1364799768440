"""Write the ledger as a small table for a terminal."""

from collections.abc import Sequence

from pytest_karatos.report.ledger import Facts, Ledger

_HEAD = ("board", "profile", "passed", "failed", "flash", "RAM", "build")


def table(ledger: Ledger) -> list[str]:
    """Return the summary's lines; none when no firmware was used."""
    rows = [_row(facts) for facts in ledger.boards()]
    if not rows:
        return []
    made = [build for build in ledger.builds if build["ok"]]
    return [*_aligned([_HEAD, *rows]), f"{len(made)} built, {_broken(ledger)}{_taken(ledger)}"]


def _row(facts: Facts) -> tuple[str, ...]:
    return (
        f"{facts['board']} ({facts['arch']})",
        str(facts["profile"]),
        str(facts["passed"]),
        str(facts["failed"] + facts["other"]),
        f"{facts['flash_bytes']:,} B",
        f"{facts['ram_bytes']:,} B",
        f"{facts['build_seconds']:.1f} s",
    )


def _broken(ledger: Ledger) -> str:
    broken = sum(not build["ok"] for build in ledger.builds)
    return f"{broken} failed to build, " if broken else ""


def _taken(ledger: Ledger) -> str:
    keys = {test["firmware"]["key"] for test in ledger.tests if test.get("firmware")}
    made = sum(bool(build["ok"]) for build in ledger.builds)
    return f"{max(0, len(keys) - made)} taken from the shelf"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    words = 2  # the first columns are words, the rest are figures
    return [
        "  ".join(
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
