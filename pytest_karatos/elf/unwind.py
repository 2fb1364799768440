"""Call frame information of an ELF (``.debug_frame``, ``.eh_frame``): how to leave a function."""

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elftools.dwarf.callframe import FDE, CFARule, RegisterRule
from elftools.elf.elffile import ELFFile

from pytest_karatos.elf.opened import opened

_SECTIONS = (".debug_frame", ".eh_frame")
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """Where the caller's value of a register is.

    ``kind``: in ``memory`` at the CFA plus ``offset``, in another ``register``, the ``value`` CFA
    plus ``offset`` itself, or ``lost``.
    """

    kind: str
    offset: int = 0
    register: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class UnwindRow:
    """How the caller's registers are found from one instruction on.

    The CFA (the stack pointer before the call) is ``cfa_register`` plus ``cfa_offset``; registers
    by their DWARF numbers; one that is not in ``saved`` has the caller's value still.
    """

    cfa_register: int
    cfa_offset: int
    return_register: int
    saved: Mapping[int, Saved]


@dataclass(frozen=True, slots=True)
class UnwindTable:
    """All of an ELF's call frame information, decoded when it is asked for."""

    _entries: tuple[FDE, ...] = ()
    _starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts = tuple(one.header["initial_location"] for one in self._entries)
        object.__setattr__(self, "_starts", starts)

    def at(self, address: int) -> UnwindRow | None:
        """Return how to leave the function at ``address``; None when nobody wrote it down."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        entry = self._entries[index]
        if address >= self._starts[index] + entry.header["address_range"]:
            return None
        try:
            return _row(entry, address)
        # As in `opened`: pyelftools breaks in many ways on what somebody else has written.
        except Exception:  # noqa: BLE001
            return None


def read_unwind_table(path: Path) -> UnwindTable:
    """Read where there is call frame information in ``path``.

    :raises BadFirmware: when the file cannot be read or is broken.
    """
    with opened(path) as file:
        entries = sorted(_entries(file), key=lambda one: int(one.header["initial_location"]))
        return UnwindTable(tuple(entries))


def _entries(file: ELFFile) -> Iterator[FDE]:
    there = [one for name in _SECTIONS if (one := file.get_section_by_name(name))]
    if not there or sum(one.data_size for one in there) > _MOST_BYTES:
        return
    dwarf = file.get_dwarf_info(relocate_dwarf_sections=False)
    found = dwarf.CFI_entries() if dwarf.has_CFI() else []
    found += dwarf.EH_CFI_entries() if dwarf.has_EH_CFI() else []
    # An address of 0: the linker threw the function away.
    yield from (one for one in found if isinstance(one, FDE) and one.header["initial_location"])


def _row(entry: FDE, address: int) -> UnwindRow | None:
    rows: list[dict[Any, Any]] = [one for one in entry.get_decoded().table if one["pc"] <= address]
    cfa = rows[-1].get("cfa") if rows else None
    if not isinstance(cfa, CFARule) or cfa.reg is None or cfa.offset is None or entry.cie is None:
        return None
    rules = ((key, one) for key, one in rows[-1].items() if isinstance(key, int))
    return UnwindRow(
        cfa_register=cfa.reg,
        cfa_offset=cfa.offset,
        return_register=entry.cie["return_address_register"],
        saved={key: found for key, rule in rules if (found := _saved(rule.type, rule.arg))},
    )


def _saved(kind: str, argument: Any) -> Saved | None:  # noqa: ANN401 - each kind has its own
    match kind:
        case RegisterRule.SAME_VALUE:
            return None
        case RegisterRule.OFFSET:
            return Saved(kind="memory", offset=argument)
        case RegisterRule.VAL_OFFSET:
            return Saved(kind="value", offset=argument)
        case RegisterRule.REGISTER:
            return Saved(kind="register", register=argument)
    return Saved(kind="lost")
