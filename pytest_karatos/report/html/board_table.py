"""Sum up each board of a run in a row: tests, flash and RAM against their limits, the verdict."""

from pytest_karatos.report.html.words import SIGNS, size, time
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.outcome import Facts

#: From this share of a limit on, a bar warns.
_NEAR = 0.9
_WHOLE = 100


def board_rows(ledger: Ledger) -> list[Facts]:
    """Return one row a board and profile, those on which nothing ran included."""
    return [_row(row, ledger.firmwares.get(row["firmware"])) for row in ledger.boards()]


def _row(row: Facts, firmware: Facts | None) -> Facts:
    bad = row["failed"] + row["errors"]
    state = "bad" if bad else "good" if row["passed"] else "idle"
    total = row["passed"] + bad + row["skipped"]
    return {
        **{key: row[key] for key in ("board", "arch", "profile", "verdict")},
        "state": state,
        "sign": SIGNS[state],
        "tests": f"{row['passed']} of {total} passed" if total else "none",
        "skipped": f"{row['skipped']} skipped" if row["skipped"] else "",
        "flash": bar(firmware, "flash") if firmware else None,
        "ram": bar(firmware, "ram") if firmware else None,
        "build": _build(firmware) if firmware else "-",
    }


def bar(firmware: Facts, metric: str) -> Facts:
    """Return how much of its budget (else of the board's memory) a firmware takes.

    >>> facts = {"ram_bytes": 1030, "ram_limit": 1024, "ram_room": 65536, "ram_limit_origin": "f:3"}
    >>> found = bar(facts, "ram")
    >>> found["text"], found["of"], found["state"], found["width"]
    ('1,030 B', 'over its budget of 1 KiB by 6 B', 'bad', 100)
    """
    used, limit = firmware[f"{metric}_bytes"], firmware[f"{metric}_limit"]
    room = limit if limit is not None else firmware[f"{metric}_room"]
    what = "budget" if limit is not None else "memory"
    share = used / room if room else 0.0
    state = "bad" if share > 1 else "near" if share > _NEAR else "good"
    return {
        "text": f"{used:,} B",
        "of": _of(used, room, what),
        "state": state,
        "width": min(_WHOLE, max(1, round(share * _WHOLE))) if room else None,
        "origin": str(firmware.get(f"{metric}_limit_origin") or "the board's memory"),
    }


def _of(used: int, room: int, what: str) -> str:
    if not room:
        return "no limit"
    if used > room:
        return f"over its {what} of {size(room)} by {used - room:,} B"
    share = used / room
    percent = f"{share:.0%}" if share >= 1 / _WHOLE or not used else "under 1%"
    return f"{percent} of {size(room)} {what}"


def _build(firmware: Facts) -> str:
    if firmware["builder"] == "prebuilt":
        return "prebuilt"
    return time(firmware["build_seconds"]) if firmware["fresh"] else "from the shelf"
