"""Hold one thing that the RTOS said it did, and the rules (a dialect) by which it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What a line of the console meant.

    ``kind`` is one of ``boot spawn start run sleep wake send recv timer stats pass exit panic
    fault``; ``tick`` is the RTOS's own clock if the line carries it; ``number`` is
    the console line it began on, from 1; ``fields`` is the rest.
    """

    kind: str
    task: str = ""
    tick: int | None = None
    line: str = ""
    number: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Text that matches ``pattern`` is an event of ``kind``; named groups become its fields."""

    kind: str
    pattern: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one RTOS talks: its rules in the order they are tried, all of it data from TOML."""

    name: str
    rules: tuple[Rule, ...]
