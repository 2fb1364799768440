"""Own the serial line: drain it always, keep it byte-exact, let people wait for what it says."""

from pytest_karatos.console.console import Console
from pytest_karatos.console.filter import pump_for
from pytest_karatos.console.life import Life, Unknown
from pytest_karatos.console.line import Line
from pytest_karatos.console.pump import Pump

__all__ = ["Console", "Life", "Line", "Pump", "Unknown", "pump_for"]
