"""Turn what a worker holds (a firmware, an ended machine) into plain values for the ledger."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measure.size import flash_regions, ram_regions
from pytest_karatos.report.excerpt import Reading, excerpt

Facts = dict[str, Any]
#: What a boot's facts hold before its ``boot.json`` was read.
_UNKNOWN: Facts = {
    "board": "",
    "bytes": 0,
    "seconds": None,
    "exit_status": None,
    "instructions": None,
    "emulator": "",
    "command": "",
}


def firmware_facts(firmware: Firmware, budgets: Budgets) -> Facts:
    """Describe a firmware: what it is, what it takes (bytes), what it may take, how it was made.

    ``*_limit`` is the budget that counts, None without one; ``*_room`` the board's memory, 0 when
    the board has no such region.
    """
    made = firmware.provenance
    return {
        "key": firmware.key,
        "board": firmware.board.name,
        "arch": firmware.board.arch,
        "profile": firmware.profile,
        "features": list(firmware.features),
        **asdict(firmware.sizes),
        **_limits(firmware, budgets),
        "flash_room": sum(one.size_bytes for one in flash_regions(firmware.board)),
        "ram_room": sum(one.size_bytes for one in ram_regions(firmware.board)),
        "build_seconds": made.seconds,
        "fresh": made.fresh,
        "builder": made.builder,
        "toolchain": made.toolchain,
        "image": made.image,
        "revision": made.source_revision,
        "command": made.command,
        "built_at": made.built_at,
        "elf": str(firmware.elf),
    }


def _limits(firmware: Firmware, budgets: Budgets) -> Facts:
    found: Facts = {}
    for metric in ("flash", "ram"):
        budget = budgets.of(firmware, metric)
        found[f"{metric}_limit"] = budget.limit_bytes if budget else None
        found[f"{metric}_limit_origin"] = budget.origin if budget else ""
    return found


def boot_facts(folder: Path, reading: Reading) -> Facts:
    """Describe an ended boot by the files in its ``folder``: ``boot.json`` and an excerpt.

    ``folder`` is absolute; ``log`` is :func:`pytest_karatos.report.excerpt.excerpt`'s list.
    """
    try:
        told = json.loads((folder / "boot.json").read_text())
    except (OSError, ValueError):
        told = {}
    log = excerpt(folder / "console.log", reading)
    return {**_UNKNOWN, **told, "folder": str(folder.absolute()), "log": log}
