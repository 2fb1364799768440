"""Turn what a worker holds (a firmware, an ended machine) into plain values for the ledger."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from pytest_karatos.console.stamps import read as read_stamps
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measure.size import flash_regions, ram_regions
from pytest_karatos.report.excerpt import Reading, excerpt
from pytest_karatos.report.outcome import Facts
from pytest_karatos.text import tail

#: Lines that are kept of what came out elsewhere than on the console.
_LAST_LINES = 5
#: What of ``boot.json`` the ledger keeps, under its own names.
_OF_BOOT = {"seconds": "wall_seconds", "exit_status": "exit_status", "instructions": "instructions"}


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
    """Describe an ended boot by the files in its ``folder``; what they do not tell is None or "".

    ``folder`` is absolute, ``seconds`` host time since the guest was let go, ``emulator`` QEMU's
    version, ``command`` the boot as people type it; ``log`` is
    :func:`pytest_karatos.report.excerpt.excerpt`'s list, with host times beside the lines.
    """
    told = _told(folder / "boot.json")
    timed = replace(reading, seconds_at=read_stamps(folder).seconds_at)
    qemu = str(told.get("qemu") or "")
    return {
        **{ours: told.get(theirs) for ours, theirs in _OF_BOOT.items()},
        "board": str(told.get("board") or ""),
        "bytes": int(told.get("bytes") or 0),
        "emulator": f"QEMU {qemu}" if qemu else "",
        "command": _command(folder / "command.txt"),
        "folder": str(folder.absolute()),
        "log": excerpt(folder / "console.log", timed),
        "elsewhere": _elsewhere(folder),
    }


def _elsewhere(folder: Path) -> list[Facts]:
    """List what came out, but not on the console: on other UARTs, on QEMU's stdout."""
    found = [*sorted(folder.glob("uart?.log")), folder / "stdout.log"]
    sizes = [(path, path.stat().st_size) for path in found if path.is_file()]
    return [
        {"name": path.name, "bytes": size, "lines": tail(path, _LAST_LINES)}
        for path, size in sizes
        if size
    ]


def _told(path: Path) -> Facts:
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _command(path: Path) -> str:
    """Return the first line that is no comment: the boot on a terminal."""
    try:
        lines = path.read_text(errors="backslashreplace").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line and not line.startswith("#")), "")
