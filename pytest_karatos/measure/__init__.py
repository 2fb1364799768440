"""Probes: one file per metric. A new one is a file here and a row in ``measurement.METRICS``.

A figure passes: a probe (``protocol``) takes it, ``budget`` holds it against its limits, and figure
and verdict go to the ledger, whoever took it: a probe, or a hook of the user's.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, cast

from pytest_karatos.measure.protocol import Probe
from pytest_karatos.measurement import METRICS, Measurement, When

#: The probe of each metric, by the metric's name.
PROBES: Mapping[str, Probe[Any]] = {
    one.name: cast("Probe[Any]", import_module(f"{__name__}.{one.name}")) for one in METRICS
}


def take(when: When, subject: object) -> Iterator[Measurement]:
    """Take all metrics that are asked of a subject of this kind."""
    for one in METRICS:
        if one.when is when:
            yield from take_one(one.name, subject)


def take_one(name: str, subject: object) -> Iterator[Measurement]:
    """Take the metric ``name``; nothing where its probe found none."""
    found = PROBES[name].take(subject)
    if found is not None:
        unit = next(one.unit for one in METRICS if one.name == name)
        yield Measurement(
            name=name, value=found.value, unit=unit, room=found.room, room_name=found.room_name
        )
