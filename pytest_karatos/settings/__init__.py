"""Read settings from files, environment and command line into one frozen record."""

from pytest_karatos.settings.keys import TYPED_WORDS
from pytest_karatos.settings.load import load
from pytest_karatos.settings.record import Limits, Settings
from pytest_karatos.settings.request import request
from pytest_karatos.settings.show import explain, schema
from pytest_karatos.settings.watching import rules_for
from pytest_karatos.settings.words import unknown

__all__ = [
    "TYPED_WORDS",
    "Limits",
    "Settings",
    "explain",
    "load",
    "request",
    "rules_for",
    "schema",
    "unknown",
]
