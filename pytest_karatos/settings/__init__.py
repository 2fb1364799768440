"""Settings from files, environment and command line, as one frozen record.

A value passes the files in this order: ``toml`` or ``overrides`` reads it, ``layers`` checks it
against ``keys`` (each of a kind in ``kinds``), ``load`` merges the layers, ``resolve`` and
``boards`` make the ``record``, and ``render`` fills a board's placeholders for a build or a boot.
"""

from pytest_karatos.settings.baselines import BaselineRules
from pytest_karatos.settings.describe import explain, schema
from pytest_karatos.settings.explore import Explore
from pytest_karatos.settings.firmwares import firmware_named, matching, with_elf
from pytest_karatos.settings.keys import OPTION_WORDS
from pytest_karatos.settings.load import load, packaged
from pytest_karatos.settings.record import CoverageSpec, FirmwareSpec, Limits, Settings, Toolchain
from pytest_karatos.settings.render import request, rules_for
from pytest_karatos.settings.suggest import unknown
from pytest_karatos.settings.vary import TEST_KEYS, Selection, vary

__all__ = [
    "OPTION_WORDS",
    "TEST_KEYS",
    "BaselineRules",
    "CoverageSpec",
    "Explore",
    "FirmwareSpec",
    "Limits",
    "Selection",
    "Settings",
    "Toolchain",
    "explain",
    "firmware_named",
    "load",
    "matching",
    "packaged",
    "request",
    "rules_for",
    "schema",
    "unknown",
    "vary",
    "with_elf",
]
