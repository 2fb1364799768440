"""Say what was built from what: what all firmwares share is said once, the rest in a row each."""

from pytest_karatos.report.html.links import Links
from pytest_karatos.report.html.words import time
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.outcome import Facts

_LABELS = ("source revision", "image", "builder", "emulator", "toolchain")
_KEY = 12
_UNKNOWN = "not known"


def provenance(ledger: Ledger, links: Links) -> Facts:
    """Return ``shared`` (label and value), ``columns`` (labels) and ``rows`` of the firmwares."""
    found = [(one, _origins(one, ledger)) for one in ledger.firmwares.values()]
    values = {label: {origins[label] for _, origins in found} for label in _LABELS}
    shared = [label for label in _LABELS if len(values[label]) == 1 and values[label] != {""}]
    columns = [label for label in _LABELS if len(values[label]) > 1]
    return {
        "shared": [(label, *values[label]) for label in shared],
        "columns": columns,
        "rows": [_row(one, [origins[name] for name in columns], links) for one, origins in found],
    }


def _origins(firmware: Facts, ledger: Ledger) -> dict[str, str]:
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


def _row(firmware: Facts, differing: list[str], links: Links) -> Facts:
    return {
        "name": name_of(firmware),
        "key": firmware["key"],
        "short_key": firmware["key"][:_KEY],
        "sizes": f"{firmware['flash_bytes']:,} B flash, {firmware['ram_bytes']:,} B RAM",
        "built_at": str(firmware["built_at"]).replace("T", " ").replace("Z", " UTC"),
        "how": _how(firmware),
        "command": firmware["command"],
        "elf": links.to(firmware["elf"]),
        "differing": differing,
    }


def name_of(firmware: Facts) -> str:
    """Name a firmware as people do.

    >>> name_of({"board": "virt", "profile": "debug", "features": ["panic"]})
    'virt debug +panic'
    """
    return " ".join([firmware["board"], firmware["profile"],
                     *(f"+{one}" for one in firmware["features"])])  # fmt: skip


def _how(firmware: Facts) -> str:
    if firmware["builder"] == "prebuilt":
        return "prebuilt"
    if firmware["fresh"]:
        return f"built in {time(firmware['build_seconds'])}"
    return "taken from the shelf"
