"""How interrupts are turned off, asked for and taken on each architecture: all of it data.

It is in ``interrupts.toml``, by the names of ``archs.toml``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pytest_karatos.debug.archs import Arch, Masked
from pytest_karatos.errors import NotPossible
from pytest_karatos.settings import toml

_FILE = Path(__file__).parents[1] / "resources" / "interrupts.toml"
_REGISTER = 0xF


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """An instruction: a little-endian number of ``size_bytes``, with ``mask`` it is ``value``."""

    size_bytes: int
    mask: int
    value: int

    def fits(self, code: bytes) -> bool:
        """Tell whether ``code`` begins with it."""
        return len(code) >= self.size_bytes and self.number(code) & self.mask == self.value

    def number(self, code: bytes) -> int:
        """Return the instruction that ``code`` begins with, as a number."""
        return int.from_bytes(code[: self.size_bytes], "little")


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """An instruction that writes masks: to fixed numbers (``sets``), or one from a register."""

    code: Code
    sets: Mapping[str, int]
    from_register: str = ""
    keeps: int = 0
    only_raises: bool = False

    def register(self, code: bytes) -> str:
        """Return which register it writes from; empty for none."""
        return f"r{self.code.number(code) & _REGISTER}" if self.from_register else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """An instruction that leaves for code in which interrupts are on, if not ``bits`` are set."""

    code: Code
    stays: Masked

    def stays_with(self, registers: Mapping[str, int]) -> bool:
        """Tell whether it stays, by the registers before it."""
        return self.stays.of(registers) == self.stays.mask


@dataclass(frozen=True, kw_only=True, slots=True)
class Interrupts:
    """The interrupts of an architecture; see the head of ``interrupts.toml`` for each word."""

    registers: tuple[str, ...]
    events: tuple[str, ...]
    taken: str
    exceptions: frozenset[int]
    external_from: int
    names: Mapping[int, str]
    asked: str = ""
    cleared: str = ""
    pending: tuple[str, ...] = ()
    on: tuple[Masked, ...] = ()
    served: Masked | None = None
    writes: tuple[Write, ...] = ()
    unprivileged: str = ""
    conditional: Masked | None = None
    cleared_by_return: str = ""
    leaves: Leave | None = None
    #: The patterns of an event's line, by what it is.
    patterns: Mapping[str, re.Pattern[bytes]] = field(init=False)

    def __post_init__(self) -> None:
        words = {"asked": self.asked, "cleared": self.cleared, "taken": self.taken}
        made = {kind: re.compile(text.encode()) for kind, text in words.items() if text}
        object.__setattr__(self, "patterns", made)

    def name(self, number: int) -> str:
        """Name an interrupt for people.

        >>> from pytest_karatos.debug.archs import archs
        >>> arm = interrupts_of(archs()[0])
        >>> arm.name(15), arm.name(21)
        ('SysTick', 'interrupt 5')
        """
        if number >= self.external_from:
            return f"interrupt {number - self.external_from}"
        return self.names.get(number, f"exception {number}")

    def write_in(self, code: bytes) -> Write | None:
        """Find the write that ``code`` begins with."""
        return next((one for one in self.writes if one.code.fits(code)), None)


def interrupts_of(arch: Arch) -> Interrupts:
    """Return what is known of the interrupts of ``arch``.

    :raises NotPossible: where nothing is.
    """
    found = _all().get(arch.name)
    if found is None:
        raise NotPossible(
            f"how interrupts are turned off on {arch.title} is not described.",
            why=f"described are: {', '.join(_all())}",
        )
    return found


@cache
def _all() -> Mapping[str, Interrupts]:
    tables: Mapping[str, Any] = toml.read(_FILE, _FILE.name).data
    return {name: _interrupts(table) for name, table in tables.items()}


def _interrupts(table: Mapping[str, Any]) -> Interrupts:
    made: dict[str, Any] = {
        "registers": tuple(table["registers"]),
        "events": tuple(table["events"]),
        "exceptions": frozenset(table["exceptions"]),
        "pending": tuple(table.get("pending", ())),
        "on": tuple(Masked(**one) for one in table.get("on", ())),
        "writes": tuple(_write(one) for one in table.get("writes", ())),
        "names": {int(number): name for number, name in table["names"].items()},
    }
    made |= {key: Masked(**table[key]) for key in ("served", "conditional") if key in table}
    if "leaves" in table:
        leave = table["leaves"]
        made["leaves"] = Leave(
            code=_code(leave), stays=Masked(register=leave["register"], mask=leave["bits"])
        )
    return Interrupts(**{**table, **made})


def _code(table: Mapping[str, Any]) -> Code:
    return Code(size_bytes=table["bytes"], mask=table["mask"], value=table["value"])


def _write(table: Mapping[str, Any]) -> Write:
    return Write(
        code=_code(table),
        sets=dict(table.get("sets", {})),
        from_register=table.get("from_register", ""),
        keeps=table.get("keeps", 0),
        only_raises=table.get("only_raises", False),
    )
