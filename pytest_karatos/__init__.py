"""The test loop that Python code has, for firmware: build, boot, listen, judge.

The names below are for annotations in tests and for scripts; they are fetched on first use, so
that a pytest run without firmware pays nothing for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_karatos.bench import Bench
    from pytest_karatos.board import Board
    from pytest_karatos.console import Console
    from pytest_karatos.emulators.protocol import Machine
    from pytest_karatos.firmware import Firmware
    from pytest_karatos.measure.budget import Budgets
    from pytest_karatos.measurement import Measurement
    from pytest_karatos.scheduler import Scheduler, compare

_HOMES = {
    "Bench": "bench",
    "Board": "board",
    "Budgets": "measure.budget",
    "Console": "console",
    "Firmware": "firmware",
    "Machine": "emulators.protocol",
    "Measurement": "measurement",
    "Scheduler": "scheduler",
    "compare": "scheduler",
}

__all__ = [
    "Bench",
    "Board",
    "Budgets",
    "Console",
    "Firmware",
    "Machine",
    "Measurement",
    "Scheduler",
    "compare",
]


def __getattr__(name: str) -> object:
    """Import a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pytest_karatos' has no attribute {name!r}")
    found: object = getattr(import_module(f"pytest_karatos.{_HOMES[name]}"), name)
    return found
