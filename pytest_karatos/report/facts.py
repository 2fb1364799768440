"""What a worker holds (a firmware, a machine that has ended) as plain values for the ledger."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

from pytest_karatos.console.timestamps import read as read_stamps
from pytest_karatos.emulators.facts import MachineFacts, unknown_boot
from pytest_karatos.emulators.stamps import noted_stamps
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure import take
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.measurement import Measurement, Verdict, When
from pytest_karatos.report import timeline
from pytest_karatos.report.excerpt import Reading, excerpt
from pytest_karatos.report.shape import (
    BootFacts,
    FirmwareFacts,
    MeasurementFacts,
    PlaceFacts,
    VerdictFacts,
)
from pytest_karatos.text import tail

#: Lines that are kept of what came out elsewhere than on the console.
_LAST_LINES = 5


def firmware_facts(
    firmware: Firmware, budgets: Budgets, further: Iterable[Measurement] = ()
) -> FirmwareFacts:
    """Describe a firmware: what it is, what was measured of it, how it was made.

    ``further`` are measurements that were taken of it later, by boots of its own.
    """
    made = firmware.provenance
    measured = (*firmware.measurements, *further)
    return {
        "key": firmware.key,
        "board": firmware.board.name,
        "arch": firmware.board.arch,
        "profile": firmware.profile,
        "name": firmware.name,
        "binary": firmware.binary,
        "build": firmware.build,
        "features": list(firmware.features),
        "measurements": [measurement_facts(one, firmware, budgets) for one in measured],
        "build_seconds": made.seconds,
        "fresh": made.fresh,
        "builder": made.builder,
        "toolchain": made.toolchain,
        "image": made.image,
        "revision": made.source_revision,
        "command": made.command,
        "built_at": made.built_at,
        "elf": str(firmware.elf),
        "warnings": list(firmware.warnings),
    }


def measurement_facts(
    one: Measurement, firmware: Firmware | None = None, budgets: Budgets | None = None
) -> MeasurementFacts:
    """Describe a figure, whoever took it, with the lowest limit that was set."""
    budget = budgets.of(firmware, one.name) if firmware and budgets else None
    limits = [(one.limit, "")] if one.limit is not None else []
    limits += [(budget.limit, budget.origin)] if budget else []
    limit, origin = min(limits, default=(None, ""))
    return {
        "name": one.name,
        "value": one.value,
        "unit": one.unit,
        "limit": limit,
        "limit_origin": origin,
        "room": one.room,
    }


def verdict_facts(verdict: Verdict) -> VerdictFacts:
    """Describe a verdict."""
    one = verdict.measurement
    return {
        "name": one.name,
        "value": one.value,
        "unit": one.unit,
        "limit": verdict.limit,
        "ok": verdict.ok,
        "why": verdict.why,
        "origin": verdict.origin,
    }


def boot_facts(
    told: MachineFacts, measured: Iterable[MeasurementFacts], log: Path, reading: Reading
) -> BootFacts:
    """Describe a boot that is over: what its machine told, and an excerpt of its console's ``log``.

    Lines have host times beside them where ``log`` has its stamps beside it.
    """
    timed = replace(
        reading, seconds_at=read_stamps(log.parent).seconds_at, stamps=noted_stamps(log.parent)
    )
    return {
        **told,
        "measurements": list(measured),
        "log": excerpt(log, timed),
        "elsewhere": _elsewhere(log.parent),
        "timeline": timeline.write(log, reading.dialects, reading.broken),
    }


def boot_of_the_dead(folder: Path, reading: Reading) -> BootFacts:
    """Describe the boot of a worker that died, by the files in its ``folder`` as far as they go."""
    told = _told(folder)
    measured = [measurement_facts(one) for one in take(When.BOOT, told)]
    return boot_facts(told, measured, folder / "console.log", reading)


def _elsewhere(folder: Path) -> list[PlaceFacts]:
    """List what came out, but not on the console: on other UARTs, by semihosting, on stdout."""
    uarts = sorted(folder.glob("uart?.log"))
    found = [*uarts, folder / "semihosting.log", folder / "stdout.log"]
    sizes = [(path, path.stat().st_size) for path in found if path.is_file()]
    return [
        {"name": path.name, "bytes": size, "lines": tail(path, _LAST_LINES)}
        for path, size in sizes
        if size
    ]


def _told(folder: Path) -> MachineFacts:
    blank = unknown_boot(str(folder.absolute()))
    try:
        told = json.loads((folder / "boot.json").read_text())
    except (OSError, ValueError):
        return blank
    known = {key: told[key] for key in blank if key in told} if isinstance(told, dict) else {}
    return cast("MachineFacts", {**blank, **known})
