"""Gather what the ways of building need to know of this process."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_karatos.journal import Journal
from pytest_karatos.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The settings, the environment that builds see, and where progress is told."""

    settings: Settings
    environ: Mapping[str, str]
    journal: Journal
