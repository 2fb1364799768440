"""The tables of boards (tests, sizes against limits) and of firmware (built from what)."""

from collections.abc import Sequence

from pytest_karatos.choices import is_compiled
from pytest_karatos.measurement import amount
from pytest_karatos.report.figures import Column, columns, largest, named, named_binary
from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.words import SIGNS, size, time
from pytest_karatos.report.ledger import Ledger, tests_of
from pytest_karatos.report.shape import BoardFacts, FirmwareFacts, MeasurementFacts, View

#: From this share of a limit on, a bar warns.
_NEAR = 0.9
_WHOLE = 100


def boards_view(ledger: Ledger) -> View:
    """Return ``heads`` (those of the figures) and ``rows``, one a board and profile."""
    shown = columns(ledger.firmwares.values())
    rows = [
        _row(row, [ledger.firmwares[key] for key in row["firmwares"]], shown)
        for row in ledger.boards()
    ]
    return {"heads": [f"{title[:1].upper()}{title[1:]}" for _, title in shown], "rows": rows}


def _row(row: BoardFacts, firmwares: Sequence[FirmwareFacts], shown: Sequence[Column]) -> View:
    bad = row["failed"] + row["errors"]
    state = "bad" if bad else "good" if row["passed"] else "idle"
    found = [largest(firmwares, name) for name, _ in shown]
    return {
        "board": row["board"],
        "arch": row["arch"],
        "profile": row["profile"],
        "verdict": row["verdict"],
        "state": state,
        "sign": SIGNS[state],
        "tests": tests_of(row),
        "skipped": f"{row['skipped']} skipped" if row["skipped"] else "",
        "figures": [_spanned(*one) if one else None for one in found],
        "build": _build(firmwares[0]) if firmwares else "-",
    }


def _spanned(most: MeasurementFacts, whose: str, least: float) -> View:
    """Return the bar of the largest of several firmwares, with the range and its name."""
    view = bar(most)
    return {**view, "text": f"{least:,} to {view['text']} ({whose})"} if whose else view


def bar(one: MeasurementFacts) -> View:
    """Return how much of its budget (else of the board's memory) a figure takes.

    >>> found = bar({"name": "ram", "value": 1030, "unit": "B", "limit": 1024,
    ...              "limit_origin": "f:3", "room": 65536})
    >>> found["text"], found["of"], found["state"], found["width"]
    ('1,030 B', 'over its budget of 1 KiB by 6 B', 'bad', 100)
    """
    limited = one["limit"] is not None
    room = one["limit"] if one["limit"] is not None else one["room"]
    share = one["value"] / room if room else 0.0
    state = "bad" if share > 1 else "near" if share > _NEAR else "good"
    return {
        "text": amount(one["value"], one["unit"]),
        "of": _of(one, room, "budget" if limited else "memory"),
        "state": state,
        "width": min(_WHOLE, max(1, round(share * _WHOLE))) if room else None,
        "origin": one["limit_origin"] or ("the board's memory" if room else ""),
    }


def _of(one: MeasurementFacts, room: float | None, what: str) -> str:
    if not room:
        return "no limit"
    used, most = one["value"], _most(room, one["unit"])
    if used > room:
        return f"over its {what} of {most} by {amount(used - room, one['unit'])}"
    share = used / room
    percent = f"{share:.0%}" if share >= 1 / _WHOLE or not used else "under 1%"
    return f"{percent} of {most} {what}"


def _most(room: float, unit: str) -> str:
    return size(int(room)) if unit == "B" else amount(room, unit)


def _build(firmware: FirmwareFacts) -> str:
    if not is_compiled(firmware["builder"]):
        return "prebuilt"
    return time(firmware["build_seconds"]) if firmware["fresh"] else "cached"


_LABELS = ("source revision", "image", "builder", "emulator", "toolchain")
_KEY = 12
_UNKNOWN = "not known"


def provenance(ledger: Ledger, links: Links) -> View:
    """Return ``shared`` (label and value), ``columns`` (labels) and ``rows`` of the firmwares."""
    found = [(one, _origins(one, ledger)) for one in ledger.firmwares.values()]
    values = {label: {origins[label] for _, origins in found} for label in _LABELS}
    shared = [label for label in _LABELS if len(values[label]) == 1 and values[label] != {""}]
    columns = [label for label in _LABELS if len(values[label]) > 1]
    return {
        "shared": [(label, *values[label]) for label in shared],
        "columns": columns,
        "rows": [
            _origin_row(one, [origins[name] for name in columns], links) for one, origins in found
        ],
    }


def _origins(firmware: FirmwareFacts, ledger: Ledger) -> dict[str, str]:
    """Return the value of each label, "" for what does not apply."""
    return {
        "source revision": firmware["revision"] or _UNKNOWN,
        "toolchain": firmware["toolchain"] or _UNKNOWN,
        "image": "" if firmware["image"] == firmware["toolchain"] else firmware["image"],
        "builder": firmware["builder"],
        "emulator": _emulator(firmware["key"], ledger) or _UNKNOWN,
    }


def _emulator(key: str, ledger: Ledger) -> str:
    boots = [boot for test in ledger.tests if test["firmware"] == key for boot in test["boots"]]
    return ", ".join(sorted({str(boot["emulator"]) for boot in boots if boot.get("emulator")}))


def _origin_row(firmware: FirmwareFacts, differing: list[str], links: Links) -> View:
    return {
        "name": name_of(firmware),
        "key": firmware["key"],
        "short_key": firmware["key"][:_KEY],
        "figures": ", ".join(named(one) for one in firmware["measurements"]),
        "built_at": str(firmware["built_at"]).replace("T", " ").replace("Z", " UTC"),
        "how": _how(firmware),
        "command": firmware["command"],
        "elf": links.to(firmware["elf"]),
        "differing": differing,
    }


def name_of(firmware: FirmwareFacts) -> str:
    """Name a firmware as people do.

    >>> name_of({"board": "virt", "profile": "debug", "features": ["panic"],
    ...          "name": "examples", "binary": "idle"})
    'virt debug examples/idle +panic'
    """
    own = named_binary(firmware)
    words = [firmware["board"], firmware["profile"], *([own] if own else [])]
    return " ".join([*words, *(f"+{one}" for one in firmware["features"])])


def _how(firmware: FirmwareFacts) -> str:
    if not is_compiled(firmware["builder"]):
        return "prebuilt"
    if firmware["fresh"]:
        return f"built in {time(firmware['build_seconds'])}"
    return "cached"
